"""Equal texts need no documents; whatever differs is found as by comparing documents."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.documents import differences
from coach.documents.profile import Profile
from coach.documents.submissions import Submission
from coach.legacy.proving import verify
from coach.legacy.stores import Store
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
)
from coach.tests import strategies
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.people import FULL_AMARA, NOON, attachment, note, profile, submission
from coach.tests.legacy.proving.test_export import verified

pytestmark = pytest.mark.django_db(transaction=True)
some = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
# Marks, learners and erased ones, a query a table, derived columns, and the number of rows, of each store.
QUERIES = (3 + 4 + 1 + 1) + (3 + 2 + 1 + 1) + (3 + 1 + 1)


@pytest.fixture
def imported(stores):
    """Two learners, spelled out in full or not, with a submission and an attachment."""
    stores.write(
        profiles=[FULL_AMARA | {"schedule_adjustments": {"b": 1, "a": 2}}, profile("felix")],
        submissions={"amara": [submission("s1")]},
        attachments={"amara": [attachment("a1")]},
    )
    assert stores.backfill().clean
    return stores


def found(stores):
    """What differs, by store and key."""
    return {(found.store, found.key): found.paths for found in verified(stores).differences}


def test_records_of_equal_texts_are_never_read_as_documents(imported, django_assert_num_queries):
    with django_assert_num_queries(QUERIES):
        assert verified(imported).equal


def test_what_differs_is_read_as_a_document_without_another_query(imported):
    LearnerProfile.objects.filter(username="amara").update(goal="edited")
    with CaptureQueriesContext(connection) as queries:
        assert found(imported) == {("profiles", "amara"): ("$.goal",)}
    assert len(queries) == QUERIES


@pytest.mark.parametrize(
    ("rows", "column", "text", "named"),
    [
        (LearnerProfile, "elo_snapshot", '{ "sql": 1200, "http": 1100 }', "$.elo_snapshot (spelling)"),
        (AssessmentSubmission, "metadata", '{"\\u007a":"1","a":"2"}', "$.metadata (spelling)"),
        (LearnerProfile, "schedule_adjustments", '{"a":2,"b":1}', None),
    ],
)
def test_another_spelling_is_named_but_for_an_order_that_says_nothing(imported, rows, column, text, named):
    row = rows.objects.earliest("pk")
    rows.objects.filter(pk=row.pk).update(**{column: text})
    assert [*found(imported).values()] == ([(named,)] if named else [])


@pytest.mark.parametrize(
    ("table", "column", "key"),
    [
        (CurriculumSchedule, "generated_at", ("profiles", "amara")),
        (MemoryRecord, "created_at", ("profiles", "amara")),
        (AssessmentSubmission, "submitted_at", ("submissions", "s1")),
        (AttachmentMetadata, "created_at", ("attachments", "a1")),
    ],
)
def test_a_column_that_cannot_be_read_is_named_and_ends_nothing(imported, table, column, key):
    unreadable = "infinity" if connection.vendor == "postgresql" else "no time"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table._meta.db_table} SET {column} = %s", [unreadable])
    [paths] = [paths for named, paths in found(imported).items() if named == key]
    assert paths
    assert all(path.endswith(f".{column} (cannot be read)") for path in paths)
    assert not verified(imported).total("missing")


@pytest.mark.parametrize(
    "text", ["7", "[]", '{"a":1e999}', '{"a":"\\ud83d"}', '{"a":"\\u0000"}', '{"a":1,"a":1}']
)
@pytest.mark.parametrize(
    "column", ["elo_snapshot", "goal_inference", "unknown_members", "extended_assessment"]
)
def test_a_document_that_cannot_be_read_is_named_by_its_column(imported, column, text):
    LearnerProfile.objects.filter(username="felix").update(**{column: text})
    [paths] = found(imported).values()
    assert any(column in path or "unknown" in path for path in paths), paths


def test_a_time_that_a_record_leaves_out_differs_from_nothing(stores):
    timeless = note("n")
    del timeless["created_at"]
    stores.write(profiles=[{"username": "amara"}, profile("felix", memory_records=[timeless])])
    assert stores.backfill().clean
    assert verified(stores).equal
    LearnerProfile.objects.filter(username="amara").update(last_updated=NOON, goal="edited")
    assert found(stores) == {("profiles", "amara"): ("$.goal",)}


def test_an_attachment_that_was_used_since_differs_though_its_text_does_not(imported):
    row = AttachmentMetadata.objects.get(attachment_id="a1")
    row.submission = AssessmentSubmission.objects.get()
    row.save()
    differing = found(imported)
    assert differing["attachments", "a1"] == ("$ (used by a submission since)",)
    assert differing["submissions", "s1"] == ("$.attachments[0]", "$.api_json (derived)")


@pytest.mark.parametrize("held", [True, False])
def test_an_attachment_that_a_submission_of_the_same_store_holds_need_not_be_pending(stores, held):
    inside = [attachment("a1")] if held else []
    stores.write(
        profiles=[profile("amara")],
        submissions={"amara": [submission("s1", attachments=inside)]},
        attachments={"amara": [attachment("a1")]},
    )
    assert stores.backfill().clean
    AttachmentMetadata.objects.pending().delete()
    assert found(stores) == ({} if held else {("attachments", "a1"): ("$ (no such row)",)})


def test_a_store_of_attachments_alone_is_verified_against_the_submissions_that_were_imported(stores):
    stores.write(
        profiles=[profile("amara")],
        submissions={"amara": [submission("s1", attachments=[attachment("a1")])]},
        attachments={"amara": [attachment("a1"), attachment("a2")]},
    )
    assert stores.backfill().clean
    stores.path("submissions").unlink()
    assert found(stores) == {}
    AttachmentMetadata.objects.pending().update(submission=AssessmentSubmission.objects.get(), position=1)
    assert found(stores) == {("attachments", "a2"): ("$ (used by a submission since)",)}


def test_what_is_only_here_is_named_beside_attachments_that_need_no_row(stores):
    stores.write(profiles=[profile("amara")], attachments={"amara": [attachment("here")]})
    stores.backfill()
    stores.write(
        submissions={"amara": [submission("s1", attachments=[attachment("a1")])]},
        attachments={"amara": [attachment("a1")]},
    )
    stores.backfill()
    assert verified(stores).only_here == {"attachments": ["here"]}


@pytest.mark.parametrize("size", [1, 2, 200])
def test_every_record_is_counted_once_whatever_the_size_of_a_batch(stores, monkeypatch, size):
    monkeypatch.setattr(verify, "_BATCH", size)
    people = [profile(name) for name in ("amara", "felix", "zoë")]
    stores.write(profiles=[people[0], 7, *people[1:], people[0]], submissions={"x": [submission("s")]})
    stores.backfill()
    LearnerProfile.objects.filter(username="felix").update(goal="edited")
    LearnerProfile.objects.filter(username="zoë").delete()
    assert verified(stores).counts == {
        "profiles": {"read": 5, "equal": 1, "different": 1, "missing": 1, "rejected": 2, "only_here": 0},
        "submissions": {"read": 1, "equal": 0, "different": 0, "missing": 0, "rejected": 1, "only_here": 0},
    }


@pytest.mark.parametrize("size", [1, 200])
def test_only_the_learners_asked_for_are_read(imported, monkeypatch, size):
    monkeypatch.setattr(verify, "_BATCH", size)
    seen = []
    result = verified(imported, usernames=frozenset({"felix"}), progress=lambda *done: seen.append(done))
    assert [counts["read"] for counts in result.counts.values()] == [1, 0, 0]
    assert list(dict.fromkeys(done for done in seen if done[1] == done[2])) == [
        (Store.PROFILES, 2, 2),
        (Store.SUBMISSIONS, 1, 1),
        (Store.ATTACHMENTS, 1, 1),
    ]


@some
@given(strategies.profiles, strategies.profiles, st.sampled_from(sorted(Profile.model_fields)))
def test_what_differs_of_a_profile_is_what_the_documents_say(tmp_path_factory, ours, other, member):
    ours = ours.model_copy(update={"username": "amara"})
    theirs = ours.model_copy(update={member: getattr(other, member), "username": "amara"})
    differing_as_documents(tmp_path_factory, Store.PROFILES, ours, theirs)


@some
@given(strategies.submitted, strategies.submitted, st.sampled_from(sorted(Submission.model_fields)))
def test_what_differs_of_a_submission_is_what_the_documents_say(tmp_path_factory, ours, other, member):
    theirs = ours.model_copy(update={member: getattr(other, member), "submission_id": ours.submission_id})
    differing_as_documents(tmp_path_factory, Store.SUBMISSIONS, ours, theirs)


def differing_as_documents(tmp_path_factory, store, ours, theirs):
    """Import one document, verify a store with another one in its place."""
    LearnerProfile.objects.all().delete()
    stores = Stores(tmp_path_factory.mktemp("stores"))
    as_store = (
        (lambda document: [document.to_object()])
        if store == Store.PROFILES
        else lambda document: {"amara": [document.to_object()]}
    )
    stores.write(**{"profiles": [profile("amara")], store: as_store(ours)})
    assert stores.backfill().clean
    stores.write(**{store: as_store(theirs)})
    paths = [change.path for change in differences.between(ours, theirs)]
    assert [list(difference.paths) for difference in verified(stores).differences] == (
        [paths] if paths else []
    )
