"""Profiles as rows: a learner with notes, a schedule and its items, under one outcome."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from coach.documents.profile import Profile
from coach.legacy import bulk, marks
from coach.legacy.marks import Mark
from coach.legacy.records import Decoded
from coach.models import CurriculumSchedule, LearnerProfile, MemoryRecord, ScheduleItem

# From a profile to the JSON text of its extended assessment, or None: an engine's work, which the doors pass in.
Derive = Callable[[Profile], "str | None"]


@dataclass
class LearnerRows:
    """The rows of one profile; `document` is None until it is asked for."""

    learner: LearnerProfile
    notes: list[MemoryRecord]
    schedule: CurriculumSchedule | None
    items: list[ScheduleItem]

    @property
    def top(self) -> LearnerProfile:
        return self.learner

    def document(self) -> Profile:
        """The profile, derived from the rows alone."""
        items = [item.to_document() for item in self.items]
        return self.learner.assemble(
            notes=[note.to_document() for note in self.notes],
            schedule=self.schedule.to_document(items=items) if self.schedule else None,
        )


def find_marks(usernames: Collection[str]) -> dict[str, Mark]:
    """The marks of the learners of those names."""
    rows = LearnerProfile.objects.filter(username__in=usernames).values_list("pk", "username", *marks.COLUMNS)
    return {row[1]: Mark(row[0], row[0], *row[1:]) for row in rows}


def load(learner_ids: Collection[int]) -> dict[int, LearnerRows]:
    """Learners with all that belongs to their profiles, in four queries."""
    learners = LearnerProfile.objects.filter(pk__in=learner_ids).order_by()
    schedules = {
        schedule.learner_id: schedule
        for schedule in CurriculumSchedule.objects.filter(learner__in=learner_ids).order_by()
    }
    notes = _grouped(
        MemoryRecord.objects.filter(learner__in=learner_ids).order_by("position", "pk"), "learner_id"
    )
    schedule_ids = [schedule.pk for schedule in schedules.values()]
    items = _grouped(
        ScheduleItem.objects.filter(schedule__in=schedule_ids).order_by("position"), "schedule_id"
    )
    found = {}
    for learner in learners:
        schedule = schedules.get(learner.pk)
        found[learner.pk] = LearnerRows(
            learner, notes[learner.pk], schedule, items[schedule.pk] if schedule else []
        )
    return found


def build(decoded: Decoded, *, derive: Derive) -> LearnerRows:
    """The rows that a profile record makes, not yet marked, numbered or saved."""
    profile = decoded.document
    assert isinstance(profile, Profile)
    learner = LearnerProfile()
    learner.apply_document(profile)
    learner.extended_assessment = derive(profile)
    notes = [_note(document, position) for position, document in enumerate(profile.memory_records)]
    schedule, items = None, []
    if profile.curriculum_schedule is not None:
        schedule = CurriculumSchedule()
        schedule.apply_document(profile.curriculum_schedule)
        items = [
            _item(document, position) for position, document in enumerate(profile.curriculum_schedule.items)
        ]
    return LearnerRows(learner, notes, schedule, items)


def insert(built: Sequence[LearnerRows]) -> None:
    """Write profiles whose learners are not there yet."""
    bulk.insert([rows.learner for rows in built])
    for rows in built:
        _adopt(rows, rows.learner.pk)
    bulk.insert([note for rows in built for note in rows.notes])
    bulk.insert([rows.schedule for rows in built if rows.schedule])
    for rows in built:
        _place(rows)
    bulk.insert([item for rows in built for item in rows.items])


def update(old: LearnerRows, new: LearnerRows) -> None:
    """Turn a profile's rows into others, writing only what differs."""
    _adopt(new, old.learner.pk)
    bulk.update(old.learner, new.learner)
    bulk.insert(
        bulk.replace({note.note_id: note for note in old.notes}, {note.note_id: note for note in new.notes})
    )
    if old.schedule and not new.schedule:
        old.schedule.delete()
    elif old.schedule and new.schedule:
        new.schedule.pk = old.schedule.pk
        bulk.update(old.schedule, new.schedule)
    elif new.schedule:
        bulk.insert([new.schedule])
    _place(new)
    if new.schedule:
        before = {item.position: item for item in old.items}
        bulk.insert(bulk.replace(before, {item.position: item for item in new.items}))


def _adopt(rows: LearnerRows, learner_id: int) -> None:
    for note in rows.notes:
        note.learner_id = learner_id
    if rows.schedule:
        rows.schedule.learner_id = learner_id


def _place(rows: LearnerRows) -> None:
    for item in rows.items:
        assert rows.schedule
        item.schedule_id = rows.schedule.pk


def _note(document: Any, position: int) -> MemoryRecord:
    row = bulk.blank(MemoryRecord)
    row.apply_document(document, position=position)
    return row


def _item(document: Any, position: int) -> ScheduleItem:
    row = bulk.blank(ScheduleItem)
    row.apply_document(document, position=position)
    return row


def _grouped(rows: Iterable[Any], column: str) -> defaultdict[int, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return found
