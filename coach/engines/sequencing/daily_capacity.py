"""Where pieces stand after the learner moved some of them: later and in the same order, never earlier."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from coach.engines.sequencing.pacing import EVERY_DAY, Days
from coach.engines.sequencing.pieces import Placed

# Nobody puts work off by two thousand years, and a date that far out can still be spelled.
FURTHEST_DAY = 1_000_000


def sound(adjustments: Mapping[str, int]) -> dict[str, int]:
    """Item id → day, with days that a schedule can hold: 0 to FURTHEST_DAY."""
    return {item_id: min(max(day, 0), FURTHEST_DAY) for item_id, day in adjustments.items()}


def applied(
    placed: Sequence[Placed],
    asked: Mapping[str, int],
    days: Days = EVERY_DAY,
    *,
    taken: Mapping[int, int] = MappingProxyType({}),
) -> list[Placed]:
    """The pieces with the days they get; `placed` is by day, `asked` maps item ids to days.

    A piece goes to the day it asks for; to the day of the piece before it, where that is later; to the day
    after that, where it is full. So a moved piece pushes everything behind it. Only `days` are used; `taken` maps
    days to the minutes that other work takes.
    """
    result: list[Placed] = []
    day, minutes_left = -1, 0
    for planned, piece in placed:
        wanted = max(planned, asked.get(piece.item_id, 0))
        if wanted > day:
            day = days.on_or_after(wanted)
            minutes_left = days.minutes - taken.get(day, 0)
        elif piece.minutes > minutes_left:
            day = days.on_or_after(day + 1)
            minutes_left = days.minutes - taken.get(day, 0)
        while piece.minutes > minutes_left and day in taken:
            day = days.on_or_after(day + 1)
            minutes_left = days.minutes - taken.get(day, 0)
        minutes_left -= piece.minutes
        result.append(Placed(day, piece))
    return result


def granted(placed: Sequence[Placed], asked: Mapping[str, int]) -> dict[str, int]:
    """Item id → the day it got, for the adjusted items there are, in order."""
    return {entry.piece.item_id: entry.day for entry in placed if entry.piece.item_id in asked}
