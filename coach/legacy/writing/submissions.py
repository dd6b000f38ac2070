"""Submissions as rows: the submission and its own attachments, under one outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coach.documents.submissions import Attachment, Submission
from coach.legacy.deciding import provenance
from coach.legacy.decoding.codec import Content
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
    """The copy rows of one submission."""

    submission: CopyRow
    attachments: list[CopyRow]
    learner_id: int = 0


def copy_rows(content: Content, marked: tuple[Any, ...]) -> SubmissionCopyRows:
    """The copy rows of a submission; `marked` is its provenance."""
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
    bulk.write(SUBMISSIONS, [(number, rows.learner_id, *rows.submission) for number, rows in numbered])
    bulk.write(
        ATTACHMENTS,
        [(rows.learner_id, number, *row) for number, rows in numbered for row in rows.attachments],
    )


def update(pairs: Sequence[tuple[AssessmentSubmission, SubmissionCopyRows]]) -> None:
    """Turn submissions and their attachments into what copy rows say, writing only what differs."""
    changes = bulk.Changes()
    grading, graded_by = map(SUBMISSIONS.own_columns.index, ("grading", "graded_by"))
    for old, new in pairs:
        row = list(new.submission)
        if old.grading == row[grading]:
            row[graded_by] = old.graded_by
        changes.update(SUBMISSIONS, old, tuple(row))
        late = (old.learner_id, old.pk)
        changes.replace(ATTACHMENTS, late, old.attachments.all(), new.attachments, key="position")
    changes.write()
