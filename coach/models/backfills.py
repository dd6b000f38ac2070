"""The ledger of imports: runs and what they found."""

from __future__ import annotations

from django.db import models

from coach.documents.base import LONGEST_IDENTIFIER, utc_now
from coach.models.database.constraints import holds, index
from coach.models.database.fields import DocumentField, Parsed
from coach.models.runs import Run


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
            holds(
                "backfill_run_state_known",
                state__in=(
                    "queued",
                    "running",
                    "done",
                    "done_with_rejects",
                    "interrupted",
                    "aborted",
                    "failed",
                ),
            ),
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


class BackfillFinding(models.Model):
    """One record that was rejected or conflicts, or the bytes of an attachment that could not be had."""

    class Outcome(models.TextChoices):
        REJECTED = "rejected"
        CONFLICT = "conflict"
        FILE = "file", "no bytes"

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

    error_list = Parsed[list[dict[str, object]]]("errors")

    class Meta:
        verbose_name = "backfill finding"
        ordering = ("run", "id")
        constraints = (holds("backfill_finding_outcome_known", outcome__in=("rejected", "conflict", "file")),)
        indexes = (
            models.Index(
                fields=("natural_key",), name="backfill_finding_by_key", opclasses=("text_pattern_ops",)
            ),
            index("backfill_finding_by_username", "username"),
        )

    def __str__(self) -> str:
        return f"{self.store} {self.place}: {self.code}"
