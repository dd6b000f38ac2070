"""Attachment bytes that lie in the storage, seen from the rows that refer to them."""

import contextlib
import datetime as dt
from collections.abc import Iterable

from coach import attachments as storage
from coach.models import AttachmentMetadata, RecordVersion


def release(paths: Iterable[str]) -> list[str]:
    """Remove bytes that no attachment and no version refers to any more; the paths where the storage failed.

    Paths that lead nowhere are left alone.
    """
    failed = []
    for path in set(paths):
        try:
            if not _in_use(path):
                storage.delete(path)
        except storage.UnsafePath:
            continue
        except storage.StorageError:
            # The row is gone, which is what was asked for; `maintain` tries again.
            failed.append(path)
    return failed


def orphans(*, older_than: dt.timedelta) -> Iterable[str]:
    """The paths of uploaded bytes that no attachment refers to; younger ones may belong to a running upload."""
    for path in storage.uploads():
        # Another machine may have removed it.
        with contextlib.suppress(storage.StorageError):
            if storage.age(path) > older_than and not _in_use(path):
                yield path


def remove_orphans(*, older_than: dt.timedelta) -> int:
    """Remove them; how many there were."""
    return sum(not release([path]) for path in orphans(older_than=older_than))


def _in_use(path: str) -> bool:
    return any(
        model.objects.filter(stored_path=path).exists() for model in (AttachmentMetadata, RecordVersion)
    )
