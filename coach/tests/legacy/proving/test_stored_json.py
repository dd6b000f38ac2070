"""Texts put together from columns: byte for byte what the rows' documents give."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.documents.submissions import Submission
from coach.legacy.deciding import compare
from coach.legacy.proving import stored_json
from coach.legacy.stores import Store
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile, MemoryRecord
from coach.tests import cast, strategies
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.people import FULL_AMARA, attachment, item, note, profile, schedule, submission
from coach.tests.legacy.test_round_trip import as_stores

pytestmark = pytest.mark.django_db(transaction=True)
TOPS = {
    Store.PROFILES: LearnerProfile,
    Store.SUBMISSIONS: AssessmentSubmission,
    Store.ATTACHMENTS: AttachmentMetadata,
}


def numbers(store):
    return set(TOPS[store].objects.values_list("pk", flat=True))


def held(store):
    """The texts of all records of a store, each of which was compared with the plain way."""
    found, plain = stored_json.of(store, numbers(store)), compare.load(store, numbers(store))
    assert found.keys() == plain.keys()
    for number, rows in plain.items():
        document = compare.document_of(store, rows)
        assert found[number].text == document.to_json().encode()
        # An export reads the text again where it puts members back: the same values in the same order.
        assert repr(json.loads(found[number].text)) == repr(document.to_object())
        assert found[number].username == document.username
        unknown = found[number].unknown_members
        assert json.loads(unknown or "null") == json.loads(rows.unknown_members or "null")
    return list(found.values())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(strategies.profiles, max_size=3),
    st.lists(strategies.submitted, max_size=4),
    st.lists(strategies.pending_attachments, max_size=3),
)
def test_any_record_has_the_text_of_its_document(tmp_path_factory, profiles, submissions, attachments):
    LearnerProfile.objects.all().delete()
    stores = Stores(tmp_path_factory.mktemp("stores")).write(**as_stores(profiles, submissions, attachments))
    assert stores.backfill().clean
    for store in Store:
        held(store)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x01\b\t\n\f\r\x1f\x7f\x80",
        "\u2028\u2029\ufeff",
        "Ä e\u0301 李 𝄞 İ",
        '"\\/</script>&',
        "\uffff%s",
    ],
)
def test_every_text_is_spelled_as_a_document_spells_it(stores, text):
    members = {"tags": [text], "note": text}
    stores.write(
        profiles=[profile("amara", goal=text, elo_snapshot={text: 1}, memory_records=[note("n", **members)])],
        submissions={"amara": [submission("s", metadata={text: text})]},
        attachments={"amara": [attachment("a", name=text, url=text)]},
    )
    assert stores.backfill().clean
    assert [json.loads(found.text)["goal"] for found in held(Store.PROFILES)] == [text]
    assert [json.loads(found.text)["metadata"] for found in held(Store.SUBMISSIONS)] == [{text: text}]
    assert [json.loads(found.text)["name"] for found in held(Store.ATTACHMENTS)] == [text]


@pytest.mark.parametrize(
    ("spelled", "shown"),
    [
        ("2025-04-02T12:00:00Z", "2025-04-02T12:00:00Z"),
        ("2025-04-02T12:00:00.5Z", "2025-04-02T12:00:00.500000Z"),
        ("2025-04-02T12:00:00.000001Z", "2025-04-02T12:00:00.000001Z"),
        ("2025-04-02T01:00:00+05:30", "2025-04-01T19:30:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_every_time_is_spelled_as_a_document_spells_it(stores, spelled, shown):
    stores.write(profiles=[profile("amara", last_updated=spelled)]).backfill()
    [found] = held(Store.PROFILES)
    assert json.loads(found.text)["last_updated"] == shown


def test_a_learner_may_have_no_schedule_or_one_without_items(stores):
    stores.write(
        profiles=[
            profile("amara"),
            profile("felix", curriculum_schedule=schedule()),
            profile("zoë", curriculum_schedule=schedule(item("b"), item("a"))),
        ]
    ).backfill()
    found = {
        record.username: json.loads(record.text)["curriculum_schedule"] for record in held(Store.PROFILES)
    }
    assert found["amara"] is None
    assert found["felix"]["items"] == []
    assert [entry["item_id"] for entry in found["zoë"]["items"]] == ["b", "a"]


def test_notes_stand_in_stored_order_whatever_the_order_of_their_rows(stores):
    stores.write(profiles=[FULL_AMARA]).backfill()
    MemoryRecord.objects.filter(note_id="n1").update(position=7)
    [found] = held(Store.PROFILES)
    assert [entry["note_id"] for entry in json.loads(found.text)["memory_records"]] == ["n2", "n1"]


def test_attachments_stay_with_their_submissions_where_rows_of_learners_interleave():
    people = [cast.learner(cast.AMARA), cast.learner(cast.FELIX)]
    for number in range(6):
        learner = people[number % 2]
        own = [attachment(f"a{place}", created_at=cast.NOON) for place in range(number % 3)]
        cast.submission(
            learner,
            Submission(
                submission_id=f"s{number}", username=learner.username, submitted_at=cast.NOON, attachments=own
            ),
        )
    found = {json.loads(record.text)["submission_id"]: record for record in held(Store.SUBMISSIONS)}
    assert {key: record.username for key, record in found.items()} == {
        f"s{number}": people[number % 2].username for number in range(6)
    }


def test_what_no_document_declares_comes_beside_the_text(stores):
    stores.write(profiles=[profile("amara", palette=[1]), profile("felix")]).backfill()
    assert [json.loads(found.unknown_members or "null") for found in held(Store.PROFILES)] == [
        {"$.palette": [1]},
        None,
    ]


@pytest.mark.parametrize(("store", "queries"), [("profiles", 4), ("submissions", 2), ("attachments", 1)])
def test_a_batch_takes_one_query_a_table(stores, store, queries, django_assert_num_queries):
    stores.write(
        profiles=[FULL_AMARA, profile("felix")],
        submissions={"amara": [submission("s1"), submission("s2")]},
        attachments={"amara": [attachment("a1"), attachment("a2")]},
    ).backfill()
    wanted = numbers(store)
    with django_assert_num_queries(queries):
        assert len(stored_json.of(Store(store), wanted)) == 2


def test_rows_that_are_gone_are_left_out(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert stored_json.of(Store.PROFILES, []) == {}
    assert [stored_json.of(store, [4711]) for store in Store] == [{}, {}, {}]
