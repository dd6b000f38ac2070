"""Store files: refused whole, or read record by record with places and keys."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.legacy.reading import store_file
from coach.legacy.reading.opening import RefusedFile
from coach.legacy.reading.scanner import Cursor
from coach.legacy.reading.store_file import ChangedFile
from coach.legacy.stores import MANIFEST, Store


def read(path, store, *, fast=True, size=2):
    with pytest.MonkeyPatch.context() as patched:
        if not fast:
            patched.setattr(Cursor, "_skip", lambda self, start: None)
        opened = store_file.open_store(path, store)
    try:
        return [record for batch in opened.batches(store, size) for record in batch], opened
    finally:
        opened.close()


@pytest.fixture
def file(tmp_path):
    def write(data):
        path = tmp_path / "store.json"
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        return path

    return write


def test_profiles_stand_in_an_object_or_in_an_array(file):
    records, _ = read(file({"x": {"username": "Amara"}, "odd key": 7}), Store.PROFILES)
    assert [(r.place, r.key, r.owner) for r in records] == [
        ("$.x", "amara", None),
        ('$["odd key"]', None, None),
    ]
    records, _ = read(file([{"username": "Amara"}, 7]), Store.PROFILES)
    assert [(r.place, r.key) for r in records] == [("$[0]", "amara"), ("$[1]", None)]


def test_lists_of_records_belong_to_their_owner(file):
    content = {
        " AMARA ": [{"submission_id": "a"}, {"x": 1, "submission_id": "b\u00e9"}],
        "felix": {"not": "a list"},
    }
    records, opened = read(file(content), Store.SUBMISSIONS)
    assert [(r.place, r.owner, r.key, r.fault) for r in records] == [
        ('$[" AMARA "][0]', " AMARA ", "a", ""),
        ('$[" AMARA "][1]', " AMARA ", "bé", ""),
        ("$.felix", "felix", None, "not_a_list"),
    ]
    assert opened.sha256 == hashlib.sha256(opened.path.read_bytes()).hexdigest()


def test_a_repeated_name_is_told_apart_and_only_the_first_counts(file):
    records, _ = read(file(b'{"amara": [1], "amara": [2, 3]}'), Store.ATTACHMENTS)
    assert [(r.place, r.fault) for r in records] == [
        ("$.amara[0]", ""),
        ("$.amara#2[0]", "repeated_key"),
        ("$.amara#2[1]", "repeated_key"),
    ]


@pytest.mark.parametrize("store", list(Store))
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b'{"a": ',
        b'{"a": [{"username": "x"}',
        b'{"a": {}} {"b": {}}',
        b'"text"',
        b"7",
        b"\xff\xfe{}",
        b'{"a": "\xed\xa0\x80"}',
        b"{'a': 1}",
    ],
)
def test_a_bad_file_is_refused_with_its_name(file, store, data):
    with pytest.raises(RefusedFile, match=r"^store\.json: "):
        read(file(data), store)


def test_a_listed_store_is_no_array(file):
    with pytest.raises(RefusedFile, match="an object of lists is expected"):
        read(file([]), Store.SUBMISSIONS)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(RefusedFile, match="cannot be read"):
        store_file.open_store(tmp_path / "absent.json", Store.PROFILES)


@pytest.mark.parametrize("said", [{"sha256": "0" * 64}, {"size": 3}])
def test_a_manifest_that_says_otherwise_refuses_the_file(file, said):
    path = file({})
    path.with_name(MANIFEST).write_text(json.dumps({"files": {path.name: said}}))
    with pytest.raises(RefusedFile, match=r"manifest\.json"):
        read(path, Store.PROFILES)


def test_a_manifest_that_agrees_is_content(file):
    path = file({})
    said = {"sha256": hashlib.sha256(b"{}").hexdigest(), "size": 2, "records": 0}
    path.with_name(MANIFEST).write_text(json.dumps({"files": {path.name: said, "other": {}}}))
    assert read(path, Store.PROFILES)[0] == []


@pytest.mark.parametrize("data", [b"[", b"{}", b'{"files": []}', b'{"files": {"store.json": 3}}'])
def test_a_broken_manifest_is_refused(file, data):
    path = file({})
    path.with_name(MANIFEST).write_bytes(data)
    with pytest.raises(RefusedFile, match=r"^manifest\.json: no manifest"):
        read(path, Store.PROFILES)


def test_a_file_that_is_written_to_meanwhile_is_noticed(file):
    path = file([{"username": str(number)} for number in range(5)])
    opened = store_file.open_store(path, Store.PROFILES)
    batches = opened.batches(Store.PROFILES, 2)
    next(batches)
    os.utime(path, ns=(1, 1))
    with pytest.raises(ChangedFile):
        next(batches)
    opened.close()


def test_reading_can_begin_anywhere(file):
    opened = store_file.open_store(file([{"username": str(number)} for number in range(7)]), Store.PROFILES)
    found = [[record.key for record in batch] for batch in opened.batches(Store.PROFILES, 3, start=2)]
    opened.close()
    assert found == [["2", "3", "4"], ["5", "6"]]


keys = st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
records_ = st.dictionaries(
    keys, st.none() | st.text(max_size=4).filter(str.isprintable) | st.integers(), max_size=3
)


@pytest.mark.parametrize("fault", [KeyboardInterrupt, RefusedFile])
def test_whatever_ends_the_reading_reaches_the_caller_and_leaves_no_thread(file, fault):
    def entries(opened):
        raise fault(opened.path, "no record to be had")
        yield

    before = threading.active_count()
    with pytest.raises(fault, match="no record to be had"):
        store_file.open_text(file({}), Store.PROFILES, entries)
    assert threading.active_count() == before


def both_ways(path, store):
    """The records as each scanner cuts them; none where the file is refused as another kind of store."""
    try:
        fast = read(path, store)[0]
    except RefusedFile as refused:
        with pytest.raises(RefusedFile, match=re.escape(str(refused))):
            read(path, store, fast=False)
        return [], []
    return fast, read(path, store, fast=False)[0]


@given(
    st.dictionaries(keys, st.lists(records_, max_size=3) | records_, max_size=4), st.sampled_from([None, 2])
)
def test_the_fast_and_the_plain_way_read_alike(tmp_path_factory, content, indent):
    path = tmp_path_factory.mktemp("stores") / "store.json"
    path.write_text(json.dumps(content, indent=indent))
    for store in Store:
        fast, plain = both_ways(path, store)
        assert [record[:9] for record in fast] == [record[:9] for record in plain]
        cut = [path.read_bytes()[record.start : record.end] for record in plain]
        assert [record.checksum for record in fast] == [hashlib.sha256(data).hexdigest() for data in cut]


@given(st.lists(st.tuples(st.sampled_from("abc") | keys, st.sampled_from(["[]", "[1]", "[{}, 2]", "3"]))))
def test_both_ways_count_repeated_names_alike(tmp_path_factory, members):
    path = tmp_path_factory.mktemp("stores") / "store.json"
    path.write_text("{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in members) + "}")
    names = [name for name, _ in members]
    for store in Store:
        fast, plain = both_ways(path, store)
        assert [record[:9] for record in fast] == [record[:9] for record in plain]
        assert any(record.fault == "repeated_key" for record in fast) <= (len(set(names)) < len(names))
