"""Members that no document declares: found in a record, kept aside by path, put back by an export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coach.documents import json_paths
from coach.documents.base import Document
from coach.json_text import Steps
from coach.legacy.decoding import schema_fields


def find(document: type[Document], record: Mapping[str, Any]) -> list[Steps]:
    """Where a (valid) record holds members that its class does not declare."""
    return list(_find(document, record, ()))


def put_back(target: dict[str, Any], members: Mapping[str, Any]) -> list[str]:
    """Put members back to where they came from; answers the paths that are there no more."""
    return [path for path, value in members.items() if not _put(target, json_paths.read(path), value)]


def at(record: Any, steps: Steps) -> Any:
    """The value at those steps."""
    for step in steps:
        record = record[step]
    return record


def _find(document: type[Document], record: Mapping[str, Any], steps: Steps) -> Iterator[Steps]:
    for name in record:
        if name not in document.model_fields:
            yield (*steps, name)
    for name, inner in schema_fields.nested_classes(document).items():
        value = record.get(name)
        if isinstance(value, dict):
            yield from _find(inner, value, (*steps, name))
        elif value:
            for index, element in enumerate(value):
                yield from _find(inner, element, (*steps, name, index))


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
