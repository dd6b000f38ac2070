"""Cutting values out of JSON text: the fast way and the plain way give the same answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from coach.legacy.reading import scanner
from coach.legacy.reading.scanner import Cursor, Malformed
from coach.legacy.stores import LAYOUTS

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


class Plain(Cursor):
    """Finds the end of every value by reading it."""

    def _skip(self, start: int) -> None:
        return None


def cut(data: bytes, *, fast: bool) -> list[tuple[str, bytes]] | str:
    cursor = Cursor(data) if fast else Plain(data)
    try:
        found = []
        for name in cursor.members():
            start, end = cursor.value()
            found.append((name, data[start:end]))
        cursor.end()
    except Malformed:
        return "malformed"
    return found


@given(st.dictionaries(texts, values, max_size=5), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_value_is_cut_out_exactly(members, indent, ascii_only):
    data = json.dumps(members, indent=indent, ensure_ascii=ascii_only).encode()
    for fast in (True, False):
        found = cut(data, fast=fast)
        assert repr([(name, json.loads(text)) for name, text in found]) == repr(list(members.items()))


# Records that begin alike, as those of one store do, with documents inside that begin so as well.
records = st.recursive(
    st.fixed_dictionaries({"key": texts}, optional={"more": values}),
    lambda inner: st.fixed_dictionaries(
        {"key": texts}, optional={"inner": inner | st.lists(inner, max_size=5)}
    ),
    max_leaves=8,
)


@given(st.lists(records, min_size=1, max_size=6), st.sampled_from([None, 2]), st.data())
def test_records_that_begin_alike_are_cut_out_exactly(found, indent, data):
    whole = json.dumps({f"r{number}": record for number, record in enumerate(found)}, indent=indent).encode()
    assert [json.loads(text) for _, text in cut(whole, fast=True)] == json.loads(json.dumps(found))
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = (
        whole[:at] + data.draw(st.sampled_from([b"", b"}", b"{", b'"', b",", b"\\", b"x"])) + whole[at + 1 :]
    )
    assert cut(broken, fast=True) == cut(broken, fast=False)


class Counting(Cursor):
    """Counts the values that had to be read to find their end."""

    read = 0

    def _end_of(self, start: int) -> int:
        self.read += 1
        return super()._end_of(start)


@pytest.mark.parametrize("layout", [{}, {"indent": 2}, {"separators": (",", ":")}], ids=str)
@pytest.mark.parametrize("store", LAYOUTS.values(), ids=lambda store: store.file_name)
def test_of_a_common_store_only_the_last_record_is_read_and_one_much_longer_than_the_others(store, layout):
    content = json.loads((Path(settings.LEGACY_DATA_DIR) / store.file_name).read_text())
    cursor = Counting(json.dumps(content, **layout).encode())
    for _ in cursor.members():
        for _ in cursor.elements() if store.listed else [0]:
            cursor.value()
    cursor.end()
    assert cursor.read <= 2


@given(
    st.binary(max_size=60)
    | st.text(alphabet='{}[]:,"\\ u0123456789aeE+-.NInfd\n', max_size=60).map(str.encode)
)
def test_both_ways_agree_on_any_bytes(data):
    data = b'{"a": ' + data + b', "b": 1}'
    fast, plain = cut(data, fast=True), cut(data, fast=False)
    assert fast == plain
    if fast != "malformed":
        json.loads(data.decode(errors="surrogateescape"))


@given(st.dictionaries(texts, values, min_size=1, max_size=3), st.data())
def test_a_truncated_text_is_malformed(members, data):
    whole = json.dumps(members).encode()
    part = whole[: data.draw(st.integers(1, len(whole) - 1))]
    assert cut(part, fast=True) == cut(part, fast=False) == "malformed"


@pytest.mark.parametrize("value", [b"NaN", b"-Infinity", b'"\\ud800"', b"[" * 5000 + b"]" * 5000, b"1e999"])
def test_a_value_that_only_its_record_is_at_fault_for_is_cut_out_whole(value):
    assert cut(b'{"a": ' + value + b' , "b": 2}', fast=True) == [("a", value), ("b", b"2")]


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'{"a"}', b'{"a":1,}', b'{"a":1} x', b'{"a":[1}]}', b'{"a":tru}', b'{"a":{"b":,}}', b"[1]"],
)
def test_what_is_no_json_object_is_malformed(data):
    assert cut(data, fast=True) == cut(data, fast=False) == "malformed"


@pytest.mark.parametrize("mistake", [b'{"k": "v}', b'{"k" 1}', b'{"k": [1}', b'{"k": 1]'])
def test_a_mistake_is_named_where_it_is_and_not_where_the_brackets_show_it(mistake):
    text = b'{"a": ' + mistake + b"," + b", ".join(b'"b%d": {"k": "v"}' % n for n in range(1000)) + b"}"
    cursor = Cursor(text)
    with pytest.raises(Malformed) as caught:
        all(cursor.value() for _ in cursor.members())
    assert caught.value.at < 40


def test_depth_counts_brackets_outside_of_texts():
    assert scanner.depth(b'{"a": ["[[[[", {"b": []}]}') == 4
    assert scanner.depth(b'"{"') == 0
