"""Records as the database holds them: JSON text put together from columns, no document parsed.

Stored documents stand in their columns just as a record shows them, so they pass through as they are. The plain way to the
same bytes is `compare.load`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

import orjson
from django.db import DataError, models

from coach.documents.base import Document
from coach.documents.profile import Note, Profile
from coach.documents.schedule import NO_PROGRESS, Schedule
from coach.documents.schedule import ScheduleItem as Item
from coach.documents.submissions import Attachment, PendingAttachment, Submission
from coach.legacy.deciding import provenance
from coach.legacy.stores import Store
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
    ScheduleItem,
)
from coach.models.database import members
from coach.models.database.fields import DocumentField
from coach.models.database.prepared import Prepared

Members = dict[str, Any]


class StoredRecord(NamedTuple):
    """One record: whose it is, its text, and (as the text of an object, or None) what no document declares of it."""

    username: str
    text: bytes
    unknown_members: str | bytes | None


def of(store: Store, row_ids: Collection[int]) -> dict[int, StoredRecord]:
    """The records behind those primary keys, in one query a table; rows that are gone are left out.

    `text` is what `compare.document_of(store, row).to_json()` gives, byte for byte, as long as every column holds its
    document as `to_json` writes it.
    """
    return dict(_WAYS[store](row_ids)) if row_ids else {}


# What reading a value ends in that no import, service or form could have written.
UNREADABLE = (DataError, ValueError, TypeError, AttributeError, OverflowError)


def unreadable(store: Store, row_id: int) -> Iterator[str]:
    """The columns of a record that cannot be read, each by its path; the record itself where it is gone."""
    found = False
    for path, model, key in _TABLES[store]:
        for column in model._meta.concrete_fields:
            try:
                for (value,) in model._base_manager.filter(**{key: row_id}).values_list(column.attname):
                    if isinstance(column, DocumentField) and value is not None:
                        orjson.loads(value)
            except UNREADABLE:
                found = True
                yield f"{path}.{column.name} (cannot be read)"
    if not found:
        yield "$ (cannot be read)"


def rows(store: Store, usernames: frozenset[str] = frozenset()) -> models.QuerySet[Any]:
    """What a store holds, in the order in which it stands there: a learner's records side by side."""
    learner_id, username = provenance.OWNERS[store]
    found = provenance.ROWS[store].filter(**({f"{username}__in": usernames} if usernames else {}))
    return found.order_by(learner_id, "pk")


Row = tuple[Any, ...]


class _Reader:
    """Reads rows as members of a document: those that the model has columns for, under the same names.

    Members without a column are None until somebody fills them in; all stand in the document's order.
    """

    def __init__(self, document: type[Document], model: type[models.Model], *more: str) -> None:
        """`more` are columns that are read besides; they stand at the beginning of each row."""
        fields = members.shared(model, document)
        self._members = tuple(document.model_fields)
        self._columns = tuple(field.attname for field in fields)
        self._stored = tuple(field.attname for field in fields if isinstance(field, DocumentField))
        self._more = more

    def rows(self, rows: models.QuerySet[Any]) -> list[Row]:
        return Prepared(lambda: rows.values_list(*self._more, *self._columns)).rows()

    def grouped(self, rows: models.QuerySet[Any]) -> dict[int, list[Row]]:
        """Rows in stored order, by the first of their columns."""
        found: dict[int, list[Row]] = {}
        for row in self.rows(rows.order_by("position", "pk")):
            found.setdefault(row[0], []).append(row)
        return found

    def members(self, row: Row) -> Members:
        found: Members = dict.fromkeys(self._members)
        found.update(zip(self._columns, row[len(self._more) :], strict=True))
        for name in self._stored:
            if found[name] is not None:
                found[name] = orjson.Fragment(found[name])
        return found


