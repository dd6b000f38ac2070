"""Profiles as rows: a learner with notes, a schedule and its items, under one outcome."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coach.documents.assessment import Assessment
from coach.documents.profile import Note, Profile
from coach.documents.schedule import Schedule
from coach.documents.schedule import ScheduleItem as ItemDocument
from coach.legacy.deciding import provenance
from coach.legacy.decoding.codec import Content
from coach.legacy.writing import bulk
from coach.legacy.writing.copy_rows import CopyRow, Table
from coach.models import CurriculumSchedule, LearnerProfile, MemoryRecord, ScheduleItem

# From an assessment and a plan (or what has a plan's members) to the JSON text of the extended assessment: an engine's
# work, which the doors pass in.
Derive = Callable[["Assessment | None", Any], "str | None"]

LEARNERS = Table(LearnerProfile, Profile, late=["id"], given=["extended_assessment", *provenance.WRITTEN])
NOTES = Table(MemoryRecord, Note, late=["learner_id"], given=["position"])
SCHEDULES = Table(CurriculumSchedule, Schedule, late=["id", "learner_id"], given=["api_json"])
ITEMS = Table(ScheduleItem, ItemDocument, late=["schedule_id"], given=["position"])


@dataclass(frozen=True)
class LearnerCopyRows:
    """The copy rows of one profile."""

    learner: CopyRow
    notes: list[CopyRow]
    schedule: CopyRow | None
    items: list[CopyRow]


def copy_rows(content: Content, marked: tuple[Any, ...], *, derive: Derive) -> LearnerCopyRows:
    """The copy rows of a profile; `marked` is the provenance of the learner's."""
    profile, schedule = content.members, content.members.curriculum_schedule
    extended = derive(content.assessment(), profile.elo_category_plan)
    return LearnerCopyRows(
        learner=LEARNERS.copy_row(content, profile, extended, *marked),
        notes=_numbered(NOTES, content, profile.memory_records),
        schedule=SCHEDULES.copy_row(content, schedule, content.schedule_api_json()) if schedule else None,
        items=_numbered(ITEMS, content, schedule.items) if schedule else [],
    )


def _numbered(table: Table, content: Content, documents: Sequence[Any]) -> list[CopyRow]:
    return [table.copy_row(content, document, position) for position, document in enumerate(documents)]


def insert(built: Sequence[LearnerCopyRows]) -> None:
    """Write profiles whose learners are not there yet."""
    numbers = bulk.numbers(LearnerProfile, len(built))
    numbered = list(zip(numbers, built, strict=True))
    bulk.write(LEARNERS, [(number, *rows.learner) for number, rows in numbered])
    bulk.write(NOTES, [(number, *note) for number, rows in numbered for note in rows.notes])
    scheduled = [(number, rows.schedule, rows.items) for number, rows in numbered if rows.schedule]
    schedules_ = list(zip(bulk.numbers(CurriculumSchedule, len(scheduled)), scheduled, strict=True))
    bulk.write(SCHEDULES, [(number, learner, *row) for number, (learner, row, _) in schedules_])
    bulk.write(ITEMS, [(number, *item) for number, (_, _, items) in schedules_ for item in items])


def update(pairs: Sequence[tuple[LearnerProfile, LearnerCopyRows]]) -> None:
    """Turn learners and what belongs to them into what copy rows say, writing only what differs."""
    changes = bulk.Changes()
    unscheduled = sum(new.schedule is not None and _schedule(old) is None for old, new in pairs)
    numbers = iter(bulk.numbers(CurriculumSchedule, unscheduled))
    for old, new in pairs:
        changes.update(LEARNERS, old, new.learner)
        changes.replace(NOTES, (old.pk,), old.memory_records.all(), new.notes, key="note_id")
        _replace_schedule(changes, old, new, numbers)
    changes.write()


def _replace_schedule(
    changes: bulk.Changes, learner: LearnerProfile, new: LearnerCopyRows, numbers: Iterator[int]
) -> None:
    old = _schedule(learner)
    if old and new.schedule:
        changes.update(SCHEDULES, old, new.schedule)
        changes.replace(ITEMS, (old.pk,), old.items.all(), new.items, key="position")
    elif old:
        changes.delete(old)
    elif new.schedule:
        number = next(numbers)
        changes.insert(SCHEDULES, (number, learner.pk, *new.schedule))
        changes.replace(ITEMS, (number,), (), new.items, key="position")


def _schedule(learner: LearnerProfile) -> CurriculumSchedule | None:
    return getattr(learner, "schedule", None)
