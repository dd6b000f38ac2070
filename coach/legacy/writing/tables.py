"""The rows of all three stores: which copy rows a record makes, and how they become rows or change those that are there."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import models

from coach.documents import profile, schedule, submissions
from coach.documents.assessment import Assessment
from coach.documents.base import Document
from coach.legacy.deciding import provenance
from coach.legacy.deciding.compare import Planned
from coach.legacy.decoding import checksums
from coach.legacy.decoding.codec import Content
from coach.legacy.decoding.records import Decoded
from coach.legacy.stores import Outcome, Store
from coach.legacy.writing import bulk
from coach.legacy.writing.bulk import CopyRow, Family, FamilyRows, Table
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
    ScheduleItem,
)

# From an assessment and a plan (or what has a plan's members) to the JSON text of the extended assessment: an engine's
# work, which the doors pass in.
Derive = Callable[["Assessment | None", Any], "str | None"]


def _table(model: type[models.Model], document: type[Document], *given: str) -> Table:
    """The table of records that belong to a learner."""
    return Table(model, document, late=["id", "learner_id"], given=[*given, *provenance.WRITTEN])


LEARNERS = Family(
    Table(LearnerProfile, profile.Profile, late=["id"], given=["extended_assessment", *provenance.WRITTEN]),
    Table(MemoryRecord, profile.Note, late=["learner_id"], given=["position"]),
    related="memory_records",
    key="note_id",
)
SCHEDULES = Family(
    Table(CurriculumSchedule, schedule.Schedule, late=["id", "learner_id"], given=["api_json"]),
    Table(ScheduleItem, schedule.ScheduleItem, late=["schedule_id"], given=["position"]),
    related="items",
)
SUBMISSIONS = Family(
    _table(AssessmentSubmission, submissions.Submission, "graded_by", "api_json"),
    Table(
        AttachmentMetadata,
        submissions.Attachment,
        late=["learner_id", "submission_id"],
        given=["position", *provenance.WRITTEN],
    ),
    related="attachments",
)
PENDING = Family(
    _table(AttachmentMetadata, submissions.PendingAttachment, "submission_id", "position", "source")
)


@dataclass(frozen=True)
class Maker:
    """What rows are made with: the run they are marked with, the moment, and the derivation the door passed in."""

    run_id: int | None
    at: dt.datetime
    derive: Derive


@dataclass
class CopyRows:
    """The copy rows of one record, and of a profile's schedule; what is no profile belongs to a learner."""

    record: FamilyRows
    schedule: FamilyRows | None = None
    learner_id: int = 0


def lock_learners(row_ids: Collection[int]) -> None:
    """Lock these learners' rows; must be called within a transaction."""
    if row_ids:
        rows = LearnerProfile.objects.filter(pk__in=row_ids).order_by("pk").select_for_update()
        list(rows.values_list("pk", flat=True))


def copy_rows(store: Store, decoded: Decoded, maker: Maker) -> CopyRows:
    """The copy rows that a record makes; touches no database."""
    decoded, content = decoded.with_content()
    marked = provenance.line(decoded, decoded.content_checksum, run_id=maker.run_id, at=maker.at)
    return _MAKERS[store](content, marked, maker.derive)


def _of_profile(content: Content, marked: CopyRow, derive: Derive) -> CopyRows:
    members, planned = content.members, content.members.curriculum_schedule
    extended = derive(content.assessment(), members.elo_category_plan)
    own = LEARNERS.own.copy_row(content, members, extended, *marked)
    learner = FamilyRows(own, _numbered(LEARNERS, content, members.memory_records))
    if planned is None:
        return CopyRows(learner)
    own = SCHEDULES.own.copy_row(content, planned, content.schedule_api_json())
    return CopyRows(learner, FamilyRows(own, _numbered(SCHEDULES, content, planned.items)))


