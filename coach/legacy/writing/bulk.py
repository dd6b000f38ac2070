"""Copy rows: rows on their way into the database, as values in the order of their table's columns; and how they get there.

On PostgreSQL rows are copied in (COPY), elsewhere `bulk_create` inserts them; tests hold the two to the same rows.
Rows that exist are updated by a statement each, sent together.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, cast

from django.db import connection, models
from psycopg.copy import QueuedLibpqWriter

from coach.documents.base import Document
from coach.legacy.decoding.codec import Content
from coach.models.database.fields import DocumentField

CopyRow = tuple[Any, ...]
Owner = tuple[int, ...]
_NEXT_NUMBERS = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"


class Table:
    """A model's table as an import fills it. Its columns are, in this order:

    `late` ones, primary keys that are known only when a row is written (its own, its owner's), and left out of a copy row;
    `given` ones, named one by one; and the members of a document. Without `id` the database numbers the rows itself.
    """

    def __init__(
        self,
        model: type[models.Model],
        document: type[Document],
        *,
        late: Sequence[str],
        given: Sequence[str],
    ) -> None:
        """Raises TypeError for a column without a source: neither late nor given nor a member of the document."""
        self.model, self.late = model, tuple(late)
        named = (*late, *given)
        fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        members = [field.attname for field in fields if field.attname not in named]
        if unknown := set(members) - document.model_fields.keys():
            raise TypeError(f"no source for the columns {sorted(unknown)} of {model.__name__}")
        self.columns = (*named, *members)
        self.own_columns = self.columns[len(late) :]
        self._values = attrgetter(*members)
        documents = {field.attname for field in fields if isinstance(field, DocumentField)}
        self._documents = [position for position, name in enumerate(members) if name in documents]

    def copy_row(self, content: Content, members: Any, *given: Any) -> CopyRow:
        """The copy row of a record's `members`, or of a document within them, and of the given columns."""
        values = list(self._values(members))
        for position in self._documents:
            if values[position] is not None:
                values[position] = content.to_json(values[position]).decode()
        return (*given, *values)


def numbers(model: type[models.Model], count: int) -> list[int]:
    """So many primary keys that no row has or will be given; call it once in the transaction that uses them."""
    if not count:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(_NEXT_NUMBERS, [table, model._meta.pk.column, count])
            return [number for (number,) in cursor.fetchall()]
        # Nobody else writes before this transaction ends, and a row that names its number moves the sequence on.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
        last = (cursor.fetchone() or (0,))[0]
        return list(range(last + 1, last + 1 + count))


def write(table: Table, rows: Sequence[CopyRow]) -> None:
    """Insert rows: copy rows, each after the values of its late columns."""
    if rows and connection.vendor == "postgresql":
        _copy(table, rows)
    elif rows:
        table.model._base_manager.bulk_create(
            table.model(**dict(zip(table.columns, row, strict=True))) for row in rows
        )


class Changes:
    """What rows that are there have to become; gathered one by one, and written together."""

    def __init__(self) -> None:
        self._gone: defaultdict[type[models.Model], list[int]] = defaultdict(list)
        self._changed: defaultdict[tuple[Table, tuple[str, ...]], list[models.Model]] = defaultdict(list)
        self._new: defaultdict[Table, list[CopyRow]] = defaultdict(list)

    def update(self, table: Table, old: models.Model, new: CopyRow) -> None:
        """Write the columns in which a copy row differs from the row `old`."""
        columns = zip(table.own_columns, new, strict=True)
        changed = {name: value for name, value in columns if getattr(old, name) != value}
        if changed:
            self._changed[table, tuple(changed)].append(table.model(pk=old.pk, **changed))

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
                self._new[table].append((*late, *row))
        for gone in before.values():
            self.delete(gone)

    def delete(self, row: models.Model) -> None:
        """Delete a row, with what belongs to it."""
        self._gone[type(row)].append(row.pk)

    def write(self) -> None:
        """Delete, update, insert: each table at once, updates together that change the same columns."""
        for model, numbers_ in self._gone.items():
            model._base_manager.filter(pk__in=numbers_).delete()
        for (table, names), changed in self._changed.items():
            update(table.model, names, changed)
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


def update(model: type[models.Model], names: Sequence[str], rows: Iterable[models.Model]) -> None:
    """Write these columns of rows: one short statement for each row, all sent together.

    `bulk_update` lists a condition a row for each column: of thousands of rows it takes minutes, most of them in PostgreSQL.
    """
    quote, meta = connection.ops.quote_name, model._meta
    fields = [cast("models.Field[Any, Any]", meta.get_field(name)) for name in (*names, meta.pk.attname)]
    *settings, condition = [f"{quote(str(field.column))} = %s" for field in fields]
    values = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows
    ]
    with connection.cursor() as cursor:
        statement = f"UPDATE {quote(meta.db_table)} SET {', '.join(settings)} WHERE {condition}"
        cursor.executemany(statement, values)


def _copy(table: Table, rows: Iterable[CopyRow]) -> None:
    statement, types = _copying(table)
    with connection.cursor() as cursor:
        # The driver's own cursor: Django's wrappers do not translate what goes wrong within.
        raw: Any = cursor.cursor
        # Rows are put into the protocol's form while earlier ones are on their way.
        writer = QueuedLibpqWriter(raw)
        with connection.wrap_database_errors, raw.copy(statement, writer=writer) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


@cache
def _copying(table: Table) -> tuple[str, list[str]]:
    """The statement that copies rows in, and what the driver is to take their values for: documents are texts already."""
    quote, meta = connection.ops.quote_name, table.model._meta
    fields = [cast("models.Field[Any, Any]", meta.get_field(name)) for name in table.columns]
    columns = ", ".join(quote(str(field.column)) for field in fields)
    is_text = (models.CharField, models.TextField)
    types = ["text" if isinstance(field, is_text) else str(field.db_type(connection)) for field in fields]
    return f"COPY {quote(meta.db_table)} ({columns}) FROM STDIN (FORMAT BINARY)", types
