"""The operator's commands around a running service: tokens, migrating when the database is ready, the pool."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from coach.models import ApiToken
from coach.services.operations import tokens

pytestmark = pytest.mark.django_db


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue()


# --- api_tokens -----------------------------------------------------------------------------------


def test_a_new_token_is_all_that_is_printed_and_opens():
    text = run("api_tokens", "create", "app").strip()

    assert tokens.identify(text).token == "app"
    assert ApiToken.objects.get().expires_at is None


def test_days_make_it_expire():
    run("api_tokens", "create", "app", "--days", "30")

    row = ApiToken.objects.get()
    assert round((row.expires_at - row.created_at).total_seconds() / 86400) == 30


@pytest.mark.parametrize("days", ["0", "-1", "100000"])
def test_days_have_bounds(days):
    with pytest.raises(CommandError, match="--days"):
        run("api_tokens", "create", "app", "--days", days)


def test_a_name_is_given_once():
    run("api_tokens", "create", "app")

    with pytest.raises(CommandError, match="already"):
        run("api_tokens", "create", "app")


def test_the_list_shows_states_and_no_token():
    text = run("api_tokens", "create", "app").strip()
    run("api_tokens", "create", "old")
    run("api_tokens", "revoke", "old")

    listed = run("api_tokens", "list")
    assert "app\tusable" in listed
    assert "old\trevoked" in listed
    assert text.split("_", 2)[2] not in listed


def test_a_revoked_token_is_refused():
    text = run("api_tokens", "create", "app").strip()
    run("api_tokens", "revoke", "app")

    assert tokens.identify(text) is None


def test_who_is_not_there_cannot_be_revoked():
    with pytest.raises(CommandError, match="no token"):
        run("api_tokens", "revoke", "nobody")


# --- migrate_when_ready ---------------------------------------------------------------------------


def test_a_database_that_is_ready_is_migrated_at_once():
    assert "No migrations to apply" in run("migrate_when_ready")


def test_one_that_is_late_is_waited_for(settings, monkeypatch):
    settings.DB_MIGRATION_POLL_INTERVAL = 0.01
    attempts = []

    def late():
        attempts.append(1)
        if len(attempts) < 4:
            raise OperationalError("not yet")

    monkeypatch.setattr(connection, "ensure_connection", late)
    monkeypatch.setattr(connection, "close", lambda: None)
    command = load("migrate_when_ready")
    command._wait()

    assert len(attempts) == 4


def test_one_that_never_comes_is_given_up(settings, monkeypatch):
    settings.DB_MIGRATION_TIMEOUT = 0.05
    settings.DB_MIGRATION_POLL_INTERVAL = 0.01

    def away():
        raise OperationalError("not there")

    monkeypatch.setattr(connection, "ensure_connection", away)
    monkeypatch.setattr(connection, "close", lambda: None)

    with pytest.raises(CommandError, match="did not answer"):
        load("migrate_when_ready")._wait()


def load(name):
    from django.core.management import load_command_class

    command = load_command_class("coach", name)
    command.stderr = io.StringIO()
    return command


# --- db_metrics -----------------------------------------------------------------------------------


def test_the_snapshot_is_json():
    snapshot = json.loads(run("db_metrics"))

    assert snapshot["status"] == "ok"
    assert bool(snapshot["pool"]) == (connection.vendor == "postgresql")
