"""The way back: the database as legacy stores, streamed, with a manifest; the inverse of the backfill.

Everything is read from one snapshot of the database, so the three files belong together even while the service runs.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

from django.db import connection, transaction
from django.db.models import QuerySet

from coach.documents.base import utc_now
from coach.legacy.decoding import unknown
from coach.legacy.proving import stored_json
from coach.legacy.proving.stored_json import StoredRecord
from coach.legacy.stores import LAYOUTS, MANIFEST, Progress, Store
from coach.models.database import replica

_BATCH = 40


@dataclass(frozen=True)
class Exported:
    """One file that was written; `misplaced` counts unknown members whose place in the document is gone."""

    path: Path
    store: Store
    size: int
    sha256: str
    records: int
    misplaced: int


class Refused(Exception):
    """The folder holds stores that an export must not replace; the message says which."""


def stores(
    folder: Path,
    *,
    inputs: Path | None = None,
    force: bool = False,
    usernames: frozenset[str] = frozenset(),
    progress: Progress = lambda store, done, total: None,
) -> list[Exported]:
    """Write the three stores and their manifest into a folder; `usernames` restricts it to those learners.

    Each file gets its name only when it is whole and on the disk; the manifest comes last. Raises OSError, and Refused
    where the folder holds stores: those of an earlier export give way to a whole one, others only to `force`, and those
    of the folder `inputs` to nothing.
    """
    _refuse_to_replace(folder, inputs, lenient=force or (not usernames and _is_export(folder)))
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        parts = {store: opened.enter_context(_Part(folder / LAYOUTS[store].file_name)) for store in Store}
        manifest = opened.enter_context(_Part(folder / MANIFEST))
        with replica.reading_as_of_now(), _snapshot():
            exported = [_write(store, parts[store], usernames, progress) for store in Store]
        _write_manifest(manifest, exported)
        # What can still fail for want of room fails before the first of the earlier files is gone.
        for part in (*parts.values(), manifest):
            part.finish()
        # A manifest that names other files must not survive the first of the new ones.
        manifest.path.unlink(missing_ok=True)
        for part in (*parts.values(), manifest):
            part.publish()
    return exported


def _refuse_to_replace(folder: Path, inputs: Path | None, *, lenient: bool) -> None:
    for path in _held(folder):
        if inputs and any(path.samefile(read) for read in _held(inputs)):
            raise Refused(f"{path} is what an import reads; name another folder")
        if not lenient:
            raise Refused(f"{path} is there already; name an empty folder, or replace it with --force")


def _held(folder: Path) -> list[Path]:
    """The stores in a folder, packed ones included, and their manifest."""
    names = [name for layout in LAYOUTS.values() for name in (layout.file_name, f"{layout.file_name}.gz")]
    return [folder / name for name in (*names, MANIFEST) if (folder / name).exists()]


def _is_export(folder: Path) -> bool:
    """Whether all stores in a folder are those that an export left there, as far as names and sizes tell."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        sizes = {name: file["size"] for name, file in manifest["files"].items() if manifest["exported_at"]}
        stores = [path for path in _held(folder) if path.name != MANIFEST]
        return {path.name: path.stat().st_size for path in stores}.items() <= sizes.items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


class _Part:
    """A file that is being written, under a name that nobody takes for the final one; gone at the end, unless published."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(f".{path.name}.part-{os.getpid()}")
        self._file = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._hashed = hashlib.sha256()
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A full disk refuses once more what is still to be written.
        with suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        return self._hashed.hexdigest()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._hashed.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """Have it whole on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def publish(self) -> None:
        self._part.replace(self.path)
        _sync_folder(self.path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _snapshot() -> Iterator[None]:
    """Every query within sees the database as it was at the first one; nobody waits for anybody."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    # Not atomic(): that takes SQLite's write lock at once, and a reader needs none.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _write(store: Store, part: _Part, usernames: frozenset[str], progress: Progress) -> Exported:
    rows = stored_json.rows(store, usernames)
    total, done, misplaced = rows.count(), 0, 0
    begin, end = (b"[\n", b"\n]") if LAYOUTS[store].listed else (b"", b"")
    part.write(b"{")
    for username, records in groupby(_records(store, rows), attrgetter("username")):
        part.write((b",\n" if done else b"\n") + json.dumps(username).encode() + b": " + begin)
        for number, held in enumerate(records):
            text, gone = _record(held)
            part.write((b",\n" if number else b"") + text)
            done, misplaced = done + 1, misplaced + gone
            progress(store, done, total)
        part.write(end)
    part.write(b"\n}\n")
    return Exported(part.path, store, part.size, part.sha256, done, misplaced)


def _records(store: Store, rows: QuerySet[Any]) -> Iterator[StoredRecord]:
    for numbers in _batches(rows, "pk" if store == Store.PROFILES else "learner_id"):
        held = stored_json.of(store, numbers)
        for number in numbers:
            yield held.pop(number)


def _batches(rows: QuerySet[Any], column: str) -> Iterator[list[int]]:
    """Primary keys, a batch at a time; each batch begins where the last one ended."""
    after: tuple[int, int] = (-1, -1)
    while True:
        later = rows.filter(**{f"{column}__gte": after[0]}).exclude(**{column: after[0], "pk__lte": after[1]})
        batch = list(later.values_list(column, "pk")[:_BATCH])
        if not batch:
            return
        yield [pk for _, pk in batch]
        after = batch[-1]


def _record(held: StoredRecord) -> tuple[bytes, int]:
    """The record's text, and how many of its unknown members have no place any more."""
    if not held.unknown_members:
        return held.text, 0
    record = json.loads(held.text)
    gone = unknown.put_back(record, held.unknown_members)
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(), len(gone)


def _write_manifest(part: _Part, exported: list[Exported]) -> None:
    files = {
        file.path.name: {"sha256": file.sha256, "size": file.size, "records": file.records}
        for file in exported
    }
    part.write(json.dumps({"files": files, "exported_at": utc_now().isoformat()}, indent=1).encode() + b"\n")
