"""Records: decoded as the contract says, or rejected with a reason, the same on every database."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.legacy.decoding import checksums, records
from coach.legacy.decoding.records import Decoded, Rejected
from coach.legacy.stores import Store
from coach.tests import strategies
from coach.tests.legacy import people
from coach.tests.legacy.people import FULL_AMARA, attachment, note, profile, submission


def decode(record: object, store: Store = Store.PROFILES, owner: str | None = None) -> Decoded | Rejected:
    raw = record if isinstance(record, bytes) else json.dumps(record).encode()
    return records.decode(people.raw(store, raw, owner=owner))


def rejected(record: object, store: Store = Store.PROFILES, owner: str | None = None) -> Rejected:
    found = decode(record, store, owner)
    assert isinstance(found, Rejected), found
    return found


def test_values_are_converted_where_nothing_is_lost():
    found = decode(profile(" Amara ", elo_snapshot={"b": "1180", "a": 1200.0}))
    assert found.username == found.key == "amara"
    assert list(found.document.elo_snapshot.items()) == [("b", 1180), ("a", 1200)]


@pytest.mark.parametrize("number", [1364481713238, 1364481713, 0, 1.5, "1364481713238", "-1.5", " 7 "])
def test_a_number_is_no_time(number):
    found = rejected(profile("amara", last_updated=number, memory_records=[note("n", created_at=number)]))
    assert [fault.path for fault in found.faults] == ["$.memory_records[0].created_at", "$.last_updated"]
    assert "ambiguous" in found.faults[0].reason


@pytest.mark.parametrize(
    "name", ["a/b", ".", "..", "/", "a\u200bb", "a\u202eb", "\u2066a", "a\ufeff", "a\u00adb", "\u3164", "a\0"]
)
def test_a_name_that_is_a_path_or_holds_unseen_characters_is_rejected_by_name(name):
    for found in (rejected(profile(name)), rejected(submission("s1"), Store.SUBMISSIONS, owner=name)):
        assert found.code in ("unusable_username", "nul_character")


def test_the_owner_of_a_submission_is_the_store_s_key():
    found = decode(submission("s1", username="somebody else"), Store.SUBMISSIONS, owner=" AMARA")
    assert (found.username, found.document.username, found.key) == ("amara", "amara", "s1")


def test_unknown_members_are_kept_by_path():
    plan = {"categories": [], "palette": {"a": 12345678901234567890123}}
    found = decode(
        profile("amara", favourite="green", elo_category_plan=plan, memory_records=[note("n", x=1)])
    )
    assert found.unknown == {
        "$.favourite": "green",
        "$.elo_category_plan.palette": {"a": 12345678901234567890123},
        "$.memory_records[0].x": 1,
    }


@pytest.mark.parametrize(
    ("record", "code", "word"),
    [
        (7, "not_an_object", "a number"),
        (b"null", "not_an_object", "null"),
        ({"goal": "x"}, "invalid", "required"),
        (profile("amara", elo_snapshot={"a": 1100.5}), "invalid", "integer"),
        (profile("amara", goal=None), "invalid", "string"),
        (profile("amara", goal="a\0b"), "nul_character", "U+0000"),
        (profile("amara", **{"un\0known": 1}), "nul_character", "U+0000"),
        (b'{"username": "a", "goal": "\\ud800"}', "not_json", "surrogate"),
        (b'{"username": "a", "x": NaN}', "not_json", "NaN"),
        (b'{"username": "a", "x": -Infinity}', "not_json", "infinities"),
        (b'{"username": "a", "x": 1e999}', "not_json", "infinities"),
        (b'{"username": "a", "username": "b"}', "repeated_key", "repeated"),
        (b'{"username": "a", "x": [{"y": 1, "\\u0079": 2}]}', "repeated_key", "repeated"),
        (b'{"username": "a", "x": ' + b"[" * 65 + b"]" * 65 + b"}", "too_deep", "66 deep"),
        (b'{"username": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep", "at most 64"),
        (b'{"username": "a", "x": "' + b"y" * 17_000_000 + b'"}', "too_large", "bytes"),
        (profile("\u202eamara"), "unusable_username", "bidirectional"),
        (profile("  "), "unusable_username", "blank"),
        (profile("amara", memory_records=[note("n"), note("n")]), "repeated_note", "same id"),
        (profile("amara", elo_snapshot={"a": 2**63}), "invalid", "less than"),
    ],
)
def test_a_bad_record_is_rejected_with_a_plain_reason(record, code, word):
    found = rejected(record)
    assert found.code == code
    assert any(word in fault.reason for fault in found.faults), found.faults


def test_nesting_up_to_the_limit_is_taken():
    deep = b"[" * 63 + b"]" * 63
    found = decode(b'{"username": "a", "x": ' + deep + b"}")
    assert json.dumps(found.unknown["$.x"]).encode() == deep


def test_an_escaped_backslash_before_u0000_is_no_nul():
    assert decode(profile("amara", goal="C:\\u0000")).document.goal == "C:\\u0000"


def test_the_reasons_never_quote_the_record():
    found = rejected(profile("amara", elo_snapshot={"a": "my secret"}, goal=["my secret"]))
    assert "secret" not in repr(found.faults)


@given(st.binary(max_size=50), st.sampled_from(list(Store)))
def test_any_bytes_are_decoded_or_rejected(data, store):
    found = records.decode(people.raw(store, data, owner="amara"))
    assert isinstance(found, Decoded) or found.faults


@given(strategies.profiles)
def test_spelling_and_defaults_do_not_change_the_import_checksum(document):
    short = document.model_dump(mode="json", exclude_defaults=True) | {"username": "amara"}
    first = decode(short)
    whole = decode(dict(reversed(list((document.to_object() | {"username": "amara"}).items()))))
    if isinstance(first, Decoded) and isinstance(whole, Decoded):
        assert first.import_checksum == whole.import_checksum
        assert checksums.of_content(first.document) == checksums.of_content(whole.document)


def test_a_missing_time_is_no_part_of_what_a_record_says():
    timeless = {name: value for name, value in FULL_AMARA.items() if name != "last_updated"}
    first, second = decode(timeless), decode(timeless)
    assert first.document.last_updated != second.document.last_updated
    assert first.import_checksum == second.import_checksum != decode(FULL_AMARA).import_checksum


@pytest.mark.parametrize(
    "changed",
    [
        profile("amara", elo_snapshot={"http": 1100, "sql": 1200}),
        profile("amara", elo_snapshot={"sql": 1201, "http": 1100}),
        profile("amara", elo_snapshot={"sql": 1200, "http": 1100}, new_member=1),
    ],
)
def test_what_a_record_says_changes_its_checksum(changed):
    before = decode(profile("amara", elo_snapshot={"sql": 1200, "http": 1100}))
    assert before.import_checksum != decode(changed).import_checksum


def test_attachments_need_all_that_the_contract_marks():
    found = rejected({"attachment_id": "a"}, Store.ATTACHMENTS, owner="amara")
    assert {fault.path for fault in found.faults} == {"$.username", "$.kind", "$.name"}
    assert decode(attachment("a"), Store.ATTACHMENTS, owner="amara").key == "a"
