"""Writing many rows at once, and turning child rows into others by writing what differs.

On PostgreSQL rows are copied in (COPY), elsewhere they go in by bulk statements; a test holds the two to the same rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState
from psycopg.copy import LibpqWriter

Row = TypeVar("Row", bound=models.Model)
Key = TypeVar("Key", bound=Hashable)


def blank(model: type[Row]) -> Row:
    """A row without defaults, for `apply_document` to fill: a constructor would set every column twice."""
    row = model.__new__(model)
    row._state = ModelState()
    row.pk = None
    return row


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model; they have their primary keys afterwards."""
    if not rows:
        return
    if connection.vendor == "postgresql":
        _copy(rows)
    else:
        type(rows[0])._base_manager.bulk_create(rows)


def update(old: models.Model, new: models.Model) -> None:
    """Write the columns in which `new` differs from the row `old`."""
    changed = {
        field.attname: getattr(new, field.attname)
        for field in old._meta.concrete_fields
        if not field.primary_key and getattr(old, field.attname) != getattr(new, field.attname)
    }
    if changed:
        type(old)._base_manager.filter(pk=old.pk).update(**changed)


def replace(old: Mapping[Key, Row], new: Mapping[Key, Row]) -> list[Row]:
    """Turn child rows into others of the same keys: deletes and updates here, answers those to be inserted."""
    gone = [row.pk for key, row in old.items() if key not in new]
    if gone:
        model: Any = type(next(iter(old.values())))
        model._base_manager.filter(pk__in=gone).delete()
    for key, row in new.items():
        if key in old:
            update(old[key], row)
    return [row for key, row in new.items() if key not in old]


def _copy(rows: Sequence[models.Model]) -> None:
    statement, numbers, values = _plan(type(rows[0]))
    with connection.cursor() as cursor:
        cursor.execute(numbers, [len(rows)])
        for row, (number,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = number
        # The driver's own cursor: Django's wrappers know no writers, and do not translate what goes wrong within.
        raw = cursor.cursor
        with connection.wrap_database_errors, raw.copy(statement, writer=_Gathering(raw)) as copy:
            for row in rows:
                copy.write_row(values(row))


class _Gathering(LibpqWriter):
    """Sends what is copied in large pieces: each send may wait its turn beside the thread that decodes."""

    PIECE_BYTES = 1024 * 1024

    def __init__(self, cursor: Any) -> None:
        super().__init__(cursor)
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> None:
        self._pieces.append(bytes(data))
        self._size += len(data)
        if self._size >= self.PIECE_BYTES:
            self._send()

    def finish(self, exc: BaseException | None = None) -> None:
        if exc is None:
            self._send()
        super().finish(exc)

    def _send(self) -> None:
        super().write(b"".join(self._pieces))
        self._pieces, self._size = [], 0


@cache
def _plan(model: type[models.Model]) -> tuple[str, str, attrgetter[Any]]:
    """The statement that copies rows in, the one that reserves primary keys, and how a row's columns are read."""
    quote = connection.ops.quote_name
    fields = model._meta.concrete_fields
    columns = ", ".join(quote(str(field.column)) for field in fields)
    table = quote(model._meta.db_table)
    numbers = (
        f"SELECT nextval(pg_get_serial_sequence('{table}', '{fields[0].column}')) FROM generate_series(1, %s)"
    )
    return f"COPY {table} ({columns}) FROM STDIN", numbers, attrgetter(*(field.attname for field in fields))
