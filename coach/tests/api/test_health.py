import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from coach.services.operations import health

pytestmark = pytest.mark.django_db


def test_a_live_process_says_so_without_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "mode": "custom-chatkit"})


def test_a_healthy_database_shows_its_migrations_and_pool(client):
    shown = client.get("/healthz/database").json()

    assert shown["status"] == "ok"
    assert shown["vendor"] == connection.vendor
    assert shown["migrations"]["applied"] > 0
    assert shown["migrations"]["pending"] == []
    assert bool(shown["pool"]) == (connection.vendor == "postgresql")


def test_a_migration_that_is_missing_is_named(client):
    MigrationRecorder(connection).record_unapplied("coach", "0001_initial")

    answer = client.get("/healthz/database")

    assert answer.status_code == 503
    assert "coach.0001_initial" in answer.json()["detail"]


@pytest.mark.postgresql("SQLite has no pool")
def test_the_pool_counts_what_is_zero_too(client):
    assert set(health.pool_counters()) >= {"pool_size", "pool_max", "requests_waiting", "requests_errors"}
