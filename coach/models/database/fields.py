"""How documents are kept in a column: JSON text, exactly as it went in, parsed only when asked for."""

import functools
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, cast, overload

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from pydantic import TypeAdapter

T = TypeVar("T")


class DocumentField(models.TextField):  # type: ignore[type-arg]
    """JSON text whose spelling (member order, numbers) comes back unchanged.

    PostgreSQL's `json` keeps the text as it is, where `jsonb` reorders members and rewrites
    numbers; SQLite keeps text and checks that it is JSON. The value in Python is the text itself
    (None for NULL), so that a read can pass it on unparsed; `Parsed` reads it as a document.
    """

    description = "JSON document"

    def __init__(self, *args: Any, schema: Any = None, **kwargs: Any) -> None:
        """`schema` is the type of the document."""
        self.schema = schema
        super().__init__(*args, **kwargs)

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "json" if connection.vendor == "postgresql" else "text"

    def db_check(self, connection: BaseDatabaseWrapper) -> str | None:
        if connection.vendor == "postgresql":
            return None
        column = connection.ops.quote_name(self.column or "")
        return f"(JSON_VALID({column}) OR {column} IS NULL)"

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        # The driver would parse a json column; as text it arrives as it was stored.
        # `Prepared` reads it undecoded.
        if compiler.connection.vendor == "postgresql" and not getattr(compiler, "documents_as_stored", False):
            return f"({sql})::text", params
        return sql, params

    def to_value(self, text: str | None) -> Any:
        """The document that a stored text holds; None for NULL."""
        return None if text is None else _adapter(self.schema).validate_json(text)

    def to_text(self, value: Any) -> str | None:
        """A document as it is stored: compact JSON in the served form; NULL for None."""
        return None if value is None else _adapter(self.schema).dump_json(value).decode()


class Parsed(Generic[T]):
    """A document read from, and written to, a `DocumentField` of the same model.

    Reading parses the stored text each time: keep the result. Writing stores the served form.
    """

    def __init__(self, column: str) -> None:
        self.column = column

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: models.Model, owner: type) -> T: ...
    def __get__(self, instance: models.Model | None, owner: type) -> Self | T:
        if instance is None:
            return self
        return cast(T, self._field(instance).to_value(getattr(instance, self.column)))

    def __set__(self, instance: models.Model, value: T) -> None:
        setattr(instance, self.column, self._field(instance).to_text(value))

    def _field(self, instance: models.Model) -> DocumentField:
        return cast(DocumentField, instance._meta.get_field(self.column))


# The adapter of a schema, which is costly to build.
_adapter: Callable[[Any], TypeAdapter[Any]] = functools.cache(TypeAdapter)
