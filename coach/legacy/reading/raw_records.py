"""Raw records: the items of a store as they lie there, not yet decoded."""

import hashlib
from typing import NamedTuple

from coach.legacy.reading.scanner import Buffer
from coach.legacy.stores import Store


class RawRecord(NamedTuple):
    """One item of a store, not yet decoded. `ordinal` counts from 0 within its store.

    `owner` is the name of the member under which a list of records stands, as the store spells it (None where
    records stand alone). `key` is the natural key in normal form as far as it could be read, `fault` what the
    reader found wrong with the place itself, `checksum` the sha256 of the record's bytes: those from `start` to `end`
    of `data`.
    """

    store: Store
    ordinal: int
    place: str
    owner: str | None
    start: int
    end: int
    key: str | None
    fault: str
    checksum: str
    data: Buffer

    @property
    def raw(self) -> bytes:
        """The record's bytes, as they stand in the store."""
        return self.data[self.start : self.end]

    def __repr__(self) -> str:
        return f"<{self.store} {self.place}>"


def checksum(raw: bytes | memoryview) -> str:
    """The checksum of a record's bytes: equal bytes need no decoding."""
    return hashlib.sha256(raw).hexdigest()
