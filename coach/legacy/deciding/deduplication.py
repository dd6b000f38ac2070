"""Which records of an input count: those that fit, the first of each natural key, those of the learners asked for."""

import sys

from coach.legacy.codes import Code, Fault
from coach.legacy.deciding import provenance
from coach.legacy.decoding import records
from coach.legacy.decoding.records import Decoded, Rejected
from coach.legacy.reading.index import Index
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.stores import Store

_MOST_REMEMBERED = 10_000


class Deduplication:
    """Sorts out the decoded records of one store; `index` knows the duplicate keys of the input, None where none can.

    `rehearsed` holds the names of learners that a rehearsal would have created.
    """

    def __init__(self, store: Store, index: Index | None = None, *, rehearsed: Index | None = None) -> None:
        self.store = store
        self._index, self._rehearsed = index, rehearsed
        self._claims: dict[str, int | None] = {}

    def admit(self, decoded: Decoded | Rejected) -> Decoded | Rejected:
        """The decoded record; rejected where an earlier one that fits has the same key."""
        if isinstance(decoded, Rejected) or not self.is_duplicate(decoded.key):
            return decoded
        first = self._first(decoded.key)
        if first is None or decoded.raw.ordinal <= first:
            return decoded
        reason = "an earlier record of this input has the same key, and the first one counts"
        return records.reject(decoded.raw, Code.REPEATED_IN_INPUT, Fault("$", reason))

    def is_duplicate(self, key: str | None) -> bool:
        """Whether several records of the input have that natural key."""
        return self._index is not None and self._index.is_duplicate(self.store, key)

    def learners(self, names: set[str]) -> dict[str, int]:
        """The learners of those names that are there, or would be: username to primary key (0 in a rehearsal)."""
        found = provenance.learner_ids(names)
        if self._rehearsed is not None:
            found |= {name: 0 for name in names - found.keys() if self._rehearsed.has(name)}
        return found

    def _first(self, key: str) -> int | None:
        """The ordinal of the first record with that key that can be imported; None where none can."""
        assert self._index is not None
        if key not in self._claims:
            if len(self._claims) > _MOST_REMEMBERED:
                self._claims.clear()
            records_ = self._index.earlier(self.store, key, before=sys.maxsize)
            self._claims[key] = next((raw.ordinal for raw in records_ if self._fits(raw)), None)
        return self._claims[key]

    def _fits(self, raw: RawRecord) -> bool:
        decoded = records.decode(raw)
        if isinstance(decoded, Rejected):
            return False
        if self.store == Store.PROFILES:
            return True
        mark = provenance.find(self.store, {decoded.key}).get(decoded.key)
        is_others = mark is not None and not mark.used and mark.username != decoded.username
        return not is_others and bool(self.learners({decoded.username}))
