"""Where records lie: in batches of bearable size, and which keys stand twice."""

from __future__ import annotations

from coach.legacy.reading import index
from coach.legacy.reading.index import Index
from coach.legacy.stores import Store
from coach.tests.legacy import people


def entry(ordinal, *, key=None, store=Store.PROFILES, owner=None, size=1):
    raw = people.raw(store, b" " * 10, ordinal=ordinal, key=key, owner=owner)
    return raw._replace(start=0, end=size)


def filled(*entries):
    found = Index()
    found.add(entries)
    found.complete()
    return found


def test_entries_come_as_they_went_in_in_batches():
    entries = [
        entry(number, key=f"k{number}", owner="o\ud800" if number % 2 else None) for number in range(5)
    ]
    found = filled(*entries, entry(0, store=Store.ATTACHMENTS))

    batches = list(found.chunks(Store.PROFILES, start=1, size=3))

    assert [[item.ordinal for item in batch] for batch in batches] == [[1, 2, 3], [4]]
    assert [item[:9] for batch in batches for item in batch] == [item[:9] for item in entries[1:]]
    assert (found.count(Store.PROFILES), found.count(Store.SUBMISSIONS)) == (5, 0)


def test_a_batch_holds_no_more_bytes_than_memory_is_meant_for(monkeypatch):
    monkeypatch.setattr(index, "LARGEST_BATCH", 10)
    found = filled(*(entry(number, size=size) for number, size in enumerate([4, 4, 4, 30, 2, 8, 1])))

    batches = found.chunks(Store.PROFILES, start=0, size=100)

    assert [[item.end for item in batch] for batch in batches] == [[4, 4], [4], [30], [2, 8], [1]]


def test_keys_that_stand_twice_are_known():
    found = filled(*(entry(number, key=key) for number, key in enumerate(["a", "b", "a", None, None, "a"])))

    assert [found.is_duplicate(Store.PROFILES, key) for key in ("a", "b", "c", None)] == [True] + [False] * 3
    assert [item.ordinal for item in found.earlier(Store.PROFILES, "a", before=5)] == [0, 2]


def test_one_key_in_two_stores_does_not_stand_twice():
    found = filled(entry(0, key="a"), entry(0, key="a", store=Store.ATTACHMENTS))

    assert not found.is_duplicate(Store.PROFILES, "a")
