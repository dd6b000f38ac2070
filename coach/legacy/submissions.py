"""Submissions as rows: the submission and its own attachments, under one outcome."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import F

from coach.documents.submissions import Submission
from coach.legacy import bulk, marks
from coach.legacy.marks import Mark
from coach.legacy.records import Decoded
from coach.models import AssessmentSubmission, AttachmentMetadata


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


def find_marks(submission_ids: Collection[str]) -> dict[str, Mark]:
    """The marks of the submissions with those ids."""
    rows = AssessmentSubmission.objects.filter(submission_id__in=submission_ids).order_by()
    found = rows.values_list("submission_id", "pk", "learner_id", "learner__username", *marks.COLUMNS)
    return {row[0]: Mark(*row[1:]) for row in found}


def load(submission_ids: Collection[int]) -> dict[int, SubmissionRows]:
    """Submissions (by primary key) with their attachments, in two queries."""
    attachments: dict[int, list[AttachmentMetadata]] = {}
    for row in AttachmentMetadata.objects.filter(submission__in=submission_ids).order_by(
        "submission", "position"
    ):
        attachments.setdefault(row.submission_id or 0, []).append(row)
    rows = (
        AssessmentSubmission.objects.filter(pk__in=submission_ids)
        .order_by()
        .annotate(name=F("learner__username"))
    )
    return {row.pk: SubmissionRows(row, attachments.get(row.pk, []), row.name) for row in rows}


def build(decoded: Decoded) -> SubmissionRows:
    """The rows that a submission record makes, not yet marked, owned, numbered or saved."""
    document = decoded.document
    assert isinstance(document, Submission)
    submission = AssessmentSubmission()
    submission.apply_document(document)
    graders = AssessmentSubmission.Grader
    submission.graded_by = graders.IMPORTED if document.grading else graders.NOBODY
    attachments = []
    for position, attachment in enumerate(document.attachments):
        row = bulk.blank(AttachmentMetadata)
        marks.leave_none(row)
        row.apply_document(attachment, position=position)
        attachments.append(row)
    return SubmissionRows(submission, attachments, decoded.username)


def insert(built: Sequence[SubmissionRows]) -> None:
    """Write submissions that are not there yet."""
    bulk.insert([rows.submission for rows in built])
    for rows in built:
        _adopt(rows, rows.submission.pk)
    bulk.insert([row for rows in built for row in rows.attachments])


def update(old: SubmissionRows, new: SubmissionRows) -> None:
    """Turn a submission's rows into others, writing only what differs."""
    if old.submission.grading == new.submission.grading:
        new.submission.graded_by = old.submission.graded_by
    _adopt(new, old.submission.pk)
    bulk.update(old.submission, new.submission)
    before = {row.position: row for row in old.attachments}
    bulk.insert(bulk.replace(before, {row.position: row for row in new.attachments}))


def _adopt(rows: SubmissionRows, submission_id: int) -> None:
    for row in rows.attachments:
        row.submission_id = submission_id
