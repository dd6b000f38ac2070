"""Rows and documents: each column of a row holds the document's member of the same name."""

import functools
from typing import Any

from django.db import models

from coach.documents.base import Document
from coach.models.database.fields import DocumentField


def take(row: models.Model, document: Document) -> None:
    """Fill the columns of a row from a document; nothing is saved."""
    for field in shared(type(row), type(document)):
        value = getattr(document, field.attname)
        setattr(row, field.attname, field.to_text(value) if isinstance(field, DocumentField) else value)


def of(row: models.Model, document: type[Document]) -> dict[str, Any]:
    """The members of a document that a row holds."""
    found = {}
    for field in shared(type(row), document):
        value = getattr(row, field.attname)
        found[field.attname] = field.to_value(value) if isinstance(field, DocumentField) else value
    return found


@functools.cache
def shared(model: type[models.Model], document: type[Document]) -> "tuple[models.Field[Any, Any], ...]":
    """The columns that a document has a member for, in the document's order."""
    columns = {field.attname: field for field in model._meta.concrete_fields}
    return tuple(columns[name] for name in document.model_fields if name in columns)
