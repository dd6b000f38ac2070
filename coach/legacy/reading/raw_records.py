"""Raw records: the items of a store as they lie there, not yet decoded; of each only the natural key is read."""

import hashlib
import re
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from coach.documents import usernames
from coach.documents.base import LONGEST_IDENTIFIER
from coach.legacy.codes import Code
from coach.legacy.reading.scanner import Buffer
from coach.legacy.stores import LAYOUTS, Store

# Most stores write the key first.
_LEADING_KEYS = {
    store: re.compile(rb'\{\s*+"%s"\s*+:\s*+"([^"\\]*+)"' % layout.key.encode())
    for store, layout in LAYOUTS.items()
}
# Of a record nothing but its key is decoded.
_KEY_DECODERS: dict[Store, msgspec.json.Decoder[Any]] = {
    store: msgspec.json.Decoder(msgspec.defstruct("Key", [("key", Any, None)], rename={"key": layout.key}))
    for store, layout in LAYOUTS.items()
}


class RawRecord(NamedTuple):
    """One item of a store, not yet decoded. `ordinal` counts from 0 within its store.

    `owner` is the name of the member under which a list of records stands, as the store spells it (None where
    records stand alone). `key` is the natural key in normal form as far as it could be read, `fault` what the
    reader found wrong with the place itself, `checksum` the sha256 of the record's bytes (equal bytes need no decoding):
    those from `start` to `end` of `data`.
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

    @property
    def learner(self) -> str | None:
        """The learner whose record it is, in normal form; None where that cannot be told."""
        return self.key if self.store == Store.PROFILES else normal_name(self.owner or "")

    def __repr__(self) -> str:
        return f"<{self.store} {self.place}>"


def cut_out(
    store: Store,
    place: str,
    owner: str | None,
    span: tuple[int, int],
    fault: str,
    data: Buffer,
    *,
    ordinal: int = 0,
) -> RawRecord:
    """The record whose bytes lie at that span of `data`, with its natural key and its checksum."""
    start, end = span
    key = None if fault == Code.UNREADABLE_LINE else natural_key(store, data, start, end)
    with memoryview(data) as text, text[start:end] as record:
        checksum = hashlib.sha256(record).hexdigest()
    return RawRecord(store, ordinal, place, owner, start, end, key, fault, checksum, data)


def natural_key(store: Store, data: Buffer, start: int, end: int) -> str | None:
    """The natural key of the record that lies there, in normal form, as far as it can be read: None where it cannot."""
    found = _LEADING_KEYS[store].match(data, start, end)
    key = found[1].decode() if found else _decoded_key(store, data, start, end)
    if not isinstance(key, str):
        return None
    if store == Store.PROFILES:
        return normal_name(key)
    return key if "\0" not in key and len(key) <= LONGEST_IDENTIFIER else None


def _decoded_key(store: Store, data: Buffer, start: int, end: int) -> Any:
    if data[start] != ord("{"):
        return None
    try:
        with memoryview(data) as text, text[start:end] as record:
            return _KEY_DECODERS[store].decode(record).key
    except (msgspec.MsgspecError, RecursionError):
        return None


@lru_cache(maxsize=1024)
def normal_name(text: str) -> str | None:
    """A learner's name in normal form; None where no learner can have it."""
    try:
        return usernames.normalise(text)
    except usernames.UnusableUsername:
        return None
