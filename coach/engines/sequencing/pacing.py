"""How many sessions a week holds, and on which days the pieces fall, before and after the learner moved some of them."""

import datetime as dt
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from coach.documents.pace import LONGEST_SESSION, Pace
from coach.documents.schedule import ScheduleItem
from coach.engines.sequencing.pieces import Piece, Placed

USUAL_SESSIONS = 4
FEWEST_SESSIONS = 2
# A check this short is taken on the day of what it checks.
LONGEST_SHARING_QUIZ = 35
# Nobody puts work off by two thousand years, and a date that far out can still be spelled.
FURTHEST_DAY = 1_000_000


@dataclass(frozen=True)
class Days:
    """The days that work may fall on, and the minutes that one holds; every day unless a pace says otherwise.

    `anchor` is day 0.
    """

    pace: Pace | None = None
    anchor: dt.date = dt.date.min

    @property
    def minutes(self) -> int:
        return self.pace.session_minutes if self.pace else LONGEST_SESSION

    @property
    def deadline(self) -> int | None:
        """The first day that is too late, if there is one."""
        if not self.pace or not self.pace.ends_on or self.pace.ends_on <= self.anchor:
            return None
        return (self.pace.ends_on - self.anchor).days

    def on_or_after(self, day: int) -> int:
        """The first day for work from `day` on."""
        while self.pace and not self._is_open(self.pace, day):
            day += 1
        return day

    def _is_open(self, pace: Pace, day: int) -> bool:
        if pace.weekdays:
            return (self.anchor.weekday() + day) % 7 in pace.weekdays
        # Days 0, 7/n, 14/n, … rounded down: any seven days in a row hold exactly n of them.
        return day % 7 in {number * 7 // pace.sessions for number in range(pace.sessions)}


EVERY_DAY = Days()


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
        elif is_short_quiz(piece) and result[-1].piece.item_id in piece.prerequisites:
            day = result[-1].day
        else:
            day = result[-1].day + every
        result.append(Placed(day, piece))
    return result


def paced(pieces: Iterable[Piece], days: Days, *, start: int = 0) -> list[Placed]:
    """The pieces in order on `days` from `start` on; pieces that fit into one session together share it."""
    result: list[Placed] = []
    day, left = start - 1, 0
    for piece in pieces:
        if piece.minutes > left:
            day, left = days.on_or_after(day + 1), days.minutes
        left -= piece.minutes
        result.append(Placed(day, piece))
    return result


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


# --- after adjustments ------------------------------------------------------------------------------


def sound(adjustments: Mapping[str, int], *, fixed: Container[str] = ()) -> dict[str, int]:
    """Item id → day of the items that are not `fixed`, with days that a schedule can hold: 0 to FURTHEST_DAY."""
    movable = ((item_id, day) for item_id, day in adjustments.items() if item_id not in fixed)
    return {item_id: min(max(day, 0), FURTHEST_DAY) for item_id, day in movable}


def adjusted(
    placed: Sequence[Placed],
    asked: Mapping[str, int],
    days: Days = EVERY_DAY,
    *,
    taken: Mapping[int, int] = MappingProxyType({}),
) -> list[Placed]:
    """The pieces with the days they get, later and in the same order; `placed` is by day, `asked` maps item ids to days.

    A piece goes to the day it asks for; to the day of the piece before it, where that is later; to the day
    after that, where it is full. So a moved piece pushes everything behind it. Only `days` are used; `taken` maps
    days to the minutes that other work takes.
    """
    result: list[Placed] = []
    day, minutes_left = -1, 0
    for planned, piece in placed:
        wanted = max(planned, asked.get(piece.item_id, 0))
        # A day that other work has filled up is passed over; an empty one takes a piece of any length.
        while wanted > day or piece.minutes > minutes_left:
            day = days.on_or_after(max(wanted, day + 1))
            minutes_left = days.minutes - taken.get(day, 0)
            if day not in taken:
                break
        minutes_left -= piece.minutes
        result.append(Placed(day, piece))
    return result


def granted(placed: Sequence[Placed], asked: Mapping[str, int]) -> dict[str, int]:
    """Item id → the day it got, for the adjusted items there are, in order."""
    return {entry.piece.item_id: entry.day for entry in placed if entry.piece.item_id in asked}
