"""The pieces of work that a module is made of, from lesson to deep dive, each split into sessions."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from coach.documents.curriculum import Module
from coach.documents.pace import LONGEST_SESSION, SHORTEST_SESSION
from coach.documents.schedule import Effort, ItemKind
from coach.engines.sequencing import schedule_texts
from coach.engines.sequencing.module_order import Unit
from coach.engines.sequencing.schedule_texts import Texts

MINUTES_WHERE_UNKNOWN = 45
# No module holds a year of full-time work. A longer one (a slip, or a track over a billion weeks) counts as
# this long, so that one wrong number cannot ask for more sessions than fit into memory.
LONGEST_MODULE = 100_000
DEEP_DIVE_TRACK_WEIGHT = 1.3


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of work without a day; once split, it is one session of 30 to 120 minutes."""

    item_id: str
    kind: ItemKind
    category_key: str
    minutes: int
    effort: Effort
    prerequisites: tuple[str, ...]
    texts: Texts


class Placed(NamedTuple):
    """A piece on a day; days count from the schedule's anchor."""

    day: int
    piece: Piece


def of_units(units: Iterable[Unit], *, goal: str, longest: int = LONGEST_SESSION) -> Iterator[Piece]:
    """The pieces of all modules, in order, each in sessions of at most `longest` minutes.

    The first module carries the milestone. `goal` is the learner's, as stored; lessons quote its beginning.
    """
    for place, unit in enumerate(units):
        yield from _of_unit(unit, goal=goal, with_milestone=place == 0, longest=longest)


def effort_of(minutes: int) -> Effort:
    """How demanding work of that length is."""
    if minutes <= 30:
        return "light"
    return "moderate" if minutes <= 75 else "focus"


class _Kind(NamedTuple):
    """A piece of a module: how its id begins, its minutes, given the module's, and its effort, given its minutes."""

    prefix: str
    kind: ItemKind
    minutes: Callable[[int], int]
    effort: Callable[[int], Effort] = effort_of


_KINDS = {
    "lesson": _Kind("lesson", "lesson", lambda m: m),
    "check": _Kind(
        "quiz", "quiz", lambda m: max(20, math.ceil(0.4 * m)), lambda m: "light" if m <= 25 else "moderate"
    ),
    "milestone": _Kind("milestone", "milestone", lambda m: 90 if m < 90 else m + 30, lambda m: "focus"),
    "practice": _Kind("reinforce", "lesson", lambda m: max(45, math.ceil(0.6 * m))),
    "deep_dive": _Kind("deepdive", "lesson", lambda m: max(60, math.ceil(0.75 * m))),
}


def _of_unit(unit: Unit, *, goal: str, with_milestone: bool, longest: int) -> list[Piece]:
    def made(name: str, *after: list[Piece]) -> list[Piece]:
        lesson_of = unit.module if name == "lesson" else None
        return _split(_piece(name, unit, goal=goal, after=after), longest, lesson_of=lesson_of)

    lesson = made("lesson")
    check = made("check", lesson)
    milestone = made("milestone", lesson, check) if with_milestone else []
    practice = made("practice", check)
    deep_dive = made("deep_dive", practice) if unit.standing.track_weight >= DEEP_DIVE_TRACK_WEIGHT else []
    return [*lesson, *check, *milestone, *practice, *deep_dive]


def _piece(name: str, unit: Unit, *, goal: str, after: Iterable[list[Piece]]) -> Piece:
    """The piece of that name, after the last sessions of those before it."""
    kind = _KINDS[name]
    minutes = kind.minutes(min(unit.module.estimated_minutes or MINUTES_WHERE_UNKNOWN, LONGEST_MODULE))
    return Piece(
        item_id=f"{kind.prefix}-{unit.category_key if name == 'milestone' else unit.module.module_id}",
        kind=kind.kind,
        category_key=unit.category_key,
        minutes=minutes,
        effort=kind.effort(minutes),
        prerequisites=tuple(parts[-1].item_id for parts in after),
        texts=schedule_texts.of_unit(name, unit, goal=goal),
    )


def _split(piece: Piece, longest: int, *, lesson_of: Module | None = None) -> list[Piece]:
    """The piece as sessions of 30 to `longest` minutes, each after the one before. Only the minutes are divided:
    effort stays that of the whole. Each part of a lesson names its own steps of the module."""
    minutes = max(piece.minutes, SHORTEST_SESSION)
    count = math.ceil(minutes / longest)
    if count == 1:
        return [replace(piece, minutes=minutes)]
    shortest, longer_ones = divmod(minutes, count)
    parts: list[Piece] = []
    for number in range(1, count + 1):
        parts.append(
            replace(
                piece,
                item_id=piece.item_id if number == 1 else f"{piece.item_id}-part{number}",
                minutes=shortest + (number <= longer_ones),
                prerequisites=(parts[-1].item_id,) if parts else piece.prerequisites,
                texts=schedule_texts.part(piece.texts, number, count, lesson_of=lesson_of),
            )
        )
    return parts
