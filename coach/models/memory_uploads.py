"""The outbox of memory notes: what still has to reach the vector store, and what has."""

import datetime as dt
from typing import Self

from django.db import models

from coach.documents.base import LONGEST_IDENTIFIER, utc_now
from coach.models.database.constraints import holds, index, unique
from coach.models.learners import LearnerProfile


class MemoryUploadQuerySet(models.QuerySet["MemoryUpload"]):
    def due(self, now: dt.datetime) -> Self:
        """Queued, its time come, and without a running lease; the longest waiting first."""
        free = models.Q(lease_expires_at=None) | models.Q(lease_expires_at__lte=now)
        queued = self.filter(free, state=MemoryUpload.State.QUEUED, next_attempt_at__lte=now)
        return queued.order_by("next_attempt_at", "id")


class MemoryUpload(models.Model):
    """One note on its way to the vector store, or back out of it.

    It outlives its note: `withdrawn` says that the note is gone, and that its copy at the store is to be
    removed. The note is named by learner and id, so that an import which rewrites the row changes nothing.
    `doubtful_until` is set while it is unknown whether an attempt reached the store; no such attempt goes on
    after that instant. Look at the store before sending again.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        STORED = "stored", "in the vector store"
        DEAD = "dead", "given up"

    learner = models.ForeignKey(
        LearnerProfile,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="memory_uploads",
        db_index=False,
    )
    note_id = models.CharField(max_length=LONGEST_IDENTIFIER)
    vector_store_id = models.CharField(max_length=LONGEST_IDENTIFIER)
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    withdrawn = models.BooleanField(default=False)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=utc_now)
    lease_token = models.CharField(max_length=32, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    doubtful_until = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=64, unique=True)
    remote_file_id = models.CharField(max_length=LONGEST_IDENTIFIER, blank=True, default="")
    last_error = models.CharField(max_length=200, blank=True, default="")
    queued_at = models.DateTimeField(default=utc_now)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = MemoryUploadQuerySet.as_manager()

    class Meta:
        verbose_name = "memory upload"
        ordering = ("-id",)
        constraints = (
            unique("memory_upload_once_per_note", "learner", "note_id"),
            holds("memory_upload_state_known", state__in=("queued", "stored", "dead")),
        )
        indexes = (index("memory_upload_due", "next_attempt_at", "id", state="queued"),)

    def __str__(self) -> str:
        return self.idempotency_key
