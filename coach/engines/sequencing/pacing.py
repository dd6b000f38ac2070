"""How many sessions a week holds, and on which days the pieces fall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from coach.documents.schedule import ScheduleItem
from coach.engines.sequencing.pieces import Piece, Placed

USUAL_SESSIONS = 4
FEWEST_SESSIONS = 2
# A check this short is taken on the day of what it checks.
LONGEST_SHARING_QUIZ = 35


def sessions_per_week(previous: Iterable[ScheduleItem], adjustments: Mapping[str, int]) -> int:
    """Sessions a week: fewer for a learner who had to move things.

    `previous` are the items of the previous schedule; `adjustments` are all that are stored, also those of items that
    no longer exist.
    """
    sessions = max(FEWEST_SESSIONS, USUAL_SESSIONS - _fewer_for_moved(previous))
    return max(FEWEST_SESSIONS, sessions - _fewer_for_adjustments(adjustments))


def days_between(sessions: int) -> int:
    """Days from one session to the next; halves go to the even number, so 2 sessions are 4 days apart."""
    return max(1, round(7 / sessions))


def placed(pieces: Iterable[Piece], *, every: int, start: int = 0) -> list[Placed]:
    """The pieces in order, one each `every` days from `start` on; a short quiz shares the day of what it checks."""
    result: list[Placed] = []
    for piece in pieces:
        if not result:
            day = start
        elif _shares_day(piece, after=result[-1].piece):
            day = result[-1].day
        else:
            day = result[-1].day + every
        result.append(Placed(day, piece))
    return result


def _shares_day(piece: Piece, *, after: Piece) -> bool:
    return is_short_quiz(piece) and after.item_id in piece.prerequisites


def is_short_quiz(piece: Piece) -> bool:
    """Whether a piece is a check that needs no day of its own."""
    return piece.kind == "quiz" and piece.minutes <= LONGEST_SHARING_QUIZ


def _fewer_for_moved(previous: Iterable[ScheduleItem]) -> int:
    moved = sum(item.user_adjusted for item in previous)
    if moved >= 4:
        return 2
    return 1 if moved >= 2 else 0


def _fewer_for_adjustments(adjustments: Mapping[str, int]) -> int:
    furthest = max(adjustments.values(), default=0)
    if furthest >= 42:
        return 2
    return 1 if furthest >= 21 or len(adjustments) >= 4 else 0
