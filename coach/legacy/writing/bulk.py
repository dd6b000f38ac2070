"""Writing many rows at once, and turning child rows into others by writing what differs.

On PostgreSQL lines are copied in (COPY), elsewhere they go in by bulk statements; tests hold the two to the same rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState

from coach.legacy.writing import copy_format
from coach.legacy.writing.copy_rows import CopyRow, Table, fields_of, types

Row = TypeVar("Row", bound=models.Model)
Key = TypeVar("Key", bound=Hashable)


def blank(model: type[Row]) -> Row:
    """A row without defaults, for `apply_document` to fill: a constructor would set every column twice."""
    row = model.__new__(model)
    row._state = ModelState()
    row.pk = None
    return row


def numbers(model: type[models.Model], count: int) -> list[int]:
    """So many primary keys that no row has or will be given; call it in the transaction that uses them."""
    if not count:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_NEXT_NUMBERS, [*_sequence(model), count])
            return [number for (number,) in cursor.fetchall()]
        # Nobody else writes before this transaction ends, and a row that names its number moves the sequence on.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
        last = (cursor.fetchone() or (0,))[0]
        return list(range(last + 1, last + 1 + count))


def write(table: Table, rows: Sequence[tuple[tuple[int, ...], CopyRow]]) -> None:
    """Insert rows: the values of the late columns of each, and its line."""
    if not rows:
        return
    if connection.vendor == "postgresql":
        head = table.head
        _copy(table.model, table.columns, [part for late, line in rows for part in (head(*late), line)])
    else:
        _insert(table.model, table.columns, [(*late, *line) for late, line in rows])


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model; they have their primary keys afterwards."""
    if not rows:
        return
    model = type(rows[0])
    for row, number in zip(rows, numbers(model, len(rows)), strict=True):
        row.pk = number
    columns = tuple(field.attname for field in model._meta.concrete_fields)
    values = list(map(attrgetter(*columns), rows))
    if connection.vendor == "postgresql":
        head, pack = copy_format.row_head(len(columns), 0)(), copy_format.packer(types(model, columns))
        _copy(model, columns, [part for line in values for part in (head, pack(line))])
    else:
        _insert(model, columns, values)


class Changes:
    """What rows that are there have to become; gathered one by one, and written together."""

    def __init__(self) -> None:
        self._gone: defaultdict[type[models.Model], list[int]] = defaultdict(list)
        self._changed: defaultdict[tuple[type[models.Model], tuple[str, ...]], list[tuple[Any, ...]]] = (
            defaultdict(list)
        )
        self._new: defaultdict[type[models.Model], list[models.Model]] = defaultdict(list)

    def update(self, old: models.Model, new: models.Model) -> None:
        """Write the columns in which `new` differs from the row `old`."""
        model = type(old)
        names = tuple(
            field.attname
            for field in model._meta.concrete_fields
            if not field.primary_key and getattr(old, field.attname) != getattr(new, field.attname)
        )
        if names:
            self._changed[model, names].append((*(getattr(new, name) for name in names), old.pk))

    def replace(self, old: Mapping[Key, Row], new: Mapping[Key, Row]) -> None:
        """Turn child rows into others of the same keys."""
        for key, row in old.items():
            if key not in new:
                self.delete(row)
        for key, row in new.items():
            if key in old:
                self.update(old[key], row)
            else:
                self.insert(row)

    def insert(self, row: models.Model) -> None:
        self._new[type(row)].append(row)

    def delete(self, row: models.Model) -> None:
        """Delete a row, with what belongs to it."""
        self._gone[type(row)].append(row.pk)

    def write(self) -> None:
        """Delete, update, insert: each table at once, updates together that change the same columns."""
        for model, numbers_ in self._gone.items():
            model._base_manager.filter(pk__in=numbers_).delete()
        for (model, names), lines in self._changed.items():
            _update(model, names, lines)
        for rows in self._new.values():
            insert(rows)


# --- statements -----------------------------------------------------------------------------------

_NEXT_NUMBERS = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"


def _sequence(model: type[models.Model]) -> tuple[str, str]:
    """Table and column of the sequence behind a model's primary key."""
    return connection.ops.quote_name(model._meta.db_table), str(model._meta.pk.column)


def _copy(model: type[models.Model], names: tuple[str, ...], parts: Iterable[Any]) -> None:
    table, columns = _spelled(model, names)
    with connection.cursor() as cursor:
        # The driver's own cursor: Django's wrappers do not translate what goes wrong within.
        raw: Any = cursor.cursor
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with connection.wrap_database_errors, raw.copy(statement) as copy:
            copy.write(b"".join([copy_format.SIGNATURE, *parts, copy_format.TRAILER]))


def _insert(model: type[models.Model], names: tuple[str, ...], lines: Iterable[Sequence[Any]]) -> None:
    table, columns = _spelled(model, names)
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        cursor.executemany(statement, list(_adapted(model, names, lines)))


def _update(model: type[models.Model], names: tuple[str, ...], lines: Sequence[Sequence[Any]]) -> None:
    """Each line: the new values, then the number of the row."""
    table, columns = _spelled(model, (*names, model._meta.pk.attname))
    settings = ", ".join(f"{column} = %s" for column in columns[:-1])
    with connection.cursor() as cursor:
        statement = f"UPDATE {table} SET {settings} WHERE {columns[-1]} = %s"
        cursor.executemany(statement, list(_adapted(model, (*names, model._meta.pk.attname), lines)))


def _adapted(
    model: type[models.Model], names: Sequence[str], lines: Iterable[Sequence[Any]]
) -> Iterable[list[Any]]:
    """The lines, with each value as the database's driver takes it."""
    prepare = [field.get_db_prep_save for field in fields_of(model, names)]
    for line in lines:
        yield [prepared(value, connection) for prepared, value in zip(prepare, line, strict=True)]


@cache
def _spelled(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, list[str]]:
    """The quoted names of a table and of those of its columns."""
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), [quote(str(field.column)) for field in fields_of(model, names)]
