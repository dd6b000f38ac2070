"""Which attachments the submissions of an input hold: those are not pending, whatever the store of attachments says."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from coach.legacy.deciding.provenance import Pair
from coach.legacy.decoding import records
from coach.legacy.decoding.records import Decoded
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.reading.store_file import StoreFile
from coach.legacy.stores import Store

_BATCH = 1000


class _Attachment(msgspec.Struct):
    attachment_id: Any = None


class _Submission(msgspec.Struct):
    attachments: list[_Attachment] = []


_decoder = msgspec.json.Decoder(_Submission)


class Attached:
    """Reads the submissions once, when it is first asked; what it finds lies in a temporary database on disk."""

    def __init__(self, files: Sequence[StoreFile]) -> None:
        self._files = [file for file in files if Store.SUBMISSIONS in file.stores]
        self._index: sqlite3.Connection | None = None

    def held(self, pairs: Collection[Pair]) -> set[Pair]:
        """Those of these attachments that a submission of their learner holds."""
        return {(name, key) for name, key in pairs if any(owner == name for owner in self._owners(key))}

    def _owners(self, key: str) -> Iterator[str]:
        """The learners of the submissions that can be decoded and hold an attachment of that id."""
        self._index = self._index or self._read()
        rows = self._index.execute("SELECT file, ordinal FROM attached WHERE key = ?", (key,))
        for number, ordinal in rows.fetchall():
            [raw] = next(self._files[number].index.chunks(Store.SUBMISSIONS, start=ordinal, size=1))
            decoded = records.decode(raw)
            if isinstance(decoded, Decoded):
                yield decoded.username

    def _read(self) -> sqlite3.Connection:
        index = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        index.execute("CREATE TABLE attached (key TEXT, file INTEGER, ordinal INTEGER)")
        index.execute("BEGIN")
        for number, file in enumerate(self._files):
            for raws in file.batches(Store.SUBMISSIONS, _BATCH):
                rows = ((key, number, raw.ordinal) for raw in raws for key in _keys(raw))
                index.executemany("INSERT INTO attached VALUES (?, ?, ?)", rows)
        index.execute("COMMIT")
        index.execute("CREATE INDEX attached_key ON attached (key)")
        return index


def _keys(raw: RawRecord) -> Iterator[str]:
    try:
        found = [inner.attachment_id for inner in _decoder.decode(raw.raw).attachments]
    except (msgspec.MsgspecError, RecursionError):  # it is rejected
        return
    yield from (key for key in found if isinstance(key, str) and key.isprintable())
