"""Chat threads of the ChatKit protocol, their items, and the files that clients uploaded."""

from django.db import models

from coach.documents.base import LONGEST_IDENTIFIER, utc_now
from coach.documents.sessions import Preferences
from coach.models.database.constraints import index, unique
from coach.models.database.fields import DocumentField, Parsed


class ChatThread(models.Model):
    """One conversation. `thread` is the protocol's own document; the preferences are ours."""

    thread_id = models.CharField(max_length=LONGEST_IDENTIFIER, unique=True)
    created_at = models.DateTimeField(default=utc_now)
    # The name of the token that made it; empty where there was none.
    owner = models.CharField(max_length=100, blank=True, default="", db_index=True)
    learner = models.ForeignKey("coach.LearnerProfile", null=True, blank=True, on_delete=models.CASCADE)
    thread = DocumentField()
    preferences = DocumentField(schema=Preferences, default="{}")

    preferred = Parsed[Preferences]("preferences")

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.thread_id


class ChatItem(models.Model):
    """One item of a thread, in the order of arrival; `item` is the protocol's own document."""

    thread = models.ForeignKey(ChatThread, on_delete=models.CASCADE, related_name="items", db_index=False)
    item_id = models.CharField(max_length=LONGEST_IDENTIFIER)
    kind = models.CharField(max_length=64)
    item = DocumentField()

    class Meta:
        ordering = ("thread", "id")
        constraints = (unique("chat_item_unique_in_thread", "thread", "item_id"),)
        indexes = (index("chat_item_in_order", "thread", "id"),)

    def __str__(self) -> str:
        return self.item_id


class ChatFile(models.Model):
    """What is known of an uploaded file, or of an attachment of the protocol; never the bytes."""

    class Kind(models.TextChoices):
        UPLOAD = "upload", "uploaded by a client"
        ATTACHMENT = "attachment", "attachment of the protocol"

    file_id = models.CharField(max_length=LONGEST_IDENTIFIER)
    kind = models.CharField(max_length=16, choices=Kind)
    # The name of the token that made it; empty where there was none.
    owner = models.CharField(max_length=100, blank=True, default="", db_index=True)
    learner = models.ForeignKey("coach.LearnerProfile", null=True, blank=True, on_delete=models.CASCADE)
    file = DocumentField()
    created_at = models.DateTimeField(default=utc_now, db_index=True)

    class Meta:
        ordering = ("-id",)
        constraints = (unique("chat_file_unique", "kind", "file_id"),)

    def __str__(self) -> str:
        return self.file_id
