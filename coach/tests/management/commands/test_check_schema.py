"""`manage.py check_schema`: a database that was altered by hand is told apart from the models."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from coach import schema_drift

pytestmark = pytest.mark.django_db


def altered(*statements: str) -> list[str]:
    """What is named after such an alteration, which is taken back."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        found = schema_drift.differences()
        transaction.set_rollback(True)
    return found


def test_a_migrated_database_is_what_the_models_say():
    assert schema_drift.differences() == []
    out = io.StringIO()
    call_command("check_schema", stdout=out)
    assert "is what the models say" in out.getvalue()


def test_looking_leaves_nothing_behind():
    before = set(connection.introspection.table_names())
    schema_drift.differences()
    assert set(connection.introspection.table_names()) == before


def test_every_difference_is_named_and_answers_1():
    out = io.StringIO()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE coach_backfillfinding")
            cursor.execute("CREATE TABLE stranger (id integer)")
            cursor.execute("DROP INDEX memory_newest_first")
        with pytest.raises(SystemExit) as ended:
            call_command("check_schema", stdout=out, stderr=io.StringIO())
        transaction.set_rollback(True)
    assert ended.value.code == 1
    assert "table coach_backfillfinding is missing" in out.getvalue()
    assert "table stranger belongs to no model" in out.getvalue()
    assert "coach_memoryrecord: index memory_newest_first is missing" in out.getvalue()


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            "ALTER TABLE coach_memoryrecord ADD COLUMN extra integer",
            "coach_memoryrecord: column extra is in no model",
        ),
        (
            "ALTER TABLE coach_memoryrecord RENAME COLUMN note TO remark",
            "coach_memoryrecord: column note is missing",
        ),
        (
            "CREATE INDEX handmade ON coach_auditevent (actor)",
            "coach_auditevent: index handmade is in no model",
        ),
    ],
)
def test_an_alteration_by_hand_is_named(statement, named):
    assert any(difference.startswith(named) for difference in altered(statement))


@pytest.mark.postgresql("SQLite cannot alter these")
@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (
            ("ALTER TABLE coach_memoryrecord ALTER COLUMN note DROP NOT NULL",),
            "coach_memoryrecord: column note is text, expected is text NOT NULL",
        ),
        (
            ("ALTER TABLE coach_memoryrecord ALTER COLUMN tags TYPE jsonb USING tags::jsonb",),
            "coach_memoryrecord: column tags is jsonb NOT NULL, expected is json NOT NULL",
        ),
        (
            (
                "ALTER TABLE coach_scheduleitem DROP CONSTRAINT schedule_item_minutes_least",
                "ALTER TABLE coach_scheduleitem ADD CONSTRAINT schedule_item_minutes_least"
                " CHECK (recommended_minutes >= 1)",
            ),
            "coach_scheduleitem: constraint schedule_item_minutes_least is CHECK ((recommended_minutes >= 1))",
        ),
        (
            ("ALTER TABLE coach_learnerprofile DROP CONSTRAINT coach_learnerprofile_username_key",),
            "coach_learnerprofile: constraint coach_learnerprofile_username_key is missing",
        ),
        (
            ("ALTER TABLE coach_memoryrecord ALTER COLUMN note SET DEFAULT 'x'",),
            "coach_memoryrecord: column note is text NOT NULL DEFAULT 'x'::text",
        ),
    ],
)
def test_what_django_s_own_checks_pass_over_is_named(statements, named):
    assert any(difference.startswith(named) for difference in altered(*statements)), altered(*statements)


def test_a_migration_that_was_not_applied_is_named():
    statement = "DELETE FROM django_migrations WHERE app = 'sessions'"
    assert any(difference.startswith("migration sessions.") for difference in altered(statement))
