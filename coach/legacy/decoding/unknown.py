"""Members that no document declares: found in a record, kept aside by path, put back by an export.

A path names the elements of lists by their positions, and lists change. So the text that a row keeps also says which elements
they are: by their id or, where they have none, by a hash of their content. An export looks for that element.
"""

import hashlib
import json
import types
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from coach.documents import json_paths
from coach.documents.base import Document
from coach.json_text import Steps

# Beside the paths, which begin with $.
_ELEMENTS = "elements"


def find(document: type[Document], record: Mapping[str, Any], steps: Steps = ()) -> Iterator[Steps]:
    """Where a (valid) record, which lies at those steps, holds members that its class does not declare."""
    for name in record:
        if name not in document.model_fields:
            yield (*steps, name)
    for name, inner in nested_classes(document).items():
        value = record.get(name)
        if isinstance(value, dict):
            yield from find(inner, value, (*steps, name))
        elif value:
            for index, element in enumerate(value):
                yield from find(inner, element, (*steps, name, index))


def to_text(document: Document, members: Mapping[str, Any]) -> str:
    """What a row keeps of them, as JSON text: the members by path, and the list elements that their paths pass."""
    record = json.loads(document.to_json())
    ways = {
        tuple(steps[:length]) for steps in map(json_paths.read, members) for length in range(1, len(steps))
    }
    elements = {json_paths.spell(way): _identity(at(record, way)) for way in ways if isinstance(way[-1], int)}
    return json.dumps(dict(members) | ({_ELEMENTS: elements} if elements else {}), ensure_ascii=False)


def members_of(text: str | bytes | None) -> dict[str, Any]:
    """The members by path that a text of `to_text` keeps; {} for None."""
    members: dict[str, Any] = json.loads(text or "{}")
    members.pop(_ELEMENTS, None)
    return members


def put_back(record: dict[str, Any], text: str | bytes) -> list[str]:
    """Put the members of a text of `to_text` back to where they came from; answers the paths that are there no more."""
    elements = json.loads(text).get(_ELEMENTS, {})
    members = members_of(text)
    # All places first: a member changes what its element is told by.
    places = {path: _place(record, path, elements) for path in members}
    for path, place in places.items():
        if place is not None:
            holder, name = place
            holder[name] = members[path]
    return [path for path, place in places.items() if place is None]


def at(record: Any, steps: Steps) -> Any:
    """The value at those steps."""
    for step in steps:
        record = record[step]
    return record


def _place(record: Any, path: str, elements: Mapping[str, str]) -> tuple[dict[str, Any], Any] | None:
    """The object that a member belongs to, and its name there; None where the object is gone or has that name."""
    *way, last = json_paths.read(path)
    holder, passed = record, "$"
    for step in way:
        passed += json_paths.step(step)
        try:
            holder = _element(holder, step, elements.get(passed)) if isinstance(step, int) else holder[step]
        except (LookupError, TypeError):
            return None
    return (holder, last) if isinstance(holder, dict) and last not in holder else None


def _element(found: list[Any], position: int, identity: str | None) -> Any:
    """The element of that identity: at its position, or the only one. Raises LookupError."""
    if identity is None or (position < len(found) and _identity(found[position]) == identity):
        return found[position]
    equal = [element for element in found if _identity(element) == identity]
    if len(equal) != 1:
        # Gone, or one of several that cannot be told apart.
        raise LookupError(identity)
    return equal[0]


def _identity(element: Any) -> str:
    """What tells an element of a list from the others."""
    names = (name for name in element if name == "key" or name.endswith(("_id", "_key")))
    if isinstance(found := element.get(next(names, "")), str):
        return found
    return hashlib.sha256(json.dumps(element, sort_keys=True).encode()).hexdigest()


# --- the classes ----------------------------------------------------------------------------------


@cache
def nested_classes(document: type[Document]) -> dict[str, type[Document]]:
    """The members that hold documents or lists of them, and the classes of those."""
    inner = {name: _document_in(field.annotation) for name, field in document.model_fields.items()}
    return {name: found for name, found in inner.items() if found}


def _document_in(annotation: Any) -> type[Document] | None:
    """The document class within `X`, `X | None` or `list[X]`; None for all else."""
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return annotation
    if typing.get_origin(annotation) in (list, typing.Union, types.UnionType):
        found = (_document_in(inner) for inner in typing.get_args(annotation))
        return next((document for document in found if document), None)
    return None
