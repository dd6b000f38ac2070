"""What sessions with the coach leave behind: the attachments of a chat."""

import hashlib
from typing import Self

from django.db import models

from coach.documents.base import utc_now
from coach.documents.requests import ChatAttachment
from coach.models.database.constraints import unique
from coach.models.database.fields import DocumentField, Parsed


def digest(text: str) -> str:
    """A text of any length and any characters as a key of 64 characters."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class SessionAttachmentQuerySet(models.QuerySet["SessionAttachment"]):
    def of(self, session_id: str | None, *, owner: str) -> Self:
        """Those of a token's session, in order; without an id those of its common session."""
        return self.filter(owner=owner, session_key=digest(session_id or "")).order_by("id")


class SessionAttachment(models.Model):
    """A file that goes along with every message of a session. Clients choose both ids, so digests are the keys."""

    session_key = models.CharField(max_length=64)
    file_key = models.CharField(max_length=64)
    # The name of the token that made it; empty where there was none.
    owner = models.CharField(max_length=100, blank=True, default="", db_index=True)
    learner = models.ForeignKey("coach.LearnerProfile", null=True, blank=True, on_delete=models.CASCADE)
    attachment = DocumentField(schema=ChatAttachment)
    updated_at = models.DateTimeField(default=utc_now, db_index=True)

    document = Parsed[ChatAttachment]("attachment")

    objects = SessionAttachmentQuerySet.as_manager()

    class Meta:
        ordering = ("session_key", "id")
        constraints = (unique("session_attachment_unique", "owner", "session_key", "file_key"),)

    def __str__(self) -> str:
        return f"attachment {self.pk}"
