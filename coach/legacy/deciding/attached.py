"""Which attachments the submissions of an input hold: those are not pending, whatever the store of attachments says."""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from coach.legacy.deciding import provenance
from coach.legacy.deciding.deduplication import Deduplication
from coach.legacy.deciding.provenance import Pair
from coach.legacy.decoding import records
from coach.legacy.decoding.records import Decoded
from coach.legacy.reading.index import Index
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

    def __init__(self, files: Sequence[StoreFile], *, rehearsed: Index | None = None) -> None:
        """`rehearsed` holds the names of learners that a rehearsal would have created.

        `gone` are the primary keys of attachments that it would have deleted.
        """
        self.gone: set[int] = set()
        self._files = [file for file in files if Store.SUBMISSIONS in file.stores]
        self._sieves = [
            Deduplication(Store.SUBMISSIONS, file.index, rehearsed=rehearsed) for file in self._files
        ]
        self._index: sqlite3.Connection | None = None

    @property
    def knows_submissions(self) -> bool:
        """Whether the input has submissions at all."""
        return bool(self._files)

    def held(self, pairs: Collection[Pair]) -> set[Pair]:
        """Those of these attachments that a submission of their learner holds, one that counts."""
        found = [
            (name, key, submission.key)
            for name, key in set(pairs)
            for submission in self._submissions(key)
            if submission.username == name
        ]
        marks = provenance.find(Store.SUBMISSIONS, {submission_id for _, _, submission_id in found})
        others = {submission_id: mark.username for submission_id, mark in marks.items()}
        return {(name, key) for name, key, number in found if others.get(number, name) == name}

    def _submissions(self, key: str) -> Iterator[Decoded]:
        """Those that can be decoded, are the first of their id, and hold an attachment of that id."""
        self._index = self._index or self._read()
        rows = self._index.execute("SELECT file, ordinal FROM attached WHERE key = ?", (key,))
        for number, ordinal in rows.fetchall():
            [raw] = next(self._files[number].index.chunks(Store.SUBMISSIONS, start=ordinal, size=1))
            admitted = self._sieves[number].admit(records.decode(raw))
            if isinstance(admitted, Decoded):
                yield admitted

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
    yield from (key for key in found if isinstance(key, str))
