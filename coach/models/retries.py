"""Keys under which clients repeat requests, with the answers that repetitions get."""

import datetime as dt
from typing import Self

from django.db import models

from coach.documents.base import utc_now

KEPT = dt.timedelta(hours=24)


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    def expired(self) -> Self:
        """Those whose answers are not kept any longer."""
        return self.filter(made_at__lt=utc_now() - KEPT)


class IdempotencyKey(models.Model):
    """One key of one caller, both as a digest. Without a status the request has no answer yet: it is at work, or broke off.

    Answers hold what a learner wrote, and are removed with the learner.
    """

    key = models.CharField(max_length=64, primary_key=True)
    request = models.CharField(max_length=64, help_text="Digest of method, path and body.")
    learner = models.ForeignKey("coach.LearnerProfile", null=True, on_delete=models.CASCADE)
    made_at = models.DateTimeField(default=utc_now, db_index=True)
    holder = models.CharField(max_length=32, help_text="What tells the request at work from its repetitions.")
    busy_until = models.DateTimeField(null=True, help_text="From then on a repetition takes over.")
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=100, default="")
    error_code = models.CharField(max_length=100, default="")
    body = models.BinaryField(default=b"")

    objects = IdempotencyKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "idempotency key"

    def __str__(self) -> str:
        return self.key
