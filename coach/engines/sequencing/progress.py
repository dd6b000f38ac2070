"""What a learner has launched and completed: it stays where it is, and the rest is planned from today on."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from coach.documents.base import in_utc
from coach.documents.schedule import NO_PROGRESS, Schedule, ScheduleItem, anchor_date, has_progress, zone
from coach.engines.sequencing import long_range, pacing
from coach.engines.sequencing.pieces import Piece, Placed
from coach.engines.sequencing.schedule_texts import Texts


@dataclass(frozen=True)
class Progress:
    """The previous schedule, seen from today; days are counted from `anchor`.

    Without progress there is no anchor, today is day 0 and all items are `remaining`. `days` are the days on which
    the completed items were completed, today at the latest.
    """

    anchor: dt.datetime | None = None
    today: int = 0
    completed: Sequence[ScheduleItem] = ()
    days: Sequence[int] = ()
    remaining: Sequence[ScheduleItem] = ()

    @cached_property
    def completed_ids(self) -> frozenset[str]:
        return frozenset(item.item_id for item in self.completed)

    @cached_property
    def placed(self) -> list[Placed]:
        """The completed items, where they stay."""
        return [Placed(item.recommended_day_offset, _piece(item)) for item in self.completed]

    @property
    def missed(self) -> list[ScheduleItem]:
        """Items that were planned before today and are not completed."""
        return [item for item in self.remaining if item.recommended_day_offset < self.today]

    def work(self, pieces: Iterable[Piece], *, categories: Collection[str]) -> list[Piece]:
        """What is left of a learner's pieces, and in between what was begun, or missed, and is not among them.

        Every piece comes after its prerequisites.
        """
        pieces = list(pieces)
        places = {piece.item_id: place for place, piece in enumerate(pieces)}
        inserted = self._inserted(places, categories)
        result: list[Piece] = []
        for place, piece in enumerate(pieces):
            result += inserted.get(place, ())
            if piece.item_id not in self.completed_ids:
                result.append(piece)
        return result + inserted.get(len(pieces), [])

    def first_day(self, work: Sequence[Piece], *, every: int) -> int:
        """The day of the first piece: a session's distance after the last completed one, but not before today.

        A short check of what is completed need not wait.
        """
        checks = work and pacing.is_short_quiz(work[0])
        if not self.days or (checks and not self.completed_ids.isdisjoint(work[0].prerequisites)):
            return self.today
        return max(self.today, max(self.days) + every)

    def minutes_taken(self) -> dict[int, int]:
        """Day → minutes of completed items on it."""
        taken: Counter[int] = Counter()
        for item in self.completed:
            taken[item.recommended_day_offset] += item.recommended_minutes
        return taken

    def items(self, planned: Iterable[ScheduleItem]) -> list[ScheduleItem]:
        """The schedule's items by day: completed ones as they are, planned ones with what is known of them."""
        items = [*self.completed, *map(self._continued, planned)]
        return sorted(items, key=lambda item: item.recommended_day_offset)

    @cached_property
    def _begun(self) -> dict[str, ScheduleItem]:
        return {item.item_id: item for item in self.remaining if has_progress(item)}

    def _continued(self, item: ScheduleItem) -> ScheduleItem:
        """A planned item without its completed prerequisites, and as far as the learner has come with it."""
        changes = {}
        if not self.completed_ids.isdisjoint(item.prerequisites):
            changes["prerequisites"] = [key for key in item.prerequisites if key not in self.completed_ids]
        if begun := self._begun.get(item.item_id):
            changes |= {name: getattr(begun, name) for name in NO_PROGRESS}
        return item.model_copy(update=changes) if changes else item

    def _inserted(self, places: Mapping[str, int], categories: Collection[str]) -> dict[int, list[Piece]]:
        """Place → what comes before the piece that has it, in the order of the previous schedule."""
        inserted: dict[int, list[Piece]] = {}
        before: set[str] = set()
        place = 0
        for item in self.remaining:
            if item.item_id in places or item.item_id in before or not self._is_kept(item, categories):
                continue
            # What is completed is no prerequisite: it has a place here, but none in the next refresh.
            prerequisites = [key for key in item.prerequisites if key not in self.completed_ids]
            needed = [key for key in prerequisites if key in places or key in before]
            place = max(place, *(places.get(key, -1) + 1 for key in needed), 0)
            inserted.setdefault(place, []).append(_piece(item, prerequisites=needed))
            before.add(item.item_id)
        return inserted

    def _is_kept(self, item: ScheduleItem, categories: Collection[str]) -> bool:
        """Whether an item that no module asks for stays: what was begun, and a review that was missed."""
        if item.launch_status == "in_progress":
            return True
        missed_review = item.recommended_day_offset < self.today and long_range.is_review(item.item_id)
        return missed_review and item.category_key in categories


