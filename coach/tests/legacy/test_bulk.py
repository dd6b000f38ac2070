"""Bulk writing: the fast way of PostgreSQL leaves the same rows as plain bulk statements."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.legacy import bulk
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile, MemoryRecord, ScheduleItem
from coach.tests import strategies
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.test_round_trip import as_stores

pytestmark = pytest.mark.django_db(transaction=True)
MODELS = (LearnerProfile, MemoryRecord, ScheduleItem, AssessmentSubmission, AttachmentMetadata)
NOT_COMPARED = ("id", "imported_at", "imported_by_id", "learner_id", "schedule_id", "submission_id")


def everything():
    """All rows, as they are, in the order in which they were written; their numbers aside."""
    columns = {
        model: [field.attname for field in model._meta.concrete_fields if field.attname not in NOT_COMPARED]
        for model in MODELS
    }
    return {model: list(model.objects.order_by("pk").values_list(*columns[model])) for model in MODELS}


def plainly(rows):
    if rows:
        type(rows[0]).objects.bulk_create(rows)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(strategies.profiles, max_size=3),
    st.lists(strategies.submitted, max_size=2),
    st.lists(strategies.pending_attachments, max_size=2),
)
def test_both_ways_leave_the_same_rows(tmp_path_factory, profiles, submissions, attachments):
    stores = Stores(tmp_path_factory.mktemp("stores")).write(**as_stores(profiles, submissions, attachments))
    written = []
    for way in (bulk.insert, plainly):
        LearnerProfile.objects.all().delete()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(bulk, "insert", way)
            assert stores.backfill().clean
        written.append(everything())
    assert written[0] == written[1]


def test_rows_have_their_numbers_afterwards():
    rows = [LearnerProfile(username=name, last_updated="2025-01-01T00:00:00Z") for name in ("amara", "felix")]
    bulk.insert(rows)
    assert {row.pk for row in rows} == set(LearnerProfile.objects.values_list("pk", flat=True))
    later = LearnerProfile.objects.create(username="later", last_updated="2025-01-01T00:00:00Z")
    assert later.pk > max(row.pk for row in rows)


def test_a_refused_row_is_django_s_own_error():
    row = LearnerProfile(username="", last_updated="2025-01-01T00:00:00Z")
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert([row])


def test_an_update_writes_only_what_differs(django_assert_num_queries):
    before = LearnerProfile.objects.create(username="amara", last_updated="2025-01-01T00:00:00Z")
    before.refresh_from_db()
    after = LearnerProfile(username="amara", last_updated=before.last_updated)
    with django_assert_num_queries(0):
        bulk.update(before, after)
    after.goal = "new"
    with django_assert_num_queries(1) as queries:
        bulk.update(before, after)
    assert queries[0]["sql"].count("SET") == 1
    assert "timezone" not in queries[0]["sql"]
