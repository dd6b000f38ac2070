"""Writing many rows at once, and turning rows into others by writing what differs.

On PostgreSQL rows are copied in (COPY), elsewhere they go in by bulk statements; tests hold the two to the same rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from django.db import connection, models

from coach.legacy.writing.copy_rows import CopyRow, Table

Owner = tuple[int, ...]


def numbers(model: type[models.Model], count: int) -> list[int]:
    """So many primary keys that no row has or will be given; call it once in the transaction that uses them."""
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


def write(table: Table, rows: Sequence[CopyRow]) -> None:
    """Insert rows: copy rows, each after the values of its late columns."""
    if rows:
        (_copy if connection.vendor == "postgresql" else _insert)(table, rows)


class Changes:
    """What rows that are there have to become; gathered one by one, and written together."""

    def __init__(self) -> None:
        self._gone: defaultdict[type[models.Model], list[int]] = defaultdict(list)
        self._changed: defaultdict[tuple[type[models.Model], tuple[str, ...]], list[CopyRow]] = defaultdict(
            list
        )
        self._new: defaultdict[Table, list[CopyRow]] = defaultdict(list)

    def update(self, table: Table, old: models.Model, new: CopyRow) -> None:
        """Write the columns in which a copy row differs from the row `old`."""
        columns = zip(table.own_columns, new, strict=True)
        changed = {name: value for name, value in columns if getattr(old, name) != value}
        if changed:
            self._changed[table.model, tuple(changed)].append((*changed.values(), old.pk))

    def replace(
        self, table: Table, late: CopyRow, old: Iterable[models.Model], new: Iterable[CopyRow], *, key: str
    ) -> None:
        """Turn child rows into others; those with the same value in the column `key` are the same."""
        place = table.own_columns.index(key)
        before = {getattr(row, key): row for row in old}
        for row in new:
            if (same := before.pop(row[place], None)) is not None:
                self.update(table, same, row)
            else:
                self.insert(table, (*late, *row))
        for gone in before.values():
            self.delete(gone)

    def insert(self, table: Table, row: CopyRow) -> None:
        self._new[table].append(row)

    def delete(self, row: models.Model) -> None:
        """Delete a row, with what belongs to it."""
        self._gone[type(row)].append(row.pk)

    def write(self) -> None:
        """Delete, update, insert: each table at once, updates together that change the same columns."""
        for model, numbers_ in self._gone.items():
            model._base_manager.filter(pk__in=numbers_).delete()
        for (model, names), rows in self._changed.items():
            _update(model, names, rows)
        for table, rows in self._new.items():
            write(table, rows)


@dataclass(frozen=True)
class FamilyRows:
    """The copy row of one row, and those of its children."""

    own: CopyRow
    children: Sequence[CopyRow] = ()


@dataclass(frozen=True)
class Family:
    """A table, and that of its rows' children: those under the name `related`, which the column `key` tells apart.

    The late columns of the table are its primary key and that of a row's owner (a tuple, empty without one).
    """

    own: Table
    children: Table | None = None
    related: str = ""
    key: str = "position"

    def insert(self, built: Sequence[tuple[Owner, FamilyRows]]) -> list[int]:
        """Write rows that are not there yet; answers their primary keys."""
        numbers_ = numbers(self.own.model, len(built))
        numbered = [(number, owner, rows) for number, (owner, rows) in zip(numbers_, built, strict=True)]
        write(self.own, [(number, *owner, *rows.own) for number, owner, rows in numbered])
        if self.children:
            late = [(self._late(number, owner), rows.children) for number, owner, rows in numbered]
            write(self.children, [(*keys, *child) for keys, children in late for child in children])
        return numbers_

    def update(self, changes: Changes, owner: Owner, old: Any, new: FamilyRows) -> None:
        """Turn a row and its children into what copy rows say."""
        changes.update(self.own, old, new.own)
        if self.children:
            children = getattr(old, self.related).all()
            changes.replace(self.children, self._late(old.pk, owner), children, new.children, key=self.key)

    def _late(self, number: int, owner: Owner) -> Owner:
        assert self.children
        return (*owner, number)[-len(self.children.late) :]


# --- statements -----------------------------------------------------------------------------------

_NEXT_NUMBERS = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"


def _sequence(model: type[models.Model]) -> tuple[str, str]:
    """Table and column of the sequence behind a model's primary key."""
    return connection.ops.quote_name(model._meta.db_table), str(model._meta.pk.column)


def _copy(table: Table, rows: Iterable[CopyRow]) -> None:
    name, columns = _spelled(table.model, table.columns)
    statement = f"COPY {name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor:
        # The driver's own cursor: Django's wrappers do not translate what goes wrong within.
        raw: Any = cursor.cursor
        with connection.wrap_database_errors, raw.copy(statement) as copy:
            copy.set_types(_types(table))
            for row in rows:
                copy.write_row(row)


@cache
def _types(table: Table) -> list[str]:
    """What the driver is to take values for: documents are texts already."""
    fields = _fields(table.model, table.columns)
    is_text = (models.CharField, models.TextField)
    return ["text" if isinstance(field, is_text) else str(field.db_type(connection)) for field in fields]


def _insert(table: Table, rows: Iterable[CopyRow]) -> None:
    name, columns = _spelled(table.model, table.columns)
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        statement = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})"
        cursor.executemany(statement, list(_adapted(table.model, table.columns, rows)))


def _update(model: type[models.Model], names: tuple[str, ...], rows: Iterable[CopyRow]) -> None:
    """Each row: the new values, then its number."""
    names = (*names, model._meta.pk.attname)
    table, columns = _spelled(model, names)
    settings = ", ".join(f"{column} = %s" for column in columns[:-1])
    with connection.cursor() as cursor:
        statement = f"UPDATE {table} SET {settings} WHERE {columns[-1]} = %s"
        cursor.executemany(statement, list(_adapted(model, names, rows)))


def _adapted(model: type[models.Model], names: Sequence[str], rows: Iterable[CopyRow]) -> Iterable[list[Any]]:
    """The rows, with each value as the database's driver takes it."""
    prepare = [field.get_db_prep_save for field in _fields(model, names)]
    for row in rows:
        yield [prepared(value, connection) for prepared, value in zip(prepare, row, strict=True)]


@cache
def _spelled(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, list[str]]:
    """The quoted names of a table and of those of its columns."""
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), [quote(str(field.column)) for field in _fields(model, names)]


def _fields(model: type[models.Model], names: Sequence[str]) -> "list[models.Field[Any, Any]]":
    """The fields behind columns, which are named as a row names them."""
    return [cast("models.Field[Any, Any]", model._meta.get_field(name)) for name in names]
