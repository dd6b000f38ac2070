"""Queries that are asked all day: on PostgreSQL the ORM writes their SQL once, and the database plans it once a connection."""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.adapt import AdaptersMap, Buffer, Loader
from psycopg.types.datetime import TimestamptzLoader

Rows = list[tuple[Any, ...]]


class Prepared:
    """A query of plain values that differs only in what its placeholders stand for; elsewhere the ORM's own.

    `build` gets the placeholders and returns a `values_list` queryset. They must be of the type that is
    looked up, and unlike anything else in the query: they are found again among its parameters.
    Documents come as they are sent over the wire: JSON text, on PostgreSQL as bytes.
    """

    def __init__(self, build: Callable[..., models.QuerySet[Any]], *placeholders: Any) -> None:
        self._build, self._placeholders = build, placeholders
        self._statement: tuple[str, Sequence[Any]] | None = None

    def rows(self, *values: Any) -> Rows:
        """The rows for these values, in the order of the placeholders."""
        # The proxy `django.db.connection` looks the connection up for every attribute.
        connection = connections[DEFAULT_DB_ALIAS]
        if connection.vendor != "postgresql":
            return list(self._build(*values))
        if self._statement is None:
            self._statement = self._compile(connection)
        sql, parameters = self._statement
        replaced = dict(zip(self._placeholders, values, strict=True))
        parameters = [replaced.get(parameter, parameter) for parameter in parameters]
        try:
            return _fetched(connection, sql, parameters)
        except NotSupportedError:
            # A migration has changed a column's type since the server made its plan; this connection is done.
            if connection.in_atomic_block:
                raise
            connection.connection.close()
            connection.close()
            return _fetched(connection, sql, parameters)

    def _compile(self, connection: BaseDatabaseWrapper) -> tuple[str, Sequence[Any]]:
        compiler: Any = self._build(*self._placeholders).query.get_compiler(using=connection.alias)
        compiler.documents_as_stored = True
        sql, parameters = compiler.as_sql()
        if set(self._placeholders) - set(parameters):
            raise TypeError("a placeholder is not a parameter of the query as it was given")
        if compiler.get_converters([column for column, *_ in compiler.select]):
            raise TypeError("the ORM would convert a value that a prepared query gives as it comes")
        return sql, parameters


class _AsStored(Loader):
    """A document as the bytes that came: decoding it only to encode it again costs more than the query."""

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


# The driver's own conversions. The ORM's reading of times is Python and not C; both give times in UTC.
_adapters = AdaptersMap(psycopg.adapters)
_adapters.register_loader("json", _AsStored)
_adapters.register_loader("timestamptz", TimestamptzLoader)


class _Cursor(psycopg.Cursor[tuple[Any, ...]]):
    """Sends parameters beside the statement, so that the server plans it once a connection.

    The ORM's own cursors write parameters into the statement, and so it is a new one each time.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        super().__init__(connection)
        self._adapters = _adapters
        self._reset()


def _fetched(connection: Any, sql: str, parameters: list[Any]) -> Rows:
    connection.ensure_connection()
    # As `connection.cursor()` does: statements are counted, and errors translated.
    with connection._prepare_cursor(_Cursor(connection.connection)) as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
