"""Members that no document declares: found in a record, kept aside by path, put back by an export."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from coach.documents.base import Document
from coach.legacy import paths

Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class _Shape:
    """The members that a class declares, and those of them that hold documents of their own."""

    known: frozenset[str]
    nested: tuple[tuple[str, type[Document]], ...]


def find(document: type[Document], record: Mapping[str, Any]) -> list[Steps]:
    """Where a (valid) record holds members that its class does not declare."""
    return list(_find(_shape(document), record, ()))


def put_back(target: dict[str, Any], members: Mapping[str, Any]) -> list[str]:
    """Put members back to where they came from; answers the paths that are there no more."""
    return [path for path, value in members.items() if not _put(target, paths.read(path), value)]


def at(record: Any, steps: Steps) -> Any:
    """The value at those steps."""
    for step in steps:
        record = record[step]
    return record


def _find(shape: _Shape, record: Mapping[str, Any], steps: Steps) -> Iterator[Steps]:
    if not record.keys() <= shape.known:
        for name in record:
            if name not in shape.known:
                yield (*steps, name)
    for name, document in shape.nested:
        value = record.get(name)
        if isinstance(value, dict):
            yield from _find(_shape(document), value, (*steps, name))
        elif value:
            inner = _shape(document)
            for index, element in enumerate(value):
                if inner.nested or not element.keys() <= inner.known:
                    yield from _find(inner, element, (*steps, name, index))


@cache
def _shape(document: type[Document]) -> _Shape:
    nested = tuple(
        (name, inner)
        for name, field in document.model_fields.items()
        if (inner := _document_in(field.annotation)) is not None
    )
    return _Shape(known=frozenset(document.model_fields), nested=nested)


def _document_in(annotation: Any) -> type[Document] | None:
    """The document class within `X`, `X | None` or `list[X]`; None for all else."""
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return annotation
    if typing.get_origin(annotation) in (list, typing.Union, types.UnionType):
        found = (_document_in(inner) for inner in typing.get_args(annotation))
        return next((document for document in found if document), None)
    return None


def _put(target: Any, steps: list[str | int], value: Any) -> bool:
    *way, last = steps
    for step in way:
        try:
            target = target[step]
        except (KeyError, IndexError, TypeError):
            return False
    if not isinstance(target, dict) or last in target:
        return False
    target[last] = value
    return True
