"""Assessment submissions and the metadata of attachments."""

from operator import attrgetter
from typing import Self

from django.db import models

from coach.documents import submissions as documents
from coach.documents.assessment import GradingResult
from coach.documents.base import LONGEST_IDENTIFIER
from coach.documents.submissions import Attachment, PendingAttachment, Response, Submission
from coach.models.database import members
from coach.models.database.constraints import holds, index, unique
from coach.models.database.fields import DocumentField, Parsed
from coach.models.database.search import WordIndex
from coach.models.imported import Imported, ImportedQuerySet
from coach.models.learners import LearnerProfile


class SubmissionQuerySet(ImportedQuerySet["AssessmentSubmission"]):
    def newest_first(self) -> Self:
        """By falling time of submission; of equal times in the order of arrival."""
        return self.order_by("-submitted_at", "id")

    def of(self, username: str) -> Self:
        """Those of the learner of that (normal) name."""
        return self.filter(learner__username=username)


class AssessmentSubmission(Imported):
    """A learner's answers. `api_json` is derived: the submission as clients see it, attachments included."""

    class Grader(models.TextChoices):
        """Who gave the grade that stands."""

        NOBODY = "", "not graded"
        IMPORTED = "imported", "imported with its grade"
        PROVISIONAL = "provisional", "provisional, by rule"
        MODEL = "model", "language model"
        STAFF = "staff", "by hand"

    learner = models.ForeignKey(
        LearnerProfile, on_delete=models.CASCADE, related_name="submissions", db_index=False
    )
    submission_id = models.CharField(max_length=LONGEST_IDENTIFIER, unique=True)
    submitted_at = models.DateTimeField()
    responses = DocumentField(schema=list[Response], default="[]")
    metadata = DocumentField(schema=dict[str, str], default="{}")
    grading = DocumentField(schema=GradingResult, null=True, blank=True)
    graded_by = models.CharField(max_length=16, choices=Grader, blank=True, default=Grader.NOBODY)
    api_json = DocumentField(schema=documents.ServedSubmission, editable=False)

    response_list = Parsed[list[Response]]("responses")
    result = Parsed["GradingResult | None"]("grading")

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = "submission"
        ordering = ("-submitted_at", "id")
        constraints = (
            holds("submission_grader_known", graded_by__in=("", "imported", "provisional", "model", "staff")),
        )
        indexes = (
            index("submission_learner_newest", "learner", "-submitted_at", "id"),
            index("submission_newest", "-submitted_at", "id"),
            index("submission_grader_newest", "graded_by", "-submitted_at", "id"),
            # By learner, for who has one that waits: few rows.
            index("submission_to_grade", "learner", graded_by__in=("", "provisional")),
        )

    def __str__(self) -> str:
        return self.submission_id

    def apply_document(self, document: Submission) -> None:
        """Take over a submission's own members; its attachments are rows of their own."""
        members.take(self, document)
        self.api_json = documents.served(document).to_json()

    def to_document(self, *, username: str | None = None) -> Submission:
        """The submission as it is stored; learner and attachments are read unless they are given or fetched with it."""
        attachments = sorted(self.attachments.all(), key=attrgetter("position"))
        return Submission.model_construct(
            **members.of(self, Submission),
            username=self.learner.username if username is None else username,
            attachments=[row.to_document() for row in attachments],
        )

    def next_place(self) -> int:
        """The position after those of its attachments."""
        last = self.attachments.aggregate(models.Max("position"))["position__max"]
        return 0 if last is None else last + 1


class AttachmentQuerySet(ImportedQuerySet["AttachmentMetadata"]):
    def pending(self) -> Self:
        """Those that are attached to no submission yet."""
        return self.filter(submission__isnull=True)

    def of(self, username: str) -> Self:
        """Those of the learner of that (normal) name."""
        return self.filter(learner__username=username)

    def oldest_first(self) -> Self:
        """By rising time; of equal times in the order of arrival."""
        return self.order_by("created_at", "id")


class AttachmentMetadata(Imported):
    """What is known of an attachment; one without a submission is pending.

    `stored_path` is where its bytes lie, relative to the storage's root. Ids are unique among the
    pending ones; inside submissions they are whatever the submission says.
    """

    class Kind(models.TextChoices):
        FILE = "file"
        LINK = "link"
        NOTE = "note"

    learner = models.ForeignKey(
        LearnerProfile, on_delete=models.CASCADE, related_name="attachments", db_index=False
    )
    submission = models.ForeignKey(
        AssessmentSubmission,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="attachments",
        db_index=False,
    )
    position = models.PositiveIntegerField(default=0)
    attachment_id = models.CharField(max_length=LONGEST_IDENTIFIER)
    kind = models.CharField(max_length=16, choices=Kind)
    name = models.TextField()
    description = models.TextField(null=True, blank=True)
    url = models.TextField(null=True, blank=True)
    content_type = models.TextField(null=True, blank=True)
    size_bytes = models.BigIntegerField(null=True, blank=True)
    stored_path = models.TextField(null=True, blank=True)
    source = models.TextField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = "attachment"
        ordering = ("created_at", "id")
        constraints = (
            unique("attachment_id_unique_while_pending", "attachment_id", submission__isnull=True),
            unique("attachment_position_unique", "submission", "position", submission__isnull=False),
            holds("attachment_kind_known", kind__in=("file", "link", "note")),
        )
        indexes = (
            WordIndex(fields=("name",), name="attachment_name_words"),
            index("attachment_of_learner", "learner", "attachment_id"),
            # Of the pattern class: for the whole id and for its beginning.
            models.Index(
                fields=("attachment_id",), name="attachment_by_id", opclasses=("varchar_pattern_ops",)
            ),
            # Whether bytes are still in use.
            index("attachment_by_path", "stored_path", stored_path__isnull=False),
            index("attachment_newest", "-created_at", "id"),
            index("attachment_kind_newest", "kind", "-created_at", "id"),
            index("attachment_pending_newest", "-created_at", "id", submission__isnull=True),
            index("attachment_pending_oldest", "learner", "created_at", "id", submission__isnull=True),
        )

    def __str__(self) -> str:
        return self.attachment_id

    def apply_document(self, document: Attachment | PendingAttachment, *, position: int = 0) -> None:
        """Take over an attachment; `position` is its place (from 0) in its submission."""
        self.position = position
        self.source = None
        members.take(self, document)

    def to_document(self) -> Attachment:
        """The attachment as a submission stores it."""
        return Attachment.model_construct(**members.of(self, Attachment))

    def to_pending_document(self, *, username: str | None = None) -> PendingAttachment:
        """The attachment as the store of pending ones holds it."""
        name = self.learner.username if username is None else username
        return PendingAttachment.model_construct(**members.of(self, PendingAttachment), username=name)
