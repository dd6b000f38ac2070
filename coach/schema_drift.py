"""Compares the live database with what the migrations build, and names each difference.

The expectation is built by the migrations themselves, in a place of its own that vanishes at once: a schema that is rolled
back on PostgreSQL, a database in memory on SQLite. Both sides are described by the database's own catalogue. Where two texts
of PostgreSQL differ, the server parses both again before they count as different: after a dump and restore it words the same
condition otherwise.
"""

import re
import secrets
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import ProgrammingError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.utils import ConnectionHandler

_SCRATCH_ALIAS = "expected_schema"
_QUERIES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_PROBE = "arcadia_probe"
# Undefined column, function, object.
_UNDEFINED = ("42703", "42883", "42704")

# A table (or "" for what belongs to none), then what it consists of: the kind and name of a part, and its definition.
Description = dict[str, dict[str, str]]
# The definition of a part as the server words it once it has parsed it again: table, part, definition.
Reparse = Callable[[str, str, str], str]


class NotComparable(Exception):
    """The comparison needs a right that this role does not have; the message names it."""


def differences() -> list[str]:
    """One sentence for each difference; an empty list where the database is what the migrations build.

    Takes no lock on a table in use. Raises NotComparable where the role may not create the schema of the comparison, and
    django.db.DatabaseError where the database cannot be read.
    """
    live = connections[settings.DIRECT_DATABASE]
    found = [*_migrations(live)]
    if live.vendor == "postgresql":
        with _scratch(live) as scratch:
            expected, reparse = _describe_postgresql(scratch), partial(_parsed_again, scratch)
            found += _compare(expected, _describe_postgresql(live), reparse)
        return [*found, *_behind_sequences(live)]
    with closing(_sqlite_scratch()) as scratch:
        return [*found, *_compare(_describe_sqlite(scratch), _describe_sqlite(live))]


def _migrations(live: BaseDatabaseWrapper) -> Iterator[str]:
    executor = MigrationExecutor(live)
    loader = executor.loader
    # Not the executor's plan, which is empty where the last one is applied.
    for app, name in sorted(loader.graph.nodes.keys() - loader.applied_migrations.keys()):
        yield f"migration {app}.{name} is not applied"
    known = loader.graph.nodes.keys() | loader.replacements.keys()
    for app, name in sorted(executor.recorder.applied_migrations().keys() - known):
        yield f"migration {app}.{name} is applied and unknown to this version"
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    for app in detector.changes(graph=loader.graph):
        yield f"the models of {app} were changed since their last migration"


def _behind_sequences(live: BaseDatabaseWrapper) -> Iterator[str]:
    """After rows were restored by hand: the next row would get a number that is taken."""
    introspection, quote = live.introspection, live.ops.quote_name
    with live.cursor() as cursor:
        for table in introspection.table_names(cursor):
            for owned in introspection.get_sequences(cursor, table):
                column, sequence = quote(owned["column"]), quote(owned["name"])
                cursor.execute(
                    f"SELECT (SELECT max({column}) FROM {quote(table)}), last_value FROM {sequence}"
                )
                largest, last = cursor.fetchone()
                if largest is not None and last < largest:
                    yield f"{table}: sequence {owned['name']} is at {last}, but the largest {owned['column']} is {largest}"


def _compare(
    expected: Description, found: Description, reparse: Reparse = lambda table, part, text: text
) -> Iterator[str]:
    for table in sorted(expected.keys() | found.keys()):
        if table not in found:
            yield f"table {table} is missing"
        elif table not in expected:
            yield f"table {table} belongs to no model"
        else:
            yield from _compare_parts(table, expected[table], found[table], reparse)


def _compare_parts(
    table: str, expected: dict[str, str], found: dict[str, str], reparse: Reparse
) -> Iterator[str]:
    where = f"{table}: " if table else ""
    for part in sorted(expected.keys() | found.keys()):
        if part not in found:
            yield f"{where}{part} is missing ({expected[part]})"
        elif part not in expected:
            yield f"{where}{part} is in no model ({found[part]})"
        elif expected[part] != found[part] and (
            reparse(table, part, expected[part]) != reparse(table, part, found[part])
        ):
            yield f"{where}{part} is {found[part]}, expected is {expected[part]}"


# --- PostgreSQL -----------------------------------------------------------------------------------


