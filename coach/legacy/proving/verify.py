"""The proof: every document re-derived from the database and compared with the stores, member by member.

Each record's text is put together from the rows as they are, and the store's record is spelled out alike: equal texts are
equal documents. Only where the texts differ, both are read as documents and compared.

Writes nothing and locks nothing, so it can run beside the service. Differences are named by path, never by content.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from coach.documents import differences
from coach.legacy.deciding import provenance, stored_rows
from coach.legacy.deciding.deduplication import Deduplication, owner
from coach.legacy.deciding.provenance import Provenance
from coach.legacy.deciding.stored_rows import Rows
from coach.legacy.decoding import records
from coach.legacy.decoding.records import Decoded, Rejected
from coach.legacy.proving import stored_json
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.reading.store_file import StoreFile
from coach.legacy.stores import Store

MOST_DIFFERENCES = 1000
_BATCH = 200


@dataclass(frozen=True)
class Difference:
    """One record that the database does not hold as the store does; `paths` are the members that differ."""

    store: Store
    place: str
    key: str
    paths: tuple[str, ...]


@dataclass
class Verification:
    """Counts per store (`equal`, `different`, `missing`, `rejected`), and the first MOST_DIFFERENCES differences."""

    files: list[dict[str, object]]
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    left_out: int = 0

    def total(self, word: str) -> int:
        return sum(counts[word] for counts in self.counts.values())

    @property
    def equal(self) -> bool:
        """Whether the database holds every importable record exactly."""
        return not self.total("different") and not self.total("missing")


def compare(
    files: Sequence[StoreFile],
    *,
    usernames: frozenset[str] = frozenset(),
    progress: Callable[[Store, int, int], None] = lambda store, done, total: None,
) -> Verification:
    """Compare checked files with the database; `usernames` (normal form) restricts it to those learners."""
    result = Verification(files=[file.describe() for file in files])
    for store in Store:
        for file in files:
            if store in file.stores and (file.store or file.index.count(store)):
                _one_store(result, file, store, usernames, progress)
    return result


def _one_store(
    result: Verification,
    file: StoreFile,
    store: Store,
    usernames: frozenset[str],
    progress: Callable[[Store, int, int], None],
) -> None:
    counts = result.counts.setdefault(
        store, dict.fromkeys(("read", "equal", "different", "missing", "rejected"), 0)
    )
    sieve = Deduplication(store, file.index)
    for batch in _read_ahead(file.batches(store, _BATCH), usernames):
        admitted = [sieve.admit(item) for item in batch.records]
        counts["read"] += len(admitted)
        counts["rejected"] += sum(isinstance(item, Rejected) for item in admitted)
        _one_batch(result, store, [item for item in admitted if isinstance(item, Decoded)], batch.texts)
        progress(store, batch.last + 1, file.index.count(store))


# --- the store's side -------------------------------------------------------------------------------


class _Batch(NamedTuple):
    """Records that were read, the text of each good one by its ordinal, and the last ordinal (wanted or not)."""

    records: list[Decoded | Rejected]
    texts: dict[int, bytes]
    last: int


def _read_ahead(batches: Iterable[list[RawRecord]], usernames: frozenset[str]) -> Iterator[_Batch]:
    """The batches in their order; while the database is asked about one, the next one is being read."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode") as executor:
        waiting: Future[_Batch] | None = None
        for raws in batches:
            coming = executor.submit(_read, raws, usernames)
            if waiting:
                yield waiting.result()
            waiting = coming
        if waiting:
            yield waiting.result()


def _read(raws: Sequence[RawRecord], usernames: frozenset[str]) -> _Batch:
    found, said = [], {}
    for raw in raws:
        if usernames and owner(raw) not in usernames:
            continue
        decoded = records.decode(raw)
        if isinstance(decoded, Decoded):
            decoded, content = decoded.with_content()
            said[raw.ordinal] = content.to_json(content.members)
            decoded = decoded.without_content()
        found.append(decoded)
    return _Batch(found, said, raws[-1].ordinal)


# --- both sides -------------------------------------------------------------------------------------


def _one_batch(
    result: Verification, store: Store, decoded: Sequence[Decoded], said: Mapping[int, bytes]
) -> None:
    counts = result.counts[store]
    marks = provenance.find(store, {item.key for item in decoded})
    learners = provenance.learner_ids({item.username for item in decoded})
    wanted = [item for item in decoded if not _has_no_place(item, marks.get(item.key), learners)]
    counts["rejected"] += len(decoded) - len(wanted)
    same = _same(store, wanted, marks, said)
    rows = stored_rows.load(store, {mark.pk for key, mark in marks.items() if key not in same})
    for item in wanted:
        mark = marks.get(item.key)
        if mark is None or not (item.key in same or mark.pk in rows):
            counts["missing"] += 1
            _note(result, item.raw, item.key, ("$ (no such row)",))
            continue
        paths = tuple(_differing(item, mark, rows.get(mark.pk)))
        counts["different" if paths else "equal"] += 1
        if paths:
            _note(result, item.raw, item.key, paths)


def _has_no_place(decoded: Decoded, mark: Provenance | None, learners: Mapping[str, int]) -> bool:
    """Whether an import would reject the record: nobody has its learner's name, or its id is another learner's."""
    if decoded.raw.store == Store.PROFILES:
        return False
    return decoded.username not in learners or (mark is not None and mark.username != decoded.username)


def _same(
    store: Store, decoded: Sequence[Decoded], marks: Mapping[str, Provenance], said: Mapping[int, bytes]
) -> set[str]:
    """The keys of the records whose rows give the very text that the store's record gives."""
    held = stored_json.of(store, {marks[item.key].pk for item in decoded if item.key in marks})
    found = set()
    for item in decoded:
        mark = marks.get(item.key)
        text = held.get(mark.pk) if mark else None
        if text and text.text == said[item.raw.ordinal]:
            found.add(item.key)
    return found


def _differing(decoded: Decoded, mark: Provenance, rows: Rows | None) -> Iterator[str]:
    """The members that differ; `rows` are None where the texts are the same."""
    if mark.used:
        yield "$ (used by a submission since)"
    if rows is not None:
        # Where only the spelling differs, or a time was filled in, no member does.
        for change in differences.between(rows.document(), decoded.document):
            yield change.path
    kept = json.loads(mark.unknown or "{}")
    for path in sorted({*kept, *decoded.unknown}):
        if path not in kept or path not in decoded.unknown or kept[path] != decoded.unknown[path]:
            yield f"{path} (unknown member)"


def _note(result: Verification, raw: RawRecord, key: str, paths: tuple[str, ...]) -> None:
    if len(result.differences) < MOST_DIFFERENCES:
        result.differences.append(Difference(raw.store, raw.place, key, paths))
    else:
        result.left_out += 1