def _of_submission(content: Content, marked: CopyRow, derive: Derive) -> CopyRows:
    members = content.members
    given = (str(grader(members.grading)), content.submission_api_json(), *marked)
    attachments = _numbered(SUBMISSIONS, content, members.attachments, *provenance.NONE)
    return CopyRows(FamilyRows(SUBMISSIONS.own.copy_row(content, members, *given), attachments))


def _of_pending(content: Content, marked: CopyRow, derive: Derive) -> CopyRows:
    return CopyRows(FamilyRows(PENDING.own.copy_row(content, content.members, None, 0, None, *marked)))


def _numbered(family: Family, content: Content, documents: Sequence[Any], *given: Any) -> list[CopyRow]:
    assert family.children
    row = family.children.copy_row
    return [row(content, document, position, *given) for position, document in enumerate(documents)]


_MAKERS: dict[Store, Callable[[Content, CopyRow, Derive], CopyRows]] = {
    Store.PROFILES: _of_profile,
    Store.SUBMISSIONS: _of_submission,
    Store.ATTACHMENTS: _of_pending,
}


def grader(grading: Any) -> AssessmentSubmission.Grader:
    """Who gave an imported grade, or none."""
    graders = AssessmentSubmission.Grader
    return graders.IMPORTED if grading else graders.NOBODY


def insert(store: Store, built: Sequence[CopyRows]) -> None:
    """Write the copy rows of records that are not there yet."""
    if store == Store.PROFILES:
        learners = LEARNERS.insert([((), rows.record) for rows in built])
        scheduled = zip(learners, built, strict=True)
        SCHEDULES.insert([((learner,), rows.schedule) for learner, rows in scheduled if rows.schedule])
    else:
        family = SUBMISSIONS if store == Store.SUBMISSIONS else PENDING
        family.insert([((rows.learner_id,), rows.record) for rows in built])


def update(store: Store, pairs: Sequence[tuple[Any, CopyRows]]) -> None:
    """Turn records' rows (`compare.load`) into what copy rows say, writing only what differs."""
    changes = bulk.Changes()
    scheduled = []
    for old, new in pairs:
        if store == Store.PROFILES:
            LEARNERS.update(changes, (), old, new.record)
            if new.schedule and not hasattr(old, "schedule"):
                scheduled.append(((old.pk,), new.schedule))
            elif new.schedule:
                SCHEDULES.update(changes, (old.pk,), old.schedule, new.schedule)
            elif hasattr(old, "schedule"):
                changes.delete(old.schedule)
        elif store == Store.SUBMISSIONS:
            SUBMISSIONS.update(changes, (old.learner_id,), old, _graded_as(old, new.record))
        else:
            PENDING.update(changes, (old.learner_id,), old, new.record)
    changes.write()
    SCHEDULES.insert(scheduled)


def _graded_as(old: AssessmentSubmission, new: FamilyRows) -> FamilyRows:
    """The copy rows with the row's own grader, if its grade stays."""
    row = dict(zip(SUBMISSIONS.own.own_columns, new.own, strict=True))
    if row["grading"] == old.grading:
        row["graded_by"] = old.graded_by
    return replace(new, own=tuple(row.values()))


def settle(planned: Iterable[Planned], maker: Maker) -> None:
    """Make the store's records the base of rows that stay as they are: both agree, or the row was kept against the store."""
    rows = []
    for plan in planned:
        assert plan.row and plan.decoded and plan.ours
        row, agrees = plan.row, plan.outcome == Outcome.UNCHANGED
        content_checksum = checksums.of_content(plan.ours if agrees else plan.decoded.document)
        values = provenance.line(plan.decoded, content_checksum, run_id=maker.run_id, at=maker.at)
        kept = {"unknown_members": row.unknown_members, "edited_since_import": not agrees}
        for name, value in (dict(zip(provenance.WRITTEN, values, strict=True)) | kept).items():
            setattr(row, name, value)
        rows.append(row)
    if rows:
        bulk.update(type(rows[0]), provenance.WRITTEN, rows)
