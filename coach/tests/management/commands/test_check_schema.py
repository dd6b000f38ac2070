"""`manage.py check_schema`: a database that was altered by hand is told apart from what the migrations build."""

from __future__ import annotations

import functools
import io

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection, connections, transaction

from coach import schema_drift
from coach.models import BackfillFinding, BackfillRun

pytestmark = pytest.mark.django_db


def test_a_migrated_database_is_what_the_migrations_build():
    out = io.StringIO()

    call_command("check_schema", stdout=out)

    assert "is what the migrations build" in out.getvalue()


def test_the_migrations_that_it_runs_write_no_row_here():
    viewer, view = Group.objects.get(name="viewer"), Permission.objects.get(codename="view_auditevent")
    viewer.permissions.remove(view)
    run = BackfillRun.objects.create(source="command", actor="amara")
    finding = BackfillFinding.objects.create(
        run=run, store="profiles", ordinal=0, place="$.amara", outcome="rejected"
    )

    call_command("check_schema", stdout=io.StringIO())

    assert not viewer.permissions.filter(pk=view.pk).exists()
    assert BackfillFinding.objects.get(pk=finding.pk).username == ""


def test_every_difference_is_named_answers_1_and_leaves_nothing_behind():
    out = io.StringIO()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE coach_backfillfinding")
            cursor.execute("CREATE TABLE stranger (id integer)")
            cursor.execute("DROP INDEX memory_newest_first")
            cursor.execute("ALTER TABLE coach_memoryrecord ADD COLUMN extra integer")
            cursor.execute("CREATE INDEX handmade ON coach_auditevent (actor)")
            cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
            cursor.execute("DELETE FROM django_migrations WHERE name = '0005_api_tokens'")
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('coach', '9999_later', '2030-01-01')"
            )
        before = set(connection.introspection.table_names())
        with pytest.raises(SystemExit) as ended:
            call_command("check_schema", stdout=out, stderr=io.StringIO())
        assert set(connection.introspection.table_names()) == before
        transaction.set_rollback(True)

    assert ended.value.code == 1
    for named in (
        "table coach_backfillfinding is missing",
        "table stranger belongs to no model",
        "coach_memoryrecord: index memory_newest_first is missing",
        "coach_memoryrecord: column extra is in no model",
        "coach_auditevent: index handmade is in no model",
        "migration sessions.0001_initial is not applied",
        "migration coach.0005_api_tokens is not applied",
        "migration coach.9999_later is applied and unknown to this version",
    ):
        assert named in out.getvalue()