_OWNED = ("pk", "unknown_members", "learner__username")
_profiles = _Reader(Profile, LearnerProfile, "pk", "unknown_members")
_notes = _Reader(Note, MemoryRecord, "learner")
_schedules = _Reader(Schedule, CurriculumSchedule, "learner", "pk")
_items = _Reader(Item, ScheduleItem, "schedule")
_submissions = _Reader(Submission, AssessmentSubmission, *_OWNED)
_attachments = _Reader(Attachment, AttachmentMetadata, "submission")
_pending = _Reader(PendingAttachment, AttachmentMetadata, *_OWNED)


def _held_profiles(learner_ids: Collection[int]) -> Iterator[tuple[int, StoredRecord]]:
    learners = _profiles.rows(LearnerProfile.objects.filter(pk__in=learner_ids).order_by())
    notes = _notes.grouped(MemoryRecord.objects.filter(learner__in=learner_ids))
    schedules = _schedules.rows(CurriculumSchedule.objects.filter(learner__in=learner_ids).order_by())
    items = _items.grouped(ScheduleItem.objects.filter(schedule__learner__in=learner_ids))
    schedule_of = {row[0]: row for row in schedules}
    for row in learners:
        number, unknown_members = row[:2]
        profile = _profiles.members(row)
        profile["memory_records"] = [_notes.members(note) for note in notes.pop(number, ())]
        if schedule := schedule_of.get(number):
            profile["curriculum_schedule"] = _schedule(schedule, items.pop(schedule[1], ()))
        yield number, StoredRecord(profile["username"], _text(profile), unknown_members)


def _schedule(row: Row, items: Iterable[Row]) -> Members:
    return _schedules.members(row) | {"items": [_item(item) for item in items]}


def _item(row: Row) -> Members:
    members = _items.members(row)
    if all(members[name] == value for name, value in NO_PROGRESS.items()):
        return {name: value for name, value in members.items() if name not in NO_PROGRESS}
    return members


def _held_submissions(submission_ids: Collection[int]) -> Iterator[tuple[int, StoredRecord]]:
    rows = _submissions.rows(AssessmentSubmission.objects.filter(pk__in=submission_ids).order_by())
    attachments = _attachments.grouped(AttachmentMetadata.objects.filter(submission__in=submission_ids))
    for row in rows:
        own = [_attachments.members(attachment) for attachment in attachments.pop(row[0], ())]
        yield row[0], _owned(row, _submissions.members(row) | {"attachments": own})


def _held_pending(row_ids: Collection[int]) -> Iterator[tuple[int, StoredRecord]]:
    for row in _pending.rows(AttachmentMetadata.objects.filter(pk__in=row_ids).order_by()):
        yield row[0], _owned(row, _pending.members(row))


def _owned(row: Row, members: Members) -> StoredRecord:
    _, unknown_members, username = row[: len(_OWNED)]
    return StoredRecord(username, _text(members | {"username": username}), unknown_members)


def _text(members: Members) -> bytes:
    return orjson.dumps(members, option=orjson.OPT_UTC_Z)


_WAYS: dict[Store, Callable[[Collection[int]], Iterator[tuple[int, StoredRecord]]]] = {
    Store.PROFILES: _held_profiles,
    Store.SUBMISSIONS: _held_submissions,
    Store.ATTACHMENTS: _held_pending,
}
# The tables of a record: where their columns stand in it, and what leads from a row to the record's own.
_TABLES: dict[Store, list[tuple[str, type[models.Model], str]]] = {
    Store.PROFILES: [
        ("$", LearnerProfile, "pk"),
        ("$.memory_records", MemoryRecord, "learner"),
        ("$.curriculum_schedule", CurriculumSchedule, "learner"),
        ("$.curriculum_schedule.items", ScheduleItem, "schedule__learner"),
    ],
    Store.SUBMISSIONS: [
        ("$", AssessmentSubmission, "pk"),
        ("$.attachments", AttachmentMetadata, "submission"),
    ],
    Store.ATTACHMENTS: [("$", AttachmentMetadata, "pk")],
}
