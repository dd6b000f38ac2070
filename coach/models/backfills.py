"""The ledger of what runs for longer than a request: imports and what they found, and exports."""

import os
import socket
from typing import Self

from django.db import models

from coach.documents.base import LONGEST_IDENTIFIER, utc_now
from coach.models.database.constraints import holds, index
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
    # Each record was dealt with.
    COMPLETE = (State.DONE, State.DONE_WITH_REJECTS)

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


class BackfillRun(Run):
    """One import, by the command or by staff."""

    class Source(models.TextChoices):
        COMMAND = "command"
        ADMIN = "admin"

    source = models.CharField(max_length=16, choices=Source)
    version = models.TextField(help_text="Version of the application that ran.")
    upload = models.CharField(
        max_length=32, null=True, unique=True, help_text="The upload that staff confirmed; only once."
    )
    options = DocumentField(schema=dict[str, object], default="{}")
    files = DocumentField(
        schema=list[dict[str, object]], default="[]", help_text="Name, size, sha256, records."
    )
    counts = DocumentField(
        schema=dict[str, dict[str, int]], default="{}", help_text="Store → outcome → records."
    )
    figures = DocumentField(
        schema=dict[str, object], default="{}", help_text="Unknown members, and bytes of attachments, so far."
    )
    checkpoint_store = models.CharField(max_length=16, blank=True, default="")
    checkpoint_ordinal = models.BigIntegerField(
        default=0, help_text="Records of that store that are committed."
    )

    file_list = Parsed[list[dict[str, object]]]("files")
    outcome_counts = Parsed[dict[str, dict[str, int]]]("counts")

    class Meta:
        verbose_name = "backfill run"
        permissions = (("import_stores", "Can import stores"), ("export_stores", "Can export data"))
        ordering = ("-started_at", "-id")
        constraints = (
            holds("backfill_run_source_known", source__in=("command", "admin")),
            holds("backfill_run_state_known", state__in=tuple(Run.State.values)),
        )

    def __str__(self) -> str:
        return f"run {self.pk}"

    def counted(self) -> tuple[int, int]:
        done = sum(counted.get("read", 0) for counted in self.outcome_counts.values())
        return done, sum(int(str(file.get("records") or 0)) for file in self.file_list)


class BackfillLock(models.Model):
    """Who may import: one row a lock. Each taking has a higher fence, which every batch checks."""

    name = models.CharField(max_length=32, primary_key=True)
    fence = models.BigIntegerField(default=0, help_text="How often it was taken.")
    holder = models.TextField(
        blank=True, default="", help_text="Host and process id; empty while it is free."
    )
    process = models.TextField(blank=True, default="", help_text="What tells that process from all others.")
    taken_at = models.DateTimeField(default=utc_now)
    heartbeat_at = models.DateTimeField(default=utc_now, help_text="Last sign of life.")

    class Meta:
        verbose_name = "backfill lock"

    def __str__(self) -> str:
        return self.name


class FindingQuerySet(models.QuerySet["BackfillFinding"]):
    def open(self) -> Self:
        """Those that still wait."""
        return self.filter(resolved_at=None)

    def resolve(self, resolution: str, *, by: str, run: BackfillRun | None = None) -> int:
        """Close findings; the text of their records, which is personal data, goes. Answers how many there were."""
        return self.update(
            resolution=resolution, resolved_at=utc_now(), resolved_by=by, resolved_run=run, record=None
        )


class BackfillFinding(models.Model):
    """One record that was rejected or conflicts, or the bytes of an attachment that could not be had.

    It is open until a run deals with its record or staff decide.
    """

    class Outcome(models.TextChoices):
        REJECTED = "rejected"
        CONFLICT = "conflict"
        FILE = "file", "no bytes"

    class Resolution(models.TextChoices):
        MENDED = "mended"
        THEIRS = "theirs", "taken from the store"
        OURS = "ours", "kept as it was here"
        CHOSEN = "chosen", "chosen member by member"
        LATER_RUN = "later_run", "dealt with by a later run"
        SET_ASIDE = "set_aside", "set aside"

    run = models.ForeignKey(BackfillRun, on_delete=models.CASCADE, related_name="findings")
    outcome = models.CharField(max_length=16, choices=Outcome)
    store = models.CharField(max_length=16)
    ordinal = models.BigIntegerField(default=0, help_text="The record's number (from 0) in its store.")
    place = models.TextField(help_text="Where the record stands in its store: `$.alice[3]`.")
    natural_key = models.TextField(
        blank=True, default="", help_text="Username or id, as far as it could be read."
    )
    username = models.CharField(
        max_length=LONGEST_IDENTIFIER,
        blank=True,
        default="",
        help_text="Whose record it is, as far as it could be read.",
    )
    checksum = models.CharField(
        max_length=64, blank=True, default="", help_text="sha256 of the record's bytes."
    )
    code = models.CharField(max_length=64)
    errors = DocumentField(schema=list[dict[str, object]], default="[]", help_text="Places and reasons.")
    record = models.TextField(
        null=True, blank=True, help_text="The store's record, until the finding is resolved."
    )
    resolution = models.CharField(max_length=16, choices=Resolution, blank=True, default="")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.TextField(blank=True, default="")
    resolved_run = models.ForeignKey(
        BackfillRun, null=True, on_delete=models.SET_NULL, related_name="resolved", db_index=False
    )

    error_list = Parsed[list[dict[str, object]]]("errors")

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = "backfill finding"
        ordering = ("run", "id")
        constraints = (holds("backfill_finding_outcome_known", outcome__in=("rejected", "conflict", "file")),)
        indexes = (
            models.Index(
                fields=("natural_key",), name="backfill_finding_by_key", opclasses=("text_pattern_ops",)
            ),
            index("backfill_finding_by_username", "username"),
            index("backfill_finding_open", "outcome", "-id", resolved_at__isnull=True),
            index("backfill_finding_resolved_by", "resolved_run", resolved_run__isnull=False),
        )

    def __str__(self) -> str:
        return f"{self.store} {self.place}: {self.code}"


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