NOTE = "ALTER TABLE coach_memoryrecord ALTER COLUMN note"
FUNCTION = "CREATE OR REPLACE FUNCTION coach_trigrams(text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5000"
# What somebody may do to a database by hand, and how the difference that is named begins.
DRIFTS = {
    f"{NOTE} DROP NOT NULL": "coach_memoryrecord: column note is text, expected",
    f"{NOTE} SET DEFAULT 'x'": "coach_memoryrecord: column note is text NOT NULL DEFAULT 'x'::text",
    f'{NOTE} TYPE text COLLATE "C"': "coach_memoryrecord: column note is text NOT NULL COLLATE",
    f"{NOTE} TYPE varchar(90000)": "coach_memoryrecord: column note is character varying(90000)",
    f"{NOTE} SET STORAGE EXTERNAL": "coach_memoryrecord: column note is text NOT NULL STORAGE e",
    f"{NOTE} SET COMPRESSION pglz": "coach_memoryrecord: column note is text NOT NULL COMPRESSION p",
    "ALTER TABLE coach_memoryrecord RENAME COLUMN note TO remark": "coach_memoryrecord: column note is missing",
    "ALTER TABLE coach_memoryrecord DROP COLUMN note CASCADE": "coach_memoryrecord: column note is missing",
    "ALTER TABLE coach_memoryrecord ALTER COLUMN tags TYPE jsonb USING tags::jsonb": "coach_memoryrecord: column tags",
    "ALTER TABLE coach_memoryrecord ALTER COLUMN position TYPE bigint": "coach_memoryrecord: column",
    "ALTER TABLE coach_memoryrecord ALTER COLUMN id DROP IDENTITY": "coach_memoryrecord: column id",
    "ALTER TABLE coach_memoryrecord ALTER COLUMN id SET GENERATED ALWAYS": "coach_memoryrecord: column id",
    "ALTER TABLE coach_memoryrecord ADD COLUMN twice text GENERATED ALWAYS AS (upper(note)) STORED": (
        "coach_memoryrecord: column twice is in no model"
    ),
    "ALTER TABLE coach_memoryrecord SET UNLOGGED": "coach_memoryrecord: table is unlogged",
    "ALTER TABLE coach_memoryrecord SET (autovacuum_enabled = false)": "coach_memoryrecord: table is options",
    "ALTER TABLE coach_memoryrecord SET (fillfactor = 50)": "coach_memoryrecord: table is options",
    "ALTER TABLE coach_memoryrecord REPLICA IDENTITY FULL": "coach_memoryrecord: table is replica identity",
    "ALTER TABLE coach_memoryrecord ENABLE ROW LEVEL SECURITY": "coach_memoryrecord: table is row security",
    "ALTER TABLE coach_memoryrecord FORCE ROW LEVEL SECURITY": "coach_memoryrecord: table is forced row security",
    "CREATE POLICY lenient ON coach_memoryrecord USING (true)": "coach_memoryrecord: policy lenient is in no model",
    "CREATE TABLE child () INHERITS (coach_memoryrecord)": "coach_memoryrecord: table is is inherited",
    "ALTER TABLE coach_memoryrecord DISABLE TRIGGER ALL": "coach_memoryrecord: constraint",
    "ALTER TABLE coach_memoryrecord RENAME TO coach_notes": "table coach_memoryrecord is missing",
    "DROP TABLE coach_throttlewindow": "table coach_throttlewindow is missing",
    "CREATE TABLE stranger (id integer)": "table stranger belongs to no model",
    "CREATE UNLOGGED TABLE stranger (id integer)": "table stranger belongs to no model",
    "CREATE TABLE stranger (id integer) PARTITION BY RANGE (id)": "table stranger belongs to no model",
    "CREATE INDEX handmade ON coach_auditevent (actor)": "coach_auditevent: index handmade is in no model",
    "CREATE UNIQUE INDEX handmade ON coach_memoryrecord (id)": "coach_memoryrecord: index handmade is in no model",
    "DROP INDEX memory_newest_first": "coach_memoryrecord: index memory_newest_first is missing",
    "ALTER INDEX memory_newest_first RENAME TO newest": "coach_memoryrecord: index memory_newest_first is missing",
    "DROP INDEX memory_newest_first; CREATE INDEX memory_newest_first ON coach_memoryrecord (id)": (
        "coach_memoryrecord: index memory_newest_first is CREATE INDEX"
    ),
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'memory_newest_first'::regclass": (
        "coach_memoryrecord: index memory_newest_first is CREATE INDEX"
    ),
    "ALTER TABLE coach_learnerprofile DROP CONSTRAINT coach_learnerprofile_username_key": (
        "coach_learnerprofile: constraint coach_learnerprofile_username_key is missing"
    ),
    "ALTER TABLE coach_memoryrecord ADD CONSTRAINT short CHECK (length(note) < 9)": (
        "coach_memoryrecord: constraint short is in no model"
    ),
    "ALTER TABLE coach_memoryrecord ADD CONSTRAINT short CHECK (length(note) < 9) NOT VALID": (
        "coach_memoryrecord: constraint short is in no model"
    ),
    "ALTER TABLE coach_scheduleitem DROP CONSTRAINT schedule_item_minutes_least": (
        "coach_scheduleitem: constraint schedule_item_minutes_least is missing"
    ),
    "ALTER TABLE coach_scheduleitem DROP CONSTRAINT schedule_item_minutes_least; "
    "ALTER TABLE coach_scheduleitem ADD CONSTRAINT schedule_item_minutes_least CHECK (recommended_minutes >= 1)": (
        "coach_scheduleitem: constraint schedule_item_minutes_least is CHECK"
    ),
    "ALTER TABLE coach_memoryrecord ADD CONSTRAINT again FOREIGN KEY (learner_id) REFERENCES coach_learnerprofile": (
        "coach_memoryrecord: constraint again is in no model"
    ),
    "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
    "CREATE TRIGGER lost BEFORE INSERT ON coach_memoryrecord FOR EACH ROW EXECUTE FUNCTION nothing()": (
        "coach_memoryrecord: trigger lost is in no model"
    ),
    "CREATE RULE lost AS ON DELETE TO coach_memoryrecord DO INSTEAD NOTHING": (
        "coach_memoryrecord: rule lost is in no model"
    ),
    "CREATE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1'": "function extra() is in no model",
    "CREATE PROCEDURE extra() LANGUAGE sql AS 'SELECT 1'": "function extra() is in no model",
    f"{FUNCTION} AS $$ SELECT '{{}}'::text[] $$": "function coach_trigrams(text) is",
    "ALTER FUNCTION coach_trigrams(text) VOLATILE": "function coach_trigrams(text) is",
    "ALTER FUNCTION coach_trigrams(text) COST 1": "function coach_trigrams(text) is",
    "ALTER FUNCTION coach_trigrams(text) SECURITY DEFINER": "function coach_trigrams(text) is",
    "ALTER FUNCTION coach_trigrams(text) CALLED ON NULL INPUT": "function coach_trigrams(text) is",
    "ALTER FUNCTION coach_trigrams(text) PARALLEL UNSAFE": "function coach_trigrams(text) is",
    "ALTER FUNCTION coach_trigrams(text) SET work_mem = '1MB'": "function coach_trigrams(text) is",
    "ALTER FUNCTION coach_trigrams(text) RENAME TO trigrams": "function coach_trigrams(text) is missing",
    "ALTER SEQUENCE coach_memoryrecord_id_seq INCREMENT 2": "sequence coach_memoryrecord_id_seq is bigint",
    "ALTER SEQUENCE coach_memoryrecord_id_seq CYCLE": "sequence coach_memoryrecord_id_seq is bigint",
    "ALTER SEQUENCE coach_memoryrecord_id_seq MAXVALUE 1000": "sequence coach_memoryrecord_id_seq is bigint",
    "ALTER SEQUENCE coach_memoryrecord_id_seq AS integer": "sequence coach_memoryrecord_id_seq is integer",
    "ALTER SEQUENCE coach_memoryrecord_id_seq CACHE 50": "sequence coach_memoryrecord_id_seq is bigint",
    "CREATE SEQUENCE extra": "sequence extra is in no model",
    "CREATE ROLE stranger; GRANT ALL ON SCHEMA public TO stranger; ALTER TABLE coach_memoryrecord OWNER TO stranger": (
        "coach_memoryrecord: table is owned by another role"
    ),
}
# What changes no answer, or differs from one deployment to the next by intention.
ARGUED = {
    "COMMENT ON TABLE coach_memoryrecord IS 'notes'": "a comment is documentation",
    "GRANT SELECT ON coach_memoryrecord TO PUBLIC": "rights are each deployment's own",
    f"{NOTE} SET STATISTICS 500": "a statistics target is tuning, which follows the data",
    "CREATE VIEW report AS SELECT count(*) FROM coach_memoryrecord": "a view beside the tables is a report of staff",
    "CREATE STATISTICS more ON learner_id, position FROM coach_memoryrecord": "extended statistics are tuning",
    "INSERT INTO coach_throttlewindow (key, started, count) VALUES ('k', 1, 1)": "rows are data",
    "CREATE SCHEMA other": "another schema is another application's",
}


