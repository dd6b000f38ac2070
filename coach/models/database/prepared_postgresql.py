"""How prepared queries are fetched from PostgreSQL: parameters beside the statement, values as the driver reads them."""

from typing import Any

import psycopg
from django.db import NotSupportedError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.adapt import AdaptersMap, Buffer, Loader
from psycopg.types.datetime import TimestamptzLoader


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


class PostgreSQL:
    def __init__(self, sql: str, converters: dict[int, Any]) -> None:
        if converters:
            raise TypeError("the ORM would convert a value that a prepared query gives as it comes")
        self.sql = sql

    def __call__(self, connection: BaseDatabaseWrapper, parameters: list[Any]) -> list[tuple[Any, ...]]:
        try:
            return self._fetched(connection, parameters)
        except NotSupportedError:
            # A migration has changed a column's type since the server made its plan; this connection is done.
            if connection.in_atomic_block:
                raise
            connection.connection.close()
            connection.close()
            return self._fetched(connection, parameters)

    def _fetched(self, connection: Any, parameters: list[Any]) -> list[tuple[Any, ...]]:
        connection.ensure_connection()
        # As `connection.cursor()` does: statements are counted, and errors translated.
        with connection._prepare_cursor(_Cursor(connection.connection)) as cursor:
            cursor.execute(self.sql, parameters)
            return cursor.fetchall()
