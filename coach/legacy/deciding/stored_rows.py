"""The rows of records as they are now, and the documents that they hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import F

from coach.documents.profile import Profile
from coach.documents.submissions import PendingAttachment, Submission
from coach.legacy.stores import Store
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
    ScheduleItem,
)


class Rows(Protocol):
    """The rows of one record; `top` is the one that carries the provenance."""

    @property
    def top(self) -> Any: ...

    def document(self) -> Any: ...


@dataclass
class LearnerRows:
    """The rows of one profile."""

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


@dataclass
class SubmissionRows:
    """The rows of one submission of the learner of that name."""

    submission: AssessmentSubmission
    attachments: list[AttachmentMetadata]
    username: str

    @property
    def top(self) -> AssessmentSubmission:
        return self.submission

    @property
    def children(self) -> list[AttachmentMetadata]:
        return self.attachments

    def document(self) -> Submission:
        """The submission, derived from the rows alone."""
        attachments = [row.to_document() for row in self.attachments]
        return self.submission.to_document(username=self.username, attachments=attachments)


@dataclass
class PendingRows:
    """The row of one attachment of the learner of that name."""

    attachment: AttachmentMetadata
    username: str

    @property
    def top(self) -> AttachmentMetadata:
        return self.attachment

    @property
    def children(self) -> tuple[()]:
        return ()

    def document(self) -> PendingAttachment:
        """The attachment, derived from the row alone."""
        return self.attachment.to_pending_document(username=self.username)


def load(store: Store, row_ids: Collection[int]) -> dict[int, Rows]:
    """The rows behind those primary keys."""
    return dict(_LOADERS[store](row_ids)) if row_ids else {}


def _learners(learner_ids: Collection[int]) -> dict[int, LearnerRows]:
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


def _submissions(submission_ids: Collection[int]) -> dict[int, SubmissionRows]:
    """Submissions (by primary key) with their attachments, in two queries."""
    attachments: dict[int, list[AttachmentMetadata]] = {}
    for row in AttachmentMetadata.objects.filter(submission__in=submission_ids).order_by(
        "submission", "position"
    ):
        attachments.setdefault(row.submission_id or 0, []).append(row)
    rows: Iterable[Any] = (
        AssessmentSubmission.objects.filter(pk__in=submission_ids)
        .order_by()
        .annotate(name=F("learner__username"))
    )
    return {row.pk: SubmissionRows(row, attachments.get(row.pk, []), row.name) for row in rows}


def _pending(row_ids: Collection[int]) -> dict[int, PendingRows]:
    """Attachments by primary key, in one query."""
    rows: Iterable[Any] = (
        AttachmentMetadata.objects.filter(pk__in=row_ids).order_by().annotate(username=F("learner__username"))
    )
    return {row.pk: PendingRows(row, row.username) for row in rows}


def _grouped(rows: Iterable[Any], column: str) -> defaultdict[int, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return found


_LOADERS: dict[Store, Callable[[Collection[int]], dict[int, Any]]] = {
    Store.PROFILES: _learners,
    Store.SUBMISSIONS: _submissions,
    Store.ATTACHMENTS: _pending,
}