@pytest.mark.postgresql("SQLite cannot alter these")
def test_sixty_drifts_are_named_or_argued():
    with schema_drift._scratch(connections["default"]) as scratch:
        expected, reparse = (
            schema_drift._describe_postgresql(scratch),
            functools.partial(schema_drift._parsed_again, scratch),
        )
        for statements, named in [*DRIFTS.items(), *((statement, None) for statement in ARGUED)]:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(statements.replace("%", "%%"), [])
                live = schema_drift._describe_postgresql(connection)
                found = [*schema_drift._compare(expected, live, reparse)]
                transaction.set_rollback(True)
            if named is None:
                assert found == [], statements
            else:
                assert any(difference.startswith(named) for difference in found), (statements, found)


@pytest.mark.postgresql("SQLite words no condition again")
def test_conditions_that_a_restore_words_otherwise_are_the_same():
    with connection.cursor() as cursor:

        def reworded(table: str, kind: str, name: str, definition: str) -> None:
            """Make the part again from its own text, as a restore does; the server then words it otherwise."""
            cursor.execute(f"SELECT {definition}")
            [first] = cursor.fetchone()
            drop = f"DROP INDEX {name}" if kind == "index" else f"ALTER TABLE {table} DROP CONSTRAINT {name}"
            cursor.execute(drop)
            cursor.execute(first if kind == "index" else f"ALTER TABLE {table} ADD CONSTRAINT {name} {first}")
            cursor.execute(f"SELECT {definition}")
            assert cursor.fetchone() != (first,)

        named = "(SELECT oid FROM pg_constraint WHERE conname = 'backfill_run_source_known')"
        constraint = f"pg_get_constraintdef({named})"
        reworded("coach_backfillrun", "constraint", "backfill_run_source_known", constraint)
        index = "pg_get_indexdef('submission_to_grade'::regclass)"
        reworded("coach_assessmentsubmission", "index", "submission_to_grade", index)

    assert schema_drift.differences() == []


@pytest.mark.postgresql("SQLite numbers rows by itself")
def test_a_sequence_that_is_behind_its_rows_is_named():
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('auth_permission_id_seq', 1)")

    assert any(
        "sequence auth_permission_id_seq is at 1" in difference for difference in schema_drift.differences()
    )
