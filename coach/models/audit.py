"""Audit events: who did what to which learner, and when; never the contents."""

from django.db import models

from coach.documents.base import LONGEST_IDENTIFIER, utc_now
from coach.models.database.constraints import index
from coach.models.database.fields import DocumentField, Parsed
from coach.models.learners import LearnerProfile


class AuditEvent(models.Model):
    """One change. It outlives its learner, hence the name beside the key."""

    learner = models.ForeignKey(
        LearnerProfile,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="audit_events",
        db_index=False,
    )
    username = models.CharField(max_length=LONGEST_IDENTIFIER, blank=True, default="", db_index=True)
    at = models.DateTimeField(default=utc_now, db_index=True)
    actor = models.TextField(help_text="Who did it: `client`, `staff NAME`, `command`.")
    action = models.CharField(max_length=64, help_text="What was done, as noun.verb: `submission.graded`.")
    detail = DocumentField(
        schema=dict[str, object], default="{}", help_text="Ids and counts, never contents."
    )

    detail_members = Parsed[dict[str, object]]("detail")

    class Meta:
        ordering = ("-at", "-id")
        indexes = (index("audit_learner_newest", "learner", "-at"),)

    def __str__(self) -> str:
        return f"{self.action} {self.username}".strip()
