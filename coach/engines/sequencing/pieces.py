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
    """A piece beside the lesson: the share of the module's minutes that it takes, and how many it takes at least."""

    prefix: str
    kind: ItemKind
    share: float
    least: int
    effort: Callable[[int], Effort] = effort_of


_KINDS = {
    "check": _Kind("quiz", "quiz", 0.4, 20, lambda minutes: "light" if minutes <= 25 else "moderate"),
    "practice": _Kind("reinforce", "lesson", 0.6, 45),
    "deep_dive": _Kind("deepdive", "lesson", 0.75, 60),
}


def _of_unit(unit: Unit, *, goal: str, with_milestone: bool, longest: int) -> list[Piece]:
    minutes = min(unit.module.estimated_minutes or MINUTES_WHERE_UNKNOWN, LONGEST_MODULE)
    lesson = _split(_lesson(unit, minutes, goal=goal), longest, lesson_of=unit.module)
    check = _split(_further("check", unit, minutes, after=lesson), longest)
    practice = _split(_further("practice", unit, minutes, after=check), longest)
    pieces = lesson + check
    if with_milestone:
        pieces += _split(_milestone(unit, minutes, after=(lesson, check)), longest)
    pieces += practice
    if unit.standing.track_weight >= DEEP_DIVE_TRACK_WEIGHT:
        pieces += _split(_further("deep_dive", unit, minutes, after=practice), longest)
    return pieces


def _lesson(unit: Unit, minutes: int, *, goal: str) -> Piece:
    texts = schedule_texts.lesson(unit, goal=goal)
    item_id = f"lesson-{unit.module.module_id}"
    return Piece(item_id, "lesson", unit.category_key, minutes, effort_of(minutes), (), texts)


def _further(name: str, unit: Unit, minutes: int, *, after: list[Piece]) -> Piece:
    made = _KINDS[name]
    minutes = max(made.least, math.ceil(made.share * minutes))
    return Piece(
        item_id=f"{made.prefix}-{unit.module.module_id}",
        kind=made.kind,
        category_key=unit.category_key,
        minutes=minutes,
        effort=made.effort(minutes),
        prerequisites=(after[-1].item_id,),
        texts=schedule_texts.of_unit(name, unit),
    )


def _milestone(unit: Unit, minutes: int, *, after: tuple[list[Piece], list[Piece]]) -> Piece:
    return Piece(
        item_id=f"milestone-{unit.category_key}",
        kind="milestone",
        category_key=unit.category_key,
        minutes=90 if minutes < 90 else minutes + 30,
        effort="focus",
        prerequisites=tuple(parts[-1].item_id for parts in after),
        texts=schedule_texts.of_unit("milestone", unit),
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
