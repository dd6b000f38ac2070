"""Submissions as rows: the submission and its own attachments, under one outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coach.documents.submissions import Attachment, Submission
from coach.legacy.deciding import provenance
from coach.legacy.deciding.stored_rows import SubmissionRows
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
class SubmissionCopyRows:
    """The lines of one submission that is not there yet."""

    submission: CopyRow
    attachments: list[CopyRow]
    learner_id: int = 0


def build(decoded: Decoded) -> SubmissionRows:
    """The rows that a submission record makes, not yet marked, owned, numbered or saved."""
    document = decoded.document
    assert isinstance(document, Submission)
    submission = AssessmentSubmission()
    submission.apply_document(document)
    submission.graded_by = grader(document.grading)
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
    given = (str(grader(submission.grading)), content.submission_api_json(), *marked)
    attachments = [
        ATTACHMENTS.copy_row(content, attachment, position, *provenance.NONE)
        for position, attachment in enumerate(submission.attachments)
    ]
    return SubmissionCopyRows(SUBMISSIONS.copy_row(content, submission, *given), attachments)


def grader(grading: Any) -> AssessmentSubmission.Grader:
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
