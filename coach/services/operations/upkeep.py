"""Upkeep: what is older than its retention is removed, in batches. Several machines may do it at once, and again at any time."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django_q.models import Task

from coach import attachments as storage
from coach import models
from coach.documents.base import utc_now
from coach.services.chat import files
from coach.services.keeping import erasing, staged_files, stored_bytes

BATCH = 1000


class StorageAway(Exception):
    """The storage of files does not answer: what is out of date in the database is removed, the files are not."""


def expired() -> list[QuerySet[Any]]:
    """The rows of each table that has a retention, as far as it is over."""
    finished = models.BackfillRun.objects.filter(finished_at__lt=_before("finding"))
    return [
        Session.objects.filter(expire_date__lt=utc_now()),
        models.AuditEvent.objects.filter(at__lt=_before("audit")),
        LogEntry.objects.filter(action_time__lt=_before("audit")),
        models.RecordVersion.objects.expired(),
        models.SessionAttachment.objects.filter(updated_at__lt=_before("session")),
        models.ChatThread.objects.filter(created_at__lt=_before("chat")),
        models.ChatFile.objects.filter(created_at__lt=_before("chat")),
        models.BackfillFinding.objects.filter(run__in=finished),
        models.ThrottleWindow.objects.filter(started__lt=int(_before("throttle").timestamp())),
        models.IdempotencyKey.objects.expired(),
        models.ExportRun.objects.filter(started_at__lt=_before("staging")),
        # What the worker could not do at once.
        Task.objects.filter(stopped__lt=_before("staging")),
    ]


def maintain() -> dict[str, int]:
    """Remove all of it, bytes that nothing refers to included; how many of what. Raises StorageAway."""
    counts = {str(rows.model._meta.verbose_name_plural): _remove(rows) for rows in expired()}
    try:
        erasing.remove_bytes(models.ErasedLearner.objects.filter(paths__isnull=False))
        counts["staged files"] = staged_files.remove(older_than=_days("staging"))
        counts["orphaned files"] = stored_bytes.remove_orphans(older_than=_days("orphan"))
    except (OSError, storage.StorageError) as error:
        raise StorageAway(f"Files were not removed, and will be the next time: {error}.") from error
    return counts


def _remove(rows: QuerySet[Any]) -> int:
    removed = 0
    while number := _remove_batch(rows):
        removed += number
    return removed


def _remove_batch(rows: QuerySet[Any]) -> int:
    """Remove a batch of rows that no other machine is removing; how many."""
    with transaction.atomic():
        keys = list(
            rows.order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH]
        )
        batch = rows.model._default_manager.filter(pk__in=keys)
        paths: set[str] = set()
        if rows.model is models.RecordVersion:
            paths = set(batch.exclude(stored_path=None).values_list("stored_path", flat=True))
        if rows.model is models.ChatFile:
            files.forget(batch)
        else:
            batch.delete()
    # Those that the storage does not remove now are orphans.
    stored_bytes.release(paths)
    return len(keys)


def _days(name: str) -> dt.timedelta:
    return dt.timedelta(days=settings.RETENTION_DAYS[name])


def _before(name: str) -> dt.datetime:
    return utc_now() - _days(name)
