"""How many sessions a week holds, and on which days the pieces fall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from coach.documents.schedule import Schedule
from coach.engines.sequencing.pieces import Piece, Placed

USUAL_SESSIONS = 4
FEWEST_SESSIONS = 2
# A check this short is taken on the day of what it checks.
LONGEST_SHARING_QUIZ = 35


def sessions_per_week(previous: Schedule | None, adjustments: Mapping[str, int]) -> int:
    """Sessions a week: fewer for a learner who had to move things.

    `adjustments` are all that are stored, also those of items that no longer exist.
    """
    sessions = max(FEWEST_SESSIONS, USUAL_SESSIONS - _fewer_for_moved(previous))
    return max(FEWEST_SESSIONS, sessions - _fewer_for_adjustments(adjustments))


def days_between(sessions: int) -> int:
    """Days from one session to the next; halves go to the even number, so 2 sessions are 4 days apart."""
    return max(1, round(7 / sessions))


def placed(pieces: Iterable[Piece], *, every: int) -> list[Placed]:
    """The pieces in order, one each `every` days; a short quiz shares the day of what it checks."""
    result: list[Placed] = []
    for piece in pieces:
        if not result:
            day = 0
        elif _shares_day(piece, after=result[-1].piece):
            day = result[-1].day
        else:
            day = result[-1].day + every
        result.append(Placed(day, piece))
    return result


def _shares_day(piece: Piece, *, after: Piece) -> bool:
    short = piece.kind == "quiz" and piece.minutes <= LONGEST_SHARING_QUIZ
    return short and after.item_id in piece.prerequisites


def _fewer_for_moved(previous: Schedule | None) -> int:
    moved = sum(item.user_adjusted for item in previous.items) if previous else 0
    if moved >= 4:
        return 2
    return 1 if moved >= 2 else 0


def _fewer_for_adjustments(adjustments: Mapping[str, int]) -> int:
    furthest = max(adjustments.values(), default=0)
    if furthest >= 42:
        return 2
    return 1 if furthest >= 21 or len(adjustments) >= 4 else 0
