"""Bulk writing: the fast way of PostgreSQL leaves the same rows as plain bulk statements."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.legacy.writing import bulk
from coach.legacy.writing.copy_rows import Table
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile, MemoryRecord, ScheduleItem
from coach.tests import strategies
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.test_round_trip import as_stores

pytestmark = pytest.mark.django_db(transaction=True)
NOON = dt.datetime(2025, 1, 1, 12, tzinfo=dt.UTC)
MODELS = (LearnerProfile, MemoryRecord, ScheduleItem, AssessmentSubmission, AttachmentMetadata)
NOT_COMPARED = ("id", "imported_at", "imported_by_id", "learner_id", "schedule_id", "submission_id")


def everything():
    """All rows, as they are, in the order in which they were written; their numbers aside."""
    columns = {
        model: [field.attname for field in model._meta.concrete_fields if field.attname not in NOT_COMPARED]
        for model in MODELS
    }
    return {model: list(model.objects.order_by("pk").values_list(*columns[model])) for model in MODELS}


def plainly(table, rows):
    made = [table.model(**dict(zip(table.columns, (*late, *line), strict=True))) for late, line in rows]
    if made:
        table.model.objects.bulk_create(made)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(strategies.profiles, max_size=3),
    st.lists(strategies.submitted, max_size=2),
    st.lists(strategies.pending_attachments, max_size=2),
)
def test_both_ways_leave_the_same_rows(tmp_path_factory, profiles, submissions, attachments):
    stores = Stores(tmp_path_factory.mktemp("stores")).write(**as_stores(profiles, submissions, attachments))
    written = []
    for way, made in ((bulk.write, Table._made), (plainly, property(lambda table: tuple))):
        LearnerProfile.objects.all().delete()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(bulk, "write", way)
            patched.setattr(Table, "_made", made)
            assert stores.backfill().clean
        written.append(everything())
    assert written[0] == written[1]


def test_rows_have_their_numbers_afterwards():
    rows = [LearnerProfile(username=name, last_updated=NOON) for name in ("amara", "felix")]
    bulk.insert(rows)
    assert {row.pk for row in rows} == set(LearnerProfile.objects.values_list("pk", flat=True))
    later = LearnerProfile.objects.create(username="later", last_updated=NOON)
    assert later.pk > max(row.pk for row in rows)


def test_a_refused_row_is_django_s_own_error():
    row = LearnerProfile(username="", last_updated=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert([row])


def update(*pairs):
    changes = bulk.Changes()
    for before, after in pairs:
        changes.update(before, after)
    changes.write()


def test_an_update_writes_only_what_differs(django_assert_num_queries):
    before = LearnerProfile.objects.create(username="amara", last_updated=NOON)
    before.refresh_from_db()
    after = LearnerProfile(username="amara", last_updated=before.last_updated)
    with django_assert_num_queries(0):
        update((before, after))
    after.goal = "new"
    with django_assert_num_queries(1) as queries:
        update((before, after))
    assert queries[0]["sql"].count("SET") == 1
    assert "timezone" not in queries[0]["sql"]


def test_rows_that_change_in_the_same_columns_are_updated_together(django_assert_num_queries):
    pairs = []
    for name in ("amara", "felix", "jun"):
        before = LearnerProfile.objects.create(username=name, last_updated=NOON)
        before.refresh_from_db()
        pairs.append(
            (before, LearnerProfile(username=name, last_updated=before.last_updated, goal=f"of {name}"))
        )
    with django_assert_num_queries(1):
        update(*pairs)
    goals = LearnerProfile.objects.order_by("username").values_list("goal", flat=True)
    assert list(goals) == ["of amara", "of felix", "of jun"]
