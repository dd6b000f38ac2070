"""What a document class declares, looked up once: its members, its nested documents, its times."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any

from coach.documents.base import Document


@dataclass(frozen=True)
class Shape:
    """`known` are all members, `nested` those that hold documents, `times` those that read as "now" when left out."""

    known: frozenset[str]
    nested: tuple[tuple[str, Shape], ...]
    times: frozenset[str]

    @property
    def matters(self) -> bool:
        """Whether there can be a time in it, at any depth."""
        return bool(self.times or self.nested)


@cache
def of(document: type[Document]) -> Shape:
    """The shape of a document class."""
    fields = document.model_fields
    return Shape(
        known=frozenset(fields),
        nested=tuple((name, of(inner)) for name, inner in nested_classes(document).items()),
        times=frozenset(name for name, field in fields.items() if field.default_factory is not None),
    )


def nested_classes(document: type[Document]) -> dict[str, type[Document]]:
    """The members that hold documents or lists of them, and the classes of those."""
    inner = {name: _document_in(field.annotation) for name, field in document.model_fields.items()}
    return {name: found for name, found in inner.items() if found}


def names_every_time(shape: Shape, record: dict[str, Any]) -> bool:
    """Whether a (valid) record leaves out no time, at any depth."""
    if not shape.times <= record.keys():
        return False
    for name, inner in shape.nested:
        value = record.get(name)
        if isinstance(value, dict):
            if not names_every_time(inner, value):
                return False
        elif value and inner.matters and not all(names_every_time(inner, element) for element in value):
            return False
    return True


def _document_in(annotation: Any) -> type[Document] | None:
    """The document class within `X`, `X | None` or `list[X]`; None for all else."""
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return annotation
    if typing.get_origin(annotation) in (list, typing.Union, types.UnionType):
        found = (_document_in(inner) for inner in typing.get_args(annotation))
        return next((document for document in found if document), None)
    return None
