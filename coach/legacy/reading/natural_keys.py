"""Natural keys of raw records, read without reading the records."""

import mmap
import re
from typing import Any

import msgspec

from coach.documents import usernames
from coach.legacy.stores import LAYOUTS, Store

# Of a record nothing but its key is decoded.
_KEY_DECODERS: dict[Store, msgspec.json.Decoder[Any]] = {
    store: msgspec.json.Decoder(msgspec.defstruct(layout.key, [(layout.key, Any, None)]))
    for store, layout in LAYOUTS.items()
}


class KeyReader:
    """Reads the natural keys of records without reading the records."""

    def __init__(self, store: Store, data: bytes | mmap.mmap) -> None:
        self._name = LAYOUTS[store].key
        self._usernames = store == Store.PROFILES
        self._decoder = _KEY_DECODERS[store]
        self._data = data
        # Most stores write the key first.
        self._leading = re.compile(rb'\{\s*+"%s"\s*+:\s*+"([^"\\]*+)"' % self._name.encode())

    def read(self, start: int, end: int) -> str | None:
        """The natural key in normal form, as far as it can be read: None where it cannot."""
        found = self._leading.match(self._data, start, end)
        value = found[1].decode() if found else self._decoded(start, end)
        if not isinstance(value, str):
            return None
        return self._normal(value) if self._usernames else _storable(value)

    def _decoded(self, start: int, end: int) -> Any:
        if self._data[start] != ord("{"):
            return None
        try:
            with memoryview(self._data) as text, text[start:end] as record:
                return getattr(self._decoder.decode(record), self._name)
        except (msgspec.MsgspecError, RecursionError):
            return None

    def _normal(self, text: str) -> str | None:
        try:
            return usernames.normalise(text)
        except usernames.UnusableUsername:
            return None


def _storable(text: str) -> str | None:
    return text if "\0" not in text and len(text) <= 255 else None
