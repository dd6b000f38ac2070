"""Records as the database holds them: JSON text put together from columns, no document parsed.

Stored documents stand in their columns just as a record shows them, so they pass through as they are. The plain way to the
same bytes is `tables.load`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

import orjson
from django.db import models

from coach.documents.base import Document
from coach.documents.profile import Note, Profile
from coach.documents.schedule import Schedule
from coach.documents.schedule import ScheduleItem as Item
from coach.documents.submissions import Attachment, PendingAttachment, Submission
from coach.legacy.stores import Store
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
    ScheduleItem,
)
from coach.models.fields import DocumentField
from coach.models.prepared import Prepared

Members = dict[str, Any]


class Held(NamedTuple):
    """One record: whose it is, its text, and (as the text of an object, or None) what no document declares of it."""

    username: str
    text: bytes
    unknown_members: str | bytes | None


def of(store: Store, row_ids: Collection[int]) -> dict[int, Held]:
    """The records behind those primary keys, in one query a table; rows that are gone are left out.

    `text` is what `tables.load(store, row_ids)[pk].document().to_json()` gives, byte for byte, as long as every column
    holds its document as `to_json` writes it.
    """
    return _WAYS[store](row_ids) if row_ids else {}


class _Reader:
    """Reads rows as members of a document: those that the model has columns for, under the same names.

    Members without a column are None until somebody fills them in; all stand in the document's order.
    """

    def __init__(self, document: type[Document], model: type[models.Model]) -> None:
        fields = {field.name: field for field in model._meta.concrete_fields}
        self._members = tuple(document.model_fields)
        self._columns = tuple(name for name in self._members if name in fields)
        self._stored = tuple(name for name in self._columns if isinstance(fields[name], DocumentField))

    def read(self, rows: models.QuerySet[Any], *more: str) -> Iterator[tuple[Any, ...]]:
        """The values of `more` columns of each row, and last its members."""
        count = len(more)
        for row in Prepared(lambda: rows.values_list(*more, *self._columns)).rows():
            members: Members = dict.fromkeys(self._members)
            members.update(zip(self._columns, row[count:], strict=True))
            for name in self._stored:
                if members[name] is not None:
                    members[name] = orjson.Fragment(members[name])
            yield *row[:count], members


_profiles = _Reader(Profile, LearnerProfile)
_notes = _Reader(Note, MemoryRecord)
_schedules = _Reader(Schedule, CurriculumSchedule)
_items = _Reader(Item, ScheduleItem)
_submissions = _Reader(Submission, AssessmentSubmission)
_attachments = _Reader(Attachment, AttachmentMetadata)
_pending = _Reader(PendingAttachment, AttachmentMetadata)


def _held_profiles(learner_ids: Collection[int]) -> dict[int, Held]:
    learners = LearnerProfile.objects.filter(pk__in=learner_ids).order_by()
    notes = _grouped(_notes, MemoryRecord.objects.filter(learner__in=learner_ids), "learner")
    schedules = _schedules_of(learner_ids)
    found = {}
    for learner, unknown_members, profile in _profiles.read(learners, "pk", "unknown_members"):
        profile["memory_records"] = notes.get(learner, [])
        profile["curriculum_schedule"] = schedules.get(learner)
        found[learner] = Held(profile["username"], _text(profile), unknown_members)
    return found


def _schedules_of(learner_ids: Collection[int]) -> dict[int, Members]:
    """The schedule of each learner who has one, items included."""
    schedules = CurriculumSchedule.objects.filter(learner__in=learner_ids).order_by()
    items = _grouped(_items, ScheduleItem.objects.filter(schedule__learner__in=learner_ids), "schedule")
    found = {}
    for learner, schedule, members in _schedules.read(schedules, "learner", "pk"):
        members["items"] = items.get(schedule, [])
        found[learner] = members
    return found


def _held_submissions(submission_ids: Collection[int]) -> dict[int, Held]:
    attachments = _grouped(
        _attachments, AttachmentMetadata.objects.filter(submission__in=submission_ids), "submission"
    )
    rows = AssessmentSubmission.objects.filter(pk__in=submission_ids).order_by()
    return {
        number: _owned(username, unknown_members, {**members, "attachments": attachments.get(number, [])})
        for number, username, unknown_members, members in _submissions.read(rows, *_OWNED)
    }


def _held_pending(row_ids: Collection[int]) -> dict[int, Held]:
    rows = AttachmentMetadata.objects.filter(pk__in=row_ids).order_by()
    return {
        number: _owned(username, unknown_members, members)
        for number, username, unknown_members, members in _pending.read(rows, *_OWNED)
    }


_OWNED = ("pk", "learner__username", "unknown_members")


def _owned(username: str, unknown_members: str | bytes | None, members: Members) -> Held:
    return Held(username, _text({**members, "username": username}), unknown_members)


def _grouped(reader: _Reader, rows: models.QuerySet[Any], owner: str) -> dict[int, list[Members]]:
    """The members of rows by whom they belong to, in stored order."""
    found: dict[int, list[Members]] = {}
    for number, members in reader.read(rows.order_by("position", "pk"), owner):
        found.setdefault(number, []).append(members)
    return found


def _text(members: Members) -> bytes:
    return orjson.dumps(members, option=orjson.OPT_UTC_Z)


_WAYS: dict[Store, Callable[[Collection[int]], dict[int, Held]]] = {
    Store.PROFILES: _held_profiles,
    Store.SUBMISSIONS: _held_submissions,
    Store.ATTACHMENTS: _held_pending,
}
