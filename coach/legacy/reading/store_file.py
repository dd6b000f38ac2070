"""Store files: checked whole before anything is written, then read record by record.

Checking leaves an index in a temporary database: where each record lies, its natural key and its checksum. So
memory does not grow with the store, duplicate keys are known beforehand, and reading again is a look-up.
"""

import codecs
import contextlib
import hashlib
import json
import mmap
import os
from collections.abc import Callable, Iterator, Set
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from coach.documents import json_paths
from coach.legacy.codes import Code
from coach.legacy.reading import opening, raw_records
from coach.legacy.reading.index import Index
from coach.legacy.reading.opening import LARGEST_UNPACKED, RefusedFile
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.reading.scanner import Cursor, Malformed
from coach.legacy.stores import LAYOUTS, MANIFEST, Store

_TEXT_BYTES = 256 * 1024
# Of a mapped file at most about this much is held at once.
_HELD_BYTES = 16 * 1024 * 1024
# So many records without a key of their own are looked at for the key of another store.
_SAMPLES = 20


Entries = Callable[["StoreFile"], Iterator[RawRecord]]


class ChangedFile(RefusedFile):
    """The file is not what it was when it was checked."""


class StoreFile:
    """A store that was checked whole. Use `open_store`, and close it in the end.

    `size` (in bytes) and `sha256` (in hexadecimal) are those of the file as it lies on the disk, `text_sha256` is that of
    its text, which differs for gzip; `records` counts every record, good or bad.
    """

    def __init__(
        self, path: Path, store: Store | None, file: BinaryIO, text: BinaryIO, entries: Entries
    ) -> None:
        """`store` is None for a file whose records belong to several stores; `entries` says where they lie."""
        self.path, self.store, self._entries = path, store, entries
        self._file, self._text = file, text
        self._identity = _identity(file)
        self.size = os.fstat(file.fileno()).st_size
        self.data = mmap.mmap(text.fileno(), 0, access=mmap.ACCESS_READ)
        # A byte order mark is no part of the text.
        self.start = len(codecs.BOM_UTF8) if self.data[:3] == codecs.BOM_UTF8 else 0
        self.text_sha256 = _digest(text)
        self.sha256 = self.text_sha256 if text is file else _digest(file)
        self.index = Index(self.data)
        self._released = 0

    def inspect(self, records: int | None = None) -> None:
        """Check it whole; raises RefusedFile. `records` is how many it holds, where the very same bytes were checked before."""
        if records is None or self.store is None:
            self._inspect()
        else:
            self.index.assume(self.store, records)
        self._compare_with_manifest()

    def _inspect(self) -> None:
        self._check_text()
        try:
            self.index.add(self._entries(self))
        except Malformed as error:
            raise RefusedFile(self.path, f"not one complete JSON value: {error}") from None
        self.index.complete()
        if self.store and (found := _other_store(self, self.store)):
            raise RefusedFile(self.path, f"it holds {found}, where {self.store} are expected")
        self.check_unchanged()

    def _check_text(self) -> None:
        """Make sure that the text is UTF-8."""
        decoder, at = codecs.getincrementaldecoder("utf-8")(), 0
        self._text.seek(0)
        try:
            while chunk := self._text.read(_TEXT_BYTES):
                decoder.decode(chunk)
                at += len(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            begun = at - len(decoder.getstate()[0])
            raise RefusedFile(self.path, f"not UTF-8 (byte {begun + error.start})") from None

    def _compare_with_manifest(self) -> None:
        """Compare it with its folder's manifest, where a gzip file may be named as it lies there or as what it unpacks to."""
        files, sha256 = _manifest(self.path.with_name(MANIFEST)), self.sha256
        declared = files.get(self.path.name)
        if declared is None:
            unpacked, sha256 = files.get(self.path.name.removesuffix(".gz"), {}), self.text_sha256
            declared = {"sha256": unpacked.get("sha256", sha256)}
        if declared.get("sha256", sha256) != sha256:
            raise RefusedFile(self.path, f"its sha256 is {sha256}, and not the one that {MANIFEST} names")
        if declared.get("size", self.size) != self.size:
            raise RefusedFile(self.path, f"it has {self.size} bytes, and not as many as {MANIFEST} says")

    @property
    def stores(self) -> list[Store]:
        """The stores that the file's records belong to."""
        return list(Store) if self.store is None else [self.store]

    @property
    def records(self) -> int:
        return sum(self.index.count(store) for store in self.stores)

    def batches(
        self, store: Store, size: int, *, start: int = 0, usernames: Set[str] = frozenset()
    ) -> Iterator[list[RawRecord]]:
        """The records of that store from ordinal `start` on, all or those of some learners, in batches of at most `size`.

        Raises ChangedFile where the file is written to meanwhile.
        """
        for records in self.index.chunks(store, start=start, size=size):
            self.check_unchanged()
            if wanted := [raw for raw in records if raw.learner in usernames] if usernames else records:
                yield wanted
            self.release(records[-1].end)

    def release(self, position: int) -> None:
        """Give the pages of the mapped text back, as a walk through it has come to `position` (in bytes).

        They count as this process's memory while they are mapped, and a store may be larger than what the machine grants. Another
        walk begins before the position of the last one.
        """
        if abs(position - self._released) >= _HELD_BYTES and hasattr(mmap, "MADV_DONTNEED"):
            self.data.madvise(mmap.MADV_DONTNEED)
            self._released = position

    def check_unchanged(self) -> None:
        """Raises ChangedFile if the file was written to since it was checked."""
        try:
            same = _identity(self._file) == self._identity
        except OSError:
            same = False
        if not same:
            raise ChangedFile(self.path, "the file was changed while it was being read")

    def describe(self) -> dict[str, object]:
        """What the ledger and the report keep of the file."""
        return {
            "store": str(self.store or "rejects"),
            "name": self.path.name,
            "path": str(self.path),
            "size": self.size,
            "sha256": self.sha256,
            "records": self.records,
        }

    def close(self) -> None:
        self.index.close()
        with contextlib.suppress(BufferError):  # an exception on its way still looks at the text
            self.data.close()
        self._text.close()
        self._file.close()


def open_store(
    path: Path, store: Store, *, largest: int = LARGEST_UNPACKED, inspect: bool = True
) -> StoreFile:
    """Open a store and check it whole; raises RefusedFile.

    Checked are: readable, not empty, UTF-8, one complete JSON value of the right shape, and the size and sha256 that a
    `manifest.json` beside it names. `largest` is what gzip may unpack to, in bytes; without `inspect` only the digests
    are taken, and the caller inspects it.
    """
    return open_text(path, store, lambda file: _whole_value(file, store), largest=largest, inspect=inspect)


def open_text(
    path: Path,
    store: Store | None,
    entries: Entries,
    *,
    largest: int = LARGEST_UNPACKED,
    inspect: bool = True,
) -> StoreFile:
    """Open a file of records and check it whole; `entries` says where its records lie. Raises RefusedFile."""
    with contextlib.ExitStack() as undone:
        file = undone.enter_context(opening.open_regular(path))
        text = undone.enter_context(opening.text_of(path, file, largest=largest))
        opened = undone.enter_context(contextlib.closing(StoreFile(path, store, file, text, entries)))
        if inspect:
            opened.inspect()
        undone.pop_all()
    return opened


def _identity(file: BinaryIO) -> tuple[int, ...]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # it reads into


def _manifest(path: Path) -> dict[str, dict[str, Any]]:
    """What a manifest says of each file, by name; nothing where there is none."""
    if not path.exists():
        return {}
    with opening.open_regular(path) as file:
        try:
            files = json.loads(file.read())["files"]
            return {str(name): dict(members) for name, members in files.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            reason = 'no manifest: {"files": {NAME: {"sha256": …, "size": …, "records": …}}} is expected'
            raise RefusedFile(path, reason) from None


def _other_store(opened: StoreFile, store: Store) -> str:
    """What a file seems to hold instead; empty where it may be that store. No record has the natural key of this one, then."""
    records = opened.index.records
    samples = list(islice(records(store), _SAMPLES))
    if not samples or any(record.key is not None for record in records(store)):
        return ""
    if all(opened.data[record.start] == ord("[") for record in records(store)):
        return "" if LAYOUTS[store].listed else "submissions or attachments"
    is_listed = any(record.owner is not None and not record.fault for record in records(store))
    for other in reversed(Store):
        # What stands in a list is no profile: it only lacks its own key.
        if other == store or (is_listed and not LAYOUTS[other].listed):
            continue
        if all(
            raw_records.natural_key(other, opened.data, record.start, record.end) is not None
            for record in samples
        ):
            return str(other)
    return ""


# Place, owner, where it lies, and what is wrong with the place.
_Span = tuple[str, str | None, tuple[int, int], str]

# --- what stands where ----------------------------------------------------------------------------


def _whole_value(opened: StoreFile, store: Store) -> Iterator[RawRecord]:
    cursor = Cursor(opened.data)
    cursor.at = opened.start
    for ordinal, (place, owner, span, fault) in enumerate(_spans(opened, store, cursor)):
        yield raw_records.cut_out(store, place, owner, span, fault, opened.data, ordinal=ordinal)
        opened.release(cursor.at)
    try:
        cursor.end()
    except Malformed as error:
        if opened.data[error.at - 1 : error.at] == b"\n" and opened.data[error.at] in b"{[":
            reason = (
                "it holds several JSON values (JSON lines), where one is expected: put their records into one"
            )
            raise RefusedFile(opened.path, reason) from None
        raise


def _spans(opened: StoreFile, store: Store, cursor: Cursor) -> Iterator[_Span]:
    first, listed = cursor.peek(), LAYOUTS[store].listed
    if listed and first == "{":
        return _listed(cursor)
    if not listed and first in "{[":
        return _members(cursor) if first == "{" else _elements(cursor)
    expected = "an object of lists" if listed else "an object or an array of profiles"
    raise RefusedFile(opened.path, f"{expected} is expected at the top")


def _elements(cursor: Cursor) -> Iterator[_Span]:
    for position in cursor.elements():
        yield f"$[{position}]", None, cursor.value(), ""


def _members(cursor: Cursor) -> Iterator[_Span]:
    for _, place, fault in _places(cursor):
        yield place, None, cursor.value(), fault


def _listed(cursor: Cursor) -> Iterator[_Span]:
    for name, place, fault in _places(cursor):
        if cursor.peek() != "[":
            yield place, name, cursor.value(), fault or Code.NOT_A_LIST
            continue
        for position in cursor.elements():
            yield f"{place}[{position}]", name, cursor.value(), fault


def _places(cursor: Cursor) -> Iterator[tuple[str, str, str]]:
    """Each member's name, its place, and what is wrong with that; later ones of the same name are `$.name#2`, and so on."""
    with contextlib.closing(Index()) as seen:
        for name in cursor.members():
            place = "$" + json_paths.step(name)
            times = seen.times(place)
            yield (name, place, "") if times == 1 else (name, f"{place}#{times}", Code.REPEATED_KEY)
