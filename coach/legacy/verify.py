"""The proof: every document re-derived from the database and compared with the stores, member by member.

Writes nothing and locks nothing, so it can run beside the service. Differences are named by path, never by content.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from coach.legacy import checksums, differences, tables
from coach.legacy.marks import Mark
from coach.legacy.reader import StoreFile
from coach.legacy.records import Decoded, RawRecord, Rejected
from coach.legacy.sieve import Sieve, owner
from coach.legacy.stores import Store
from coach.legacy.tables import Rows

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
    sieve = Sieve(store, file.index)
    for batch in file.batches(store, _BATCH):
        wanted = [raw for raw in batch if not usernames or owner(raw) in usernames]
        decoded = [sieve.decode(raw) for raw in wanted]
        counts["read"] += len(wanted)
        counts["rejected"] += sum(isinstance(item, Rejected) for item in decoded)
        _one_batch(result, store, [item for item in decoded if isinstance(item, Decoded)])
        progress(store, batch[-1].ordinal + 1, file.index.count(store))


def _one_batch(result: Verification, store: Store, decoded: Sequence[Decoded]) -> None:
    counts = result.counts[store]
    marks = tables.find_marks(store, {item.key for item in decoded})
    rows = tables.load(store, {mark.pk for mark in marks.values()})
    learners = tables.learner_ids({item.username for item in decoded})
    for item in decoded:
        mark = marks.get(item.key)
        if store != Store.PROFILES and _has_no_place(item, mark, learners):
            counts["rejected"] += 1
            continue
        found = rows.get(mark.pk) if mark else None
        if mark is None or found is None:
            counts["missing"] += 1
            _note(result, item.raw, item.key, ("$ (no such row)",))
            continue
        paths = tuple(_differing(item, mark, found))
        counts["different" if paths else "equal"] += 1
        if paths:
            _note(result, item.raw, item.key, paths)


def _has_no_place(decoded: Decoded, mark: Mark | None, learners: Mapping[str, int]) -> bool:
    """Whether an import would reject the record: nobody has its learner's name, or its id is another learner's."""
    return decoded.username not in learners or (mark is not None and mark.username != decoded.username)


def _differing(decoded: Decoded, mark: Mark, rows: Rows) -> Iterator[str]:
    if mark.used:
        yield "$ (used by a submission since)"
    ours = rows.document()
    # Equal checksums are equal documents; only where a time was filled in, or something differs, members are compared.
    if checksums.of_content(ours) != checksums.of_content(decoded.document):
        for change in differences.between(ours, decoded.document):
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
