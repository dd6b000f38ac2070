"""What runs for longer than a request: what every run has in common, and exports."""

from __future__ import annotations

import os
import socket

from django.db import models

from coach.documents.base import utc_now
from coach.models.database.constraints import holds
from coach.models.database.fields import DocumentField, Parsed


def this_process() -> str:
    """Host and process id."""
    return f"{socket.gethostname()} {os.getpid()}"


class Run(models.Model):
    """Who started it, how it goes, and how it ended."""

    class State(models.TextChoices):
        QUEUED = "queued", "waiting for the worker"
        RUNNING = "running"
        DONE = "done"
        DONE_WITH_REJECTS = "done_with_rejects", "done, with rejects or conflicts"
        INTERRUPTED = "interrupted"
        ABORTED = "aborted", "aborted: too many rejects"
        FAILED = "failed"

    UNFINISHED = (State.QUEUED, State.RUNNING)

    actor = models.TextField()
    state = models.CharField(max_length=32, choices=State, default=State.RUNNING, db_index=True)
    started_at = models.DateTimeField(default=utc_now, db_index=True)
    heartbeat_at = models.DateTimeField(default=utc_now, help_text="Last sign of life, with each batch.")
    finished_at = models.DateTimeField(null=True, blank=True)
    process = models.TextField(blank=True, default="", help_text="Host and process id.")
    cancelled_by = models.TextField(blank=True, default="", help_text="Who asked for it to end early.")
    error = models.TextField(blank=True, default="")

    class Meta:
        abstract = True

    def counted(self) -> tuple[int, int]:
        """How many records are dealt with, and of how many; 0 where that is not known."""
        raise NotImplementedError

    @property
    def is_over(self) -> bool:
        return self.state not in self.UNFINISHED

    @property
    def per_cent(self) -> int:
        done, total = self.counted()
        return min(100, round(100 * done / total)) if total else 0

    @property
    def rate(self) -> float:
        """Records a second, so far."""
        seconds = ((self.finished_at or self.heartbeat_at) - self.started_at).total_seconds()
        return self.counted()[0] / seconds if seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How much longer it takes at this rate; None where that cannot be known."""
        done, total = self.counted()
        return max(0, total - done) / self.rate if self.rate and total else None


class ExportRun(Run):
    """One export that the worker makes. It goes with its file, a day later; the audit event stays."""

    what = models.CharField(max_length=32, help_text="The model whose rows are exported.")
    form = models.CharField(max_length=16, help_text="stores, json or csv.")
    keys = DocumentField(schema=list[int], help_text="The primary keys of the rows, in their order.")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    file = models.TextField(blank=True, default="", help_text="Where the file lies in the staging storage.")

    key_list = Parsed[list[int]]("keys")

    class Meta:
        verbose_name = "export"
        ordering = ("-started_at", "-id")
        constraints = (
            holds("export_run_state_known", state__in=("queued", "running", "done", "interrupted", "failed")),
        )

    def __str__(self) -> str:
        return f"export {self.pk}"

    def counted(self) -> tuple[int, int]:
        return self.done, self.total
