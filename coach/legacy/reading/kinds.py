"""Whether a file holds the store that it was named as: judged by all of its records, never by some of them."""

import mmap

from coach.legacy.reading.natural_keys import KeyReader
from coach.legacy.stores import LAYOUTS, Store

_SAMPLES = 20


class KindCheck:
    """Sees where each record of a file lies, and its natural key as far as one could be read."""

    def __init__(self, store: Store, data: mmap.mmap) -> None:
        self._store, self._data = store, data
        self._has_keys = False
        self._all_lists, self._any_listed = True, False
        self._samples: list[tuple[int, int]] = []

    def add(self, start: int, end: int, key: str | None, *, is_listed: bool = False) -> None:
        self._any_listed = self._any_listed or is_listed
        self._has_keys = self._has_keys or key is not None
        if self._has_keys:
            return
        self._all_lists = self._all_lists and self._data[start] == ord("[")
        if len(self._samples) < _SAMPLES:
            self._samples.append((start, end))

    def other_store(self) -> str:
        """What the file seems to hold instead; empty where it may well be what it was named as."""
        if self._has_keys or not self._samples:
            return ""
        if self._all_lists:
            return "submissions or attachments" if not LAYOUTS[self._store].listed else ""
        # What stands in a list is no profile: it only lacks its own key.
        others = (
            store
            for store in reversed(Store)
            if store != self._store and (LAYOUTS[store].listed or not self._any_listed)
        )
        return next((str(store) for store in others if self._all_have_keys(store)), "")

    def _all_have_keys(self, store: Store) -> bool:
        reader = KeyReader(store, self._data)
        return all(reader.read(start, end) is not None for start, end in self._samples)
