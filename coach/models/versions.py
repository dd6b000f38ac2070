"""What a learner's records held before they were changed or deleted."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Self

from django.conf import settings
from django.db import models

from coach.documents.base import LONGEST_IDENTIFIER, utc_now
from coach.models.audit import AuditEvent
from coach.models.backfills import BackfillRun
from coach.models.database.constraints import index
from coach.models.database.fields import DocumentField, Parsed
from coach.models.learners import LearnerProfile

Members = Mapping[str, Any]


class VersionQuerySet(models.QuerySet["RecordVersion"]):
    def expired(self, now: dt.datetime | None = None) -> Self:
        """Those that are older than VERSION_RETENTION_DAYS."""
        return self.filter(at__lt=(now or utc_now()) - dt.timedelta(days=settings.VERSION_RETENTION_DAYS))


class RecordVersion(models.Model):
    """The members of one record that a change replaced, as they were before it.

    `document` maps the changed members to their values before, NULL where the record did not exist. `after` maps
    the same members to fingerprints of their values after the change, NULL where the change deleted the record.
    """

    class Kind(models.TextChoices):
        PROFILE = "profile"
        SUBMISSION = "submission"
        ATTACHMENT = "attachment"
        NOTE = "note"

    learner = models.ForeignKey(
        LearnerProfile, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    kind = models.CharField(max_length=16, choices=Kind)
    natural_key = models.CharField(max_length=LONGEST_IDENTIFIER)
    actor = models.TextField()
    at = models.DateTimeField(default=utc_now, db_index=True)
    event = models.ForeignKey(
        AuditEvent, null=True, on_delete=models.SET_NULL, related_name="versions", db_index=False
    )
    run = models.ForeignKey(
        BackfillRun, null=True, on_delete=models.SET_NULL, related_name="versions", db_index=False
    )
    document = DocumentField(schema=dict[str, object], null=True)
    after = DocumentField(schema=dict[str, str], null=True)
    stored_path = models.TextField(
        null=True, help_text="Where the bytes of a deleted file are kept until this version expires."
    )

    before = Parsed["dict[str, object] | None"]("document")
    fingerprints = Parsed["dict[str, str] | None"]("after")

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = (
            index("version_learner_newest", "learner", "-id"),
            index("version_of_run", "run", run__isnull=False),
            index("version_of_event", "event", event__isnull=False),
            index("version_holds_bytes", "stored_path", stored_path__isnull=False),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.natural_key}"

    @classmethod
    def of_change(
        cls, kind: str, natural_key: str, *, before: Members | None, after: Members | None, **columns: Any
    ) -> "RecordVersion | None":
        """The version that a change leaves, not saved; None where no member differs.

        `before` and `after` are plain JSON values of the record's members, None where there was or is no record.
        """
        olds, news = _texts(before), _texts(after)
        names = [name for name in {**olds, **news} if olds.get(name) != news.get(name)]
        if not names:
            return None
        row = cls(kind=kind, natural_key=natural_key, **columns)
        if before is not None:
            members = (f"{_text(name)}:{olds.get(name, 'null')}" for name in names)
            row.document = "{" + ",".join(members) + "}"
        if after is not None:
            row.after = _text({name: _digest(news.get(name, "null")) for name in names})
        return row

    def members(self) -> list[str]:
        """The names of the members that the change touched."""
        return list(self.before or self.fingerprints or {})


def fingerprint(value: Any) -> str:
    """A short digest of a plain JSON value, by which a later look tells whether it is still the same."""
    return _digest(_text(value))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _texts(members: Members | None) -> dict[str, str]:
    # As text, since the order of a document's members counts.
    return {name: _text(value) for name, value in (members or {}).items()}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
