"""Bulk writing: the fast way of PostgreSQL leaves the same rows as plain bulk statements."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.legacy.writing import bulk, tables
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile, MemoryRecord, ScheduleItem
from coach.tests import strategies
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.test_round_trip import as_stores

LEARNERS = tables.LEARNERS.own
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
    table.model.objects.bulk_create(table.model(**dict(zip(table.columns, row, strict=True))) for row in rows)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(strategies.profiles, max_size=3),
    st.lists(strategies.submitted, max_size=2),
    st.lists(strategies.pending_attachments, max_size=2),
)
def test_both_ways_leave_the_same_rows(tmp_path_factory, profiles, submissions, attachments):
    stores = Stores(tmp_path_factory.mktemp("stores")).write(**as_stores(profiles, submissions, attachments))
    written = []
    for way in (bulk.write, plainly):
        LearnerProfile.objects.all().delete()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(bulk, "write", way)
            assert stores.backfill().clean
        written.append(everything())
    assert written[0] == written[1]


def copy_row(row):
    return tuple(getattr(row, name) for name in LEARNERS.own_columns)


def test_rows_have_their_numbers():
    numbers = bulk.numbers(LearnerProfile, 2)
    rows = [LearnerProfile(username=name, last_updated=NOON) for name in ("amara", "felix")]
    bulk.write(LEARNERS, [(number, *copy_row(row)) for number, row in zip(numbers, rows, strict=True)])
    assert set(LearnerProfile.objects.values_list("pk", "username")) == {
        (numbers[0], "amara"),
        (numbers[1], "felix"),
    }
    later = LearnerProfile.objects.create(username="later", last_updated=NOON)
    assert later.pk > max(numbers)


def test_a_refused_row_is_django_s_own_error():
    row = LearnerProfile(username="", last_updated=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.write(LEARNERS, [(1, *copy_row(row))])


@pytest.fixture
def within_a_transaction():
    """As a batch is written; its beginning is no query of the update's."""
    with transaction.atomic():
        yield


def update(*pairs):
    changes = bulk.Changes()
    for before, after in pairs:
        changes.update(LEARNERS, before, copy_row(after))
    changes.write()


@pytest.mark.usefixtures("within_a_transaction")
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


@pytest.mark.usefixtures("within_a_transaction")
def test_rows_that_change_in_the_same_columns_are_updated_together(django_assert_num_queries):
    pairs = []
    for name in ("amara", "felix", "jun"):
        before = LearnerProfile.objects.create(username=name, last_updated=NOON)
        before.refresh_from_db()
        pairs.append(
            (before, LearnerProfile(username=name, last_updated=before.last_updated, goal=f"of {name}"))
        )
    with django_assert_num_queries(1) as queries:
        update(*pairs)
    # A statement with a case for every row takes time by the square of their number.
    assert "CASE" not in queries[0]["sql"]
    goals = LearnerProfile.objects.order_by("username").values_list("goal", flat=True)
    assert list(goals) == ["of amara", "of felix", "of jun"]
