"""Queries that are asked all day: the ORM writes their SQL once, and the database plans it once."""

from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

Rows = list[tuple[Any, ...]]


class Prepared:
    """A query of plain values that differs only in what its placeholders stand for.

    `build` gets the placeholders and returns a `values_list` queryset. They must be of the type that is
    looked up, and unlike anything else in the query: they are found again among its parameters.
    Documents come as they are sent over the wire: JSON text, on PostgreSQL as bytes.
    """

    def __init__(self, build: Callable[..., models.QuerySet[Any]], *placeholders: Any) -> None:
        self._build = build
        self._placeholders = placeholders
        self._compiled: dict[str, Callable[[BaseDatabaseWrapper, list[Any]], Rows]] = {}
        self._parameters: tuple[Any, ...] = ()

    def rows(self, *values: Any) -> Rows:
        """The rows for these values, in the order of the placeholders."""
        # The proxy `django.db.connection` looks the connection up for every attribute.
        connection = connections[DEFAULT_DB_ALIAS]
        fetch = self._compiled.get(connection.vendor) or self._compile(connection)
        replaced = dict(zip(self._placeholders, values, strict=True))
        return fetch(connection, [replaced.get(parameter, parameter) for parameter in self._parameters])

    def _compile(self, connection: BaseDatabaseWrapper) -> Callable[[BaseDatabaseWrapper, list[Any]], Rows]:
        compiler: Any = self._build(*self._placeholders).query.get_compiler(using=connection.alias)
        driver = _driver(connection)
        compiler.documents_as_stored = driver is not _SQLite
        sql, self._parameters = compiler.as_sql()
        if set(self._placeholders) - set(self._parameters):
            raise TypeError("a placeholder is not a parameter of the query as it was given")
        converters = compiler.get_converters([column for column, *_ in compiler.select])
        self._compiled[connection.vendor] = driver(sql, converters)
        return self._compiled[connection.vendor]


class _SQLite:
    """Over an ordinary cursor, with the ORM's conversions."""

    def __init__(self, sql: str, converters: dict[int, Any]) -> None:
        self.sql = sql
        self.converters = converters

    def __call__(self, connection: BaseDatabaseWrapper, parameters: list[Any]) -> Rows:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            return [self._converted(row, connection) for row in cursor.fetchall()]

    def _converted(self, row: tuple[Any, ...], connection: BaseDatabaseWrapper) -> tuple[Any, ...]:
        values = list(row)
        for position, (functions, expression) in self.converters.items():
            for convert in functions:
                values[position] = convert(values[position], expression, connection)
        return tuple(values)


def _driver(connection: BaseDatabaseWrapper) -> Any:
    if connection.vendor != "postgresql":
        return _SQLite
    from coach.models.database.prepared_postgresql import PostgreSQL

    return PostgreSQL
