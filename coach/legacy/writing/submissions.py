"""Submissions as rows: the submission and its own attachments, under one outcome."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from coach.documents.submissions import Attachment, Submission
from coach.legacy.deciding import provenance
from coach.legacy.deciding.provenance import Provenance
from coach.legacy.decoding.codec import Content
from coach.legacy.decoding.records import Decoded
from coach.legacy.writing import bulk
from coach.legacy.writing.copy_rows import CopyRow, Table
from coach.models import AssessmentSubmission, AttachmentMetadata

SUBMISSIONS = Table(
    AssessmentSubmission,
    Submission,
    late=["id", "learner_id"],
    given=["graded_by", "api_json", *provenance.WRITTEN],
)
ATTACHMENTS = Table(
    AttachmentMetadata,
    Attachment,
    late=["learner_id", "submission_id"],
    given=["position", *provenance.WRITTEN],
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
class SubmissionCopyRows:
    """The lines of one submission that is not there yet."""

    submission: CopyRow
    attachments: list[CopyRow]
    learner_id: int = 0


def find_provenance(submission_ids: Collection[str]) -> dict[str, Provenance]:
    """The marks of the submissions with those ids."""
    return {key: Provenance(*columns) for key, *columns in _MARKED.rows(submission_ids)}


_MARKED = provenance.Finder(
    lambda submission_ids: (
        AssessmentSubmission.objects.filter(submission_id__in=submission_ids)
        .order_by()
        .values_list("submission_id", "pk", "learner_id", "learner__username", *provenance.COLUMNS)
    )
)


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
    submission.graded_by = _grader(document.grading)
    attachments = []
    for position, attachment in enumerate(document.attachments):
        row = bulk.blank(AttachmentMetadata)
        provenance.leave(row)
        row.apply_document(attachment, position=position)
        attachments.append(row)
    return SubmissionRows(submission, attachments, decoded.username)


def copy_rows(content: Content, marked: tuple[Any, ...]) -> SubmissionCopyRows:
    """The copy rows of a submission, which equal the rows that `build` makes of it."""
    submission = content.members
    given = (str(_grader(submission.grading)), content.submission_api_json(), *marked)
    attachments = [
        ATTACHMENTS.copy_row(content, attachment, position, *provenance.NONE)
        for position, attachment in enumerate(submission.attachments)
    ]
    return SubmissionCopyRows(SUBMISSIONS.copy_row(content, submission, *given), attachments)


def _grader(grading: Any) -> AssessmentSubmission.Grader:
    graders = AssessmentSubmission.Grader
    return graders.IMPORTED if grading else graders.NOBODY


def insert(built: Sequence[SubmissionCopyRows]) -> None:
    """Write submissions that are not there yet."""
    numbered = list(zip(bulk.numbers(AssessmentSubmission, len(built)), built, strict=True))
    bulk.write(SUBMISSIONS, [((number, lines.learner_id), lines.submission) for number, lines in numbered])
    bulk.write(
        ATTACHMENTS,
        [((lines.learner_id, number), line) for number, lines in numbered for line in lines.attachments],
    )


def update(pairs: Sequence[tuple[SubmissionRows, SubmissionRows]]) -> None:
    """Turn submissions' rows, the first of each pair, into the second ones, writing only what differs."""
    changes = bulk.Changes()
    for old, new in pairs:
        if old.submission.grading == new.submission.grading:
            new.submission.graded_by = old.submission.graded_by
        _adopt(new, old.submission.pk)
        changes.update(old.submission, new.submission)
        before = {row.position: row for row in old.attachments}
        changes.replace(before, {row.position: row for row in new.attachments})
    changes.write()


def _adopt(rows: SubmissionRows, submission_id: int) -> None:
    for row in rows.attachments:
        row.submission_id = submission_id
