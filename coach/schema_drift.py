"""Compares the live database with the models: tables, columns, constraints and indexes, each difference by name.

What the models ask for (as the migrations state it) is built by Django itself, in a place of its own that vanishes at
once: a schema that is rolled back on PostgreSQL, a database in memory on SQLite. Both are then described by the
database's own catalogue, so a check that was rewritten by hand is found as surely as a column that is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.utils import ConnectionHandler

# Kept by Django beside the models.
_OTHER_TABLES = frozenset({"django_migrations"})
_SCRATCH = "arcadia_expected_schema"

# A table's name, then what it consists of: the kind and name of a part, and its definition.
Description = dict[str, dict[str, str]]


def differences() -> list[str]:
    """One sentence a difference; an empty list where the database is what the models say.

    Takes no lock on a table in use. Raises django.db.DatabaseError where the database cannot be read, and on
    PostgreSQL where the role may not create a schema.
    """
    return [*_pending_migrations(), *_compare(expected=_expected(), found=_found())]


def _pending_migrations() -> Iterator[str]:
    executor = MigrationExecutor(connection)
    loader = executor.loader
    for migration, _ in executor.migration_plan(loader.graph.leaf_nodes()):
        yield f"migration {migration} is not applied"
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    for app in detector.changes(graph=loader.graph):
        yield f"the models of {app} were changed since their last migration"


def _compare(*, expected: Description, found: Description) -> Iterator[str]:
    for table in sorted(expected.keys() | found.keys() - _OTHER_TABLES):
        if table not in found:
            yield f"table {table} is missing"
        elif table not in expected:
            yield f"table {table} belongs to no model"
        else:
            yield from _compare_table(table, expected[table], found[table])


def _compare_table(table: str, expected: dict[str, str], found: dict[str, str]) -> Iterator[str]:
    for part in sorted(expected.keys() | found.keys()):
        if part not in found:
            yield f"{table}: {part} is missing ({expected[part]})"
        elif part not in expected:
            yield f"{table}: {part} is in no model ({found[part]})"
        elif expected[part] != found[part]:
            yield f"{table}: {part} is {found[part]}, expected is {expected[part]}"


def _expected() -> Description:
    if connection.vendor == "postgresql":
        with transaction.atomic():
            live = connection.ops.quote_name(_live_schema())
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE SCHEMA {_SCRATCH}")
                # Functions that indexes call are not the models': they are found where the migrations made them.
                cursor.execute(f"SET LOCAL search_path TO {_SCRATCH}, {live}")
            _create_tables(connection)
            described = _describe_postgresql(_SCRATCH)
            transaction.set_rollback(True)
        return described
    handler = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
    scratch = handler["default"]
    try:
        _create_tables(scratch)
        return _describe_sqlite(scratch)
    finally:
        scratch.close()


def _create_tables(where: BaseDatabaseWrapper) -> None:
    # As the migrations state them: to the models themselves Django gives other keys in tables between two models.
    stated = MigrationLoader(connection).project_state().apps
    with where.schema_editor() as editor:
        for model in stated.get_models():
            if model._meta.managed and not model._meta.proxy:
                editor.create_model(model)


def _found() -> Description:
    if connection.vendor == "postgresql":
        return _describe_postgresql(_live_schema())
    return _describe_sqlite(connection)


def _live_schema() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        [schema] = cursor.fetchone()
    return str(schema)


# --- PostgreSQL -----------------------------------------------------------------------------------

_TABLES = """
SELECT relname, relkind::text FROM pg_class WHERE relnamespace = %(schema)s::regnamespace AND relkind IN ('r', 'p')
"""
_COLUMNS = """
SELECT class.relname, 'column ' || quote_ident(attname),
    format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
    || CASE WHEN attidentity <> '' THEN ' identity ' || attidentity::text ELSE '' END
    || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '')
    || CASE WHEN attcollation <> typcollation THEN ' COLLATE ' || attcollation::regcollation::text ELSE '' END
FROM pg_attribute AS attribute
JOIN pg_class AS class ON class.oid = attrelid AND relkind IN ('r', 'p')
JOIN pg_type AS type ON type.oid = atttypid
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE relnamespace = %(schema)s::regnamespace AND attnum > 0 AND NOT attisdropped
"""
_CONSTRAINTS = """
SELECT relname, 'constraint ' || quote_ident(conname),
    pg_get_constraintdef(con.oid)
FROM pg_constraint AS con JOIN pg_class AS class ON class.oid = conrelid
WHERE relnamespace = %(schema)s::regnamespace
"""
_INDEXES = """
SELECT class.relname, 'index ' || quote_ident(part.relname),
    pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' (invalid)' END
FROM pg_index
JOIN pg_class AS class ON class.oid = indrelid
JOIN pg_class AS part ON part.oid = indexrelid
WHERE class.relnamespace = %(schema)s::regnamespace
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
"""


def _describe_postgresql(schema: str) -> Description:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, {"schema": schema})
        described: Description = {table: {} for table, _ in cursor.fetchall()}
        for query in (_COLUMNS, _CONSTRAINTS, _INDEXES):
            cursor.execute(query, {"schema": schema})
            for table, part, definition in cursor.fetchall():
                described[table][part] = definition.replace(f"{schema}.", "")
    return described


# --- SQLite ---------------------------------------------------------------------------------------

_CHECK = re.compile(r"\bCHECK\s*\(", re.IGNORECASE)


def _describe_sqlite(where: BaseDatabaseWrapper) -> Description:
    with where.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
        return {name: dict(_sqlite_parts(cursor, name, sql)) for name, sql in cursor.fetchall()}


def _sqlite_parts(cursor: Any, table: str, sql: str) -> Iterator[tuple[str, str]]:
    cursor.execute("SELECT * FROM pragma_table_xinfo(%s)", [table])
    for _, name, kind, required, default, primary, _ in cursor.fetchall():
        words = [kind, "NOT NULL" if required else "", f"DEFAULT {default}" if default is not None else ""]
        yield f"column {name}", " ".join(filter(None, [*words, "PRIMARY KEY" if primary else ""]))
    cursor.execute("SELECT * FROM pragma_foreign_key_list(%s)", [table])
    for _, _, target, column, referenced, on_update, on_delete, _ in cursor.fetchall():
        yield (
            f"foreign key on {column}",
            f"{target} ({referenced}) ON UPDATE {on_update} ON DELETE {on_delete}",
        )
    yield from ((f"check {text}", "as stated") for text in _checks(sql))
    cursor.execute('SELECT name, "unique", origin FROM pragma_index_list(%s)', [table])
    for name, unique, origin in cursor.fetchall():
        yield from _sqlite_index(cursor, name, unique, origin)


def _sqlite_index(cursor: Any, name: str, unique: int, origin: str) -> Iterator[tuple[str, str]]:
    cursor.execute("SELECT name FROM pragma_index_info(%s) ORDER BY seqno", [name])
    columns = ", ".join(str(column) for [column] in cursor.fetchall())
    if origin != "c":
        # Made for a constraint within the table's statement; its own name is a number.
        yield f"unique ({columns})", "as stated"
        return
    cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = %s", [name])
    [sql] = cursor.fetchone()
    yield f"index {name}", " ".join(sql.split())


def _checks(sql: str) -> Iterable[str]:
    """The conditions of all checks of a table, without the names and the order in which they happen to stand."""
    for found in _CHECK.finditer(sql):
        depth, at = 1, found.end()
        while depth and at < len(sql):
            depth += {"(": 1, ")": -1}.get(sql[at], 0)
            at += 1
        yield " ".join(sql[found.end() : at - 1].split())