NONE = Progress()


def locking(schedule: Schedule, milestone: ScheduleItem) -> list[ScheduleItem]:
    """The lessons and quizzes that a milestone waits for: earlier ones of its category, and whatever it needs."""
    by_day = sorted(schedule.items, key=lambda item: item.recommended_day_offset)
    earlier = [item for item in by_day[: by_day.index(milestone)] if item.kind != "milestone"]
    needed = _needed(schedule, milestone)
    return [
        item
        for item in earlier
        if not item.is_completed and (item.category_key == milestone.category_key or item.item_id in needed)
    ]


def _needed(schedule: Schedule, item: ScheduleItem) -> set[str]:
    """The ids of an item's prerequisites, of theirs, and so on."""
    prerequisites = {other.item_id: other.prerequisites for other in schedule.items}
    found: set[str] = set()
    unseen = [*item.prerequisites]
    while unseen:
        item_id = unseen.pop()
        if item_id not in found:
            found.add(item_id)
            unseen += prerequisites.get(item_id, ())
    return found


def of(previous: Schedule | None, *, timezone: str | None, now: dt.datetime) -> Progress:
    """The progress in a schedule as of `now`, in the zone of that name (UTC for an unknown one)."""
    items = previous.items if previous else []
    if previous is None or not any(map(has_progress, items)):
        return Progress(remaining=items)
    where = zone(timezone)
    first_day = _date(previous.generated_at, zone(previous.timezone))
    today = max(0, (_date(now, where) - first_day).days)
    completed = [item for item in items if item.is_completed]
    return Progress(
        anchor=_anchor(previous.generated_at, first_day, where),
        today=today,
        completed=completed,
        days=[_day_completed(item, first_day, where, today=today) for item in completed],
        remaining=[item for item in items if not item.is_completed],
    )


def _anchor(instant: dt.datetime, day: dt.date, where: dt.tzinfo) -> dt.datetime:
    """The instant itself where it falls on that day in that zone; else noon of the day, since dates must not move."""
    if _date(instant, where) == day:
        return instant
    return in_utc(dt.datetime.combine(day, dt.time(12), where))


def _day_completed(item: ScheduleItem, first_day: dt.date, where: dt.tzinfo, *, today: int) -> int:
    day = item.recommended_day_offset
    if item.last_completed_at is not None:
        day = (_date(item.last_completed_at, where) - first_day).days
    return min(max(day, 0), today)


def _date(instant: dt.datetime, where: dt.tzinfo) -> dt.date:
    """The day of an instant in a zone; in UTC where the zone's own day lies outside the years 1 to 9999."""
    try:
        return anchor_date(instant, where)
    except ValueError:
        return instant.date()


def _piece(item: ScheduleItem, prerequisites: Iterable[str] = ()) -> Piece:
    """A stored item as a piece of work."""
    return Piece(
        item_id=item.item_id,
        kind=item.kind,
        category_key=item.category_key,
        minutes=item.recommended_minutes,
        effort=item.effort_level,
        prerequisites=tuple(prerequisites),
        texts=Texts(
            item.title, item.summary, tuple(item.objectives), item.focus_reason, item.expected_outcome
        ),
    )
