"""Where the records of a store lie: a temporary database on disk, so that memory does not grow with the store."""

import json
import sqlite3
from collections.abc import Iterable, Iterator

from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.reading.scanner import Buffer
from coach.legacy.stores import Store

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -512;
CREATE TABLE entry (
    store TEXT, ordinal INTEGER, place TEXT, owner TEXT, start INTEGER, "end" INTEGER, key TEXT, fault TEXT,
    checksum TEXT, PRIMARY KEY (store, ordinal)
) WITHOUT ROWID;
CREATE TABLE seen (name TEXT PRIMARY KEY, times INTEGER) WITHOUT ROWID;
"""
_COLUMNS = 'ordinal, place, owner, start, "end", key, fault, checksum'


# Records are decoded a batch at a time: what bounds the memory of a run, in bytes.
LARGEST_BATCH = 3 * 1024 * 1024


class Index:
    """The entries of one file. Without a name SQLite uses memory first, and a deleted file beyond."""

    def __init__(self, data: Buffer = b"") -> None:
        """`data` is the text that the entries lie in."""
        self._data = data
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(_SCHEMA)
        self._counts: dict[Store, int] = {}
        self._repeated: set[Store] = set()

    def close(self) -> None:
        self._database.close()

    def add(self, entries: Iterable[RawRecord]) -> None:
        """Take in records, those of one store in their order."""
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._rows(entries)
        )
        self._database.execute("COMMIT")

    def _rows(self, entries: Iterable[RawRecord]) -> Iterator[tuple[object, ...]]:
        for store, ordinal, place, owner, start, end, key, fault, checksum, _ in entries:
            # An owner as JSON: a member name may hold what no database stores (a lone surrogate).
            yield store._value_, ordinal, place, json.dumps(owner), start, end, key, fault, checksum

    def complete(self) -> None:
        """All entries are in: count them, and find the duplicate keys."""
        rows = self._database.execute("SELECT store, count(*) FROM entry GROUP BY store")
        self._counts = {Store(store): count for store, count in rows}
        self._database.executescript(
            """
            CREATE INDEX entry_key ON entry (store, key, ordinal);
            CREATE TABLE repeated AS
                SELECT store, key FROM entry WHERE key IS NOT NULL GROUP BY store, key HAVING count(*) > 1;
            CREATE INDEX repeated_key ON repeated (store, key);
            """
        )
        self._repeated = {
            Store(store) for [store] in self._database.execute("SELECT DISTINCT store FROM repeated")
        }

    def assume(self, store: Store, count: int) -> None:
        """So many entries there are, none of which will be asked for."""
        self._counts[store] = count

    def count(self, store: Store) -> int:
        return self._counts.get(store, 0)

    def chunks(self, store: Store, *, start: int, size: int) -> Iterator[list[RawRecord]]:
        """The entries from ordinal `start` on, at most `size` at a time and as many as stay below LARGEST_BATCH."""
        chunk: list[RawRecord] = []
        held = 0
        for entry in self.records(store, start=start):
            held += entry.end - entry.start
            if chunk and (len(chunk) == size or held > LARGEST_BATCH):
                yield chunk
                chunk, held = [], entry.end - entry.start
            chunk.append(entry)
        if chunk:
            yield chunk

    def records(self, store: Store, *, start: int = 0) -> Iterator[RawRecord]:
        """The entries from ordinal `start` on."""
        return self._select("store = ? AND ordinal >= ? ORDER BY ordinal", store, start)

    def is_duplicate(self, store: Store, key: str | None) -> bool:
        """Whether several entries of the store have that natural key."""
        if key is None or store not in self._repeated:
            return False
        found = self._database.execute("SELECT 1 FROM repeated WHERE store = ? AND key = ?", (store, key))
        return found.fetchone() is not None

    def holds(self, store: Store, key: str) -> bool:
        """Whether an entry of the store has that natural key."""
        found = self._database.execute("SELECT 1 FROM entry WHERE store = ? AND key = ?", (store, key))
        return found.fetchone() is not None

    def earlier(self, store: Store, key: str, *, before: int) -> Iterator[RawRecord]:
        """The entries with that natural key whose ordinal is less, in their order."""
        return self._select("store = ? AND key = ? AND ordinal < ? ORDER BY ordinal", store, key, before)

    def times(self, name: str) -> int:
        """How often that name has been asked for, this time included."""
        [(times,)] = self._database.execute(
            "INSERT INTO seen VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET times = times + 1 RETURNING times",
            (name,),
        )
        return int(times)

    def has(self, name: str) -> bool:
        """Whether `times` was asked for that name before."""
        return self._database.execute("SELECT 1 FROM seen WHERE name = ?", (name,)).fetchone() is not None

    def _select(self, condition: str, store: Store, *values: object) -> Iterator[RawRecord]:
        rows = self._database.execute(f"SELECT {_COLUMNS} FROM entry WHERE {condition}", (store, *values))
        for ordinal, place, owner, start, end, key, fault, checksum in rows:
            yield RawRecord(
                store, ordinal, place, json.loads(owner), start, end, key, fault, checksum, self._data
            )
