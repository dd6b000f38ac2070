"""Files of the console in the storage called `staging`: uploads that wait to be imported, reject files, and exports."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import secrets
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from django.core.files.base import File
from django.core.files.storage import Storage, storages

from coach.documents.base import utc_now
from coach.models import BackfillFinding

UPLOADS, REJECTS, EXPORTS = "imports", "rejects", "exports"
# How each line of a reject file begins.
_HEAD = re.compile(rb'\{"store": "(\w+)", "ordinal": (\d+),')


def storage() -> Storage:
    return storages["staging"]


def keep_rejects(run: int, path: Path) -> None:
    """Keep the reject file of a run, to be downloaded from any web server."""
    # Left behind by a run that was rolled back and whose number was given again.
    storage().delete(_rejects_of(run))
    if path.exists():
        with path.open("rb") as file:
            storage().save(_rejects_of(run), File(file))


def has_rejects(run: int) -> bool:
    """Whether there is a reject file of a run of these screens."""
    return storage().exists(_rejects_of(run))


def open_rejects(run: int) -> File[bytes]:
    """The reject file of a run of these screens, to be closed. Raises FileNotFoundError."""
    return storage().open(_rejects_of(run), "rb")


def drop_rejects(records: Iterable[tuple[int, str, int]]) -> None:
    """Take records, each a run with the store and the number there, out of the reject files of these screens."""
    dropped = set(records)
    for run in {run for run, _, _ in dropped}:
        if has_rejects(run):
            _rewrite(
                run, {(store, ordinal) for found, store, ordinal in dropped if found == run}.__contains__
            )


def drop_forgotten(run: int) -> None:
    """Take records without a finding out of the reject file of a run: an erasure went by before there was that file."""
    found = set(BackfillFinding.objects.filter(run=run).values_list("store", "ordinal"))
    _rewrite(run, lambda record: record not in found)


def remove(*, older_than: dt.timedelta) -> int:
    """Remove uploads that were never confirmed, reject files of runs without findings, and exports; how many files that were."""
    removed = 0
    runs = set(BackfillFinding.objects.values_list("run_id", flat=True).distinct())
    kept = {_rejects_of(run) for run in runs}
    for path in [f"{folder}/{name}" for folder in (UPLOADS, REJECTS, EXPORTS) for name in _names(folder)]:
        if path in kept:
            continue
        # Another machine may have removed it.
        with contextlib.suppress(OSError):
            if utc_now() - storage().get_modified_time(path) > older_than:
                storage().delete(path)
                removed += 1
    return removed


def keep_export(run: int, file: IO[bytes]) -> str:
    """Keep the file of an export, to be fetched from any web server; its path here, which nobody can guess."""
    return storage().save(f"{EXPORTS}/{run}-{secrets.token_hex(8)}", File(file))


def drop_export(path: str) -> None:
    """Remove the file of an export; none, or one that is not there, is no error."""
    if path:
        with contextlib.suppress(OSError):
            storage().delete(path)


def drop_exports() -> None:
    """Remove the files of all exports, those that a worker left when it died included."""
    for name in _names(EXPORTS):
        drop_export(f"{EXPORTS}/{name}")


def names_of(upload: str, kind: str) -> list[str]:
    """The files of one kind that lie beside an upload."""
    return [f"{UPLOADS}/{name}" for name in _names(UPLOADS) if name.startswith(f"{upload}.{kind}")]


def _rewrite(run: int, is_dropped: Callable[[tuple[str, int]], bool]) -> None:
    with tempfile.TemporaryFile() as kept:
        with open_rejects(run) as lines:
            for line in lines:
                head = _HEAD.match(line)
                if head is None or not is_dropped((head[1].decode(), int(head[2]))):
                    kept.write(line)
        kept.seek(0)
        storage().delete(_rejects_of(run))
        storage().save(_rejects_of(run), File(kept))


def _rejects_of(run: int) -> str:
    return f"{REJECTS}/run-{run}.jsonl"


def _names(folder: str) -> list[str]:
    try:
        return storage().listdir(folder)[1]
    except FileNotFoundError:
        return []
