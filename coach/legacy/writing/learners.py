"""Profiles as rows: a learner with notes, a schedule and its items, under one outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from coach.documents.assessment import Assessment
from coach.documents.profile import Note, Profile
from coach.documents.schedule import Schedule
from coach.documents.schedule import ScheduleItem as ItemDocument
from coach.legacy.deciding import provenance
from coach.legacy.deciding.stored_rows import LearnerRows
from coach.legacy.decoding.codec import Content
from coach.legacy.decoding.records import Decoded
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
    """The lines of one profile that is not there yet."""

    learner: CopyRow
    notes: list[CopyRow]
    schedule: CopyRow | None
    items: list[CopyRow]


def build(decoded: Decoded, *, derive: Derive) -> LearnerRows:
    """The rows that a profile record makes, not yet marked, numbered or saved."""
    profile = decoded.document
    assert isinstance(profile, Profile)
    learner = LearnerProfile()
    learner.apply_document(profile)
    learner.extended_assessment = derive(profile.onboarding_assessment, profile.elo_category_plan)
    notes = [_note(document, position) for position, document in enumerate(profile.memory_records)]
    schedule, items = None, []
    if profile.curriculum_schedule is not None:
        schedule = CurriculumSchedule()
        schedule.apply_document(profile.curriculum_schedule)
        items = [
            _item(document, position) for position, document in enumerate(profile.curriculum_schedule.items)
        ]
    return LearnerRows(learner, notes, schedule, items)


def copy_rows(content: Content, marked: tuple[Any, ...], *, derive: Derive) -> LearnerCopyRows:
    """The copy rows of a profile, which equal the rows that `build` makes of it."""
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
    bulk.write(LEARNERS, [((number,), lines.learner) for number, lines in numbered])
    bulk.write(NOTES, [((number,), note) for number, lines in numbered for note in lines.notes])
    scheduled = [(number, lines.schedule, lines.items) for number, lines in numbered if lines.schedule]
    schedules_ = list(zip(bulk.numbers(CurriculumSchedule, len(scheduled)), scheduled, strict=True))
    bulk.write(SCHEDULES, [((number, learner), line) for number, (learner, line, _) in schedules_])
    bulk.write(ITEMS, [((number,), item) for number, (_, _, items) in schedules_ for item in items])


def update(pairs: Sequence[tuple[LearnerRows, LearnerRows]]) -> None:
    """Turn profiles' rows, the first of each pair, into the second ones, writing only what differs."""
    changes, items = bulk.Changes(), bulk.Changes()
    for old, new in pairs:
        _change(changes, old, new)
    changes.write()
    # Only now does a schedule that was not there have a number.
    for old, new in pairs:
        _place(new)
        if new.schedule:
            before = {item.position: item for item in old.items}
            items.replace(before, {item.position: item for item in new.items})
    items.write()


def _change(changes: bulk.Changes, old: LearnerRows, new: LearnerRows) -> None:
    _adopt(new, old.learner.pk)
    changes.update(old.learner, new.learner)
    changes.replace({note.note_id: note for note in old.notes}, {note.note_id: note for note in new.notes})
    if old.schedule and not new.schedule:
        changes.delete(old.schedule)
    elif old.schedule and new.schedule:
        new.schedule.pk = old.schedule.pk
        changes.update(old.schedule, new.schedule)
    elif new.schedule:
        changes.insert(new.schedule)


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