@contextmanager
def _scratch(live: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own, to a schema of its own in which the migrations were run; nothing of it is ever committed."""
    # In no pool: it ends when it is closed.
    options = {name: value for name, value in live.settings_dict["OPTIONS"].items() if name != "pool"}
    scratch = type(live)({**live.settings_dict, "OPTIONS": options}, _SCRATCH_ALIAS)
    connections[_SCRATCH_ALIAS] = scratch
    try:
        with transaction.atomic(using=_SCRATCH_ALIAS):
            _create_schema(scratch, f"arcadia_expected_{secrets.token_hex(4)}")
            MigrationExecutor(scratch).migrate(MigrationExecutor(scratch).loader.graph.leaf_nodes())
            yield scratch
            transaction.set_rollback(True, using=_SCRATCH_ALIAS)
    finally:
        scratch.close()
        del connections[_SCRATCH_ALIAS]


def _create_schema(scratch: BaseDatabaseWrapper, schema: str) -> None:
    with scratch.cursor() as cursor:
        # Building every table may take longer than a request may.
        cursor.execute("SET LOCAL statement_timeout = 0")
        try:
            cursor.execute(f"CREATE SCHEMA {schema}")
        except ProgrammingError as error:
            role = scratch.settings_dict["USER"] or "of this connection"
            raise NotComparable(
                f"The role {role} may not create a schema, which the comparison needs (it is rolled back): "
                "GRANT CREATE ON DATABASE to it, or let ARCADIA_DATABASE_DIRECT_URL name the owner's role."
            ) from error
        cursor.execute(f"SET LOCAL search_path TO {schema}")
        # Rows that a migration writes must not keep the next one from altering their table.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _describe_postgresql(where: BaseDatabaseWrapper) -> Description:
    described: Description = {"": {}}
    with where.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        [schema] = cursor.fetchone()
        for query in _QUERIES["parts"].values():
            cursor.execute(query, {"schema": schema})
            for table, part, definition in cursor.fetchall():
                described.setdefault(table, {})[part] = definition.replace(f"{schema}.", "")
    return described


def _parsed_again(scratch: BaseDatabaseWrapper, table: str, part: str, definition: str) -> str:
    """The definition of a check or an index as the server words it once it has parsed its own words."""
    kind, _, name = part.partition(" ")
    if kind == "constraint" and definition.startswith("CHECK"):
        make = f'ALTER TABLE "{table}" ADD CONSTRAINT {_PROBE} {definition}'
        read = f"SELECT pg_get_constraintdef(oid), current_schema() FROM pg_constraint WHERE conname = '{_PROBE}'"
    elif kind == "index" and not definition.endswith("(invalid)"):
        make = definition.replace(f"INDEX {name} ON", f"INDEX {_PROBE} ON", 1)
        read = f"SELECT pg_get_indexdef('{_PROBE}'::regclass), current_schema()"
    else:
        return definition
    try:
        with transaction.atomic(using=_SCRATCH_ALIAS), scratch.cursor() as cursor:
            cursor.execute(make.replace("%", "%%"), [])
            cursor.execute(read)
            again, schema = cursor.fetchone()
            transaction.set_rollback(True, using=_SCRATCH_ALIAS)
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") not in _UNDEFINED:
            raise
        # It speaks of what the migrations do not make: a difference of its own.
        return definition
    return str(again).replace(f"{schema}.", "").replace(_PROBE, name)


# --- SQLite ---------------------------------------------------------------------------------------


def _sqlite_scratch() -> BaseDatabaseWrapper:
    memory = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    scratch = ConnectionHandler(memory)["default"]
    # As the migrations state them: to the models themselves Django gives other keys in tables between two models.
    stated = MigrationLoader(None).project_state().apps
    with scratch.schema_editor() as editor:
        for model in stated.get_models():
            if model._meta.managed and not model._meta.proxy:
                editor.create_model(model)
    return scratch


_CHECK = re.compile(r"\bCHECK\s*\(", re.IGNORECASE)


def _describe_sqlite(where: BaseDatabaseWrapper) -> Description:
    with where.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        described = {
            table: {f"check {text}": "as stated" for text in _checks(sql)} for table, sql in cursor.fetchall()
        }
        for query in _QUERIES["sqlite"].values():
            cursor.execute(query)
            for table, part, definition in cursor.fetchall():
                described[table][part] = " ".join(definition.split())
    return {
        table: parts
        for table, parts in described.items()
        if not table.startswith("sqlite_") and table != "django_migrations"
    }


def _checks(sql: str) -> Iterable[str]:
    """The conditions of all checks of a table, without the names and the order in which they happen to stand."""
    for found in _CHECK.finditer(sql):
        depth, at = 1, found.end()
        while depth and at < len(sql):
            depth += {"(": 1, ")": -1}.get(sql[at], 0)
            at += 1
        yield " ".join(sql[found.end() : at - 1].split())
