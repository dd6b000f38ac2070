"""What differs between two documents, member by member."""

import datetime as dt
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from pydantic import TypeAdapter

from coach.documents import json_paths
from coach.documents.base import Document

ABSENT = "(absent)"
_LONGEST_SHOWN = 120
_GONE = object()
_instants = TypeAdapter(dt.datetime)


@dataclass(frozen=True)
class Change:
    """One member that differs; documents within stand as plain JSON values, a missing one as ABSENT."""

    path: str
    old: Any
    new: Any

    @property
    def member(self) -> str:
        """The member of the whole document that the change lies in."""
        return re.split(r"[.\[ ]", self.path[2:], maxsplit=1)[0]

    def __str__(self) -> str:
        return f"{self.path}: {_shown(self.old)} → {_shown(self.new)}"


def between(ours: Document | dict[str, Any], theirs: Document | dict[str, Any]) -> Iterator[Change]:
    """How `theirs` differs from `ours`, two documents or two objects of plain JSON values.

    A time that the document `theirs` does not name differs from nothing.
    """
    return _between(ours, theirs, "$")


def _between(ours: Any, theirs: Any, path: str) -> Iterator[Change]:
    if isinstance(ours, Document) and isinstance(theirs, Document):
        for name, old, new in _members(ours, theirs):
            yield from _between(old, new, f"{path}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        if ours == theirs:  # most are; nothing in a list has members whose order counts
            return
        for index, (old, new) in enumerate(zip_longest(ours, theirs, fillvalue=ABSENT)):
            yield from _between(old, new, f"{path}[{index}]")
    elif isinstance(ours, dict) and isinstance(theirs, dict):
        yield from _entries(ours, theirs, path)
    elif ours != theirs:
        yield Change(path, _plain(ours), _plain(theirs))


def _members(ours: Document, theirs: Document) -> Iterator[tuple[str, Any, Any]]:
    """Each member with both values; a time that `theirs` does not name is as in `ours`."""
    for name, field in type(theirs).model_fields.items():
        old = getattr(ours, name)
        unnamed = field.default_factory is not None and name not in theirs.model_fields_set
        yield name, old, old if unnamed else getattr(theirs, name)


def _entries(ours: dict[str, Any], theirs: dict[str, Any], path: str) -> Iterator[Change]:
    for name in {**ours, **theirs}:
        yield from _between(ours.get(name, ABSENT), theirs.get(name, ABSENT), path + json_paths.step(name))
    ordered = path.rpartition(".")[2] != "schedule_adjustments"
    if ordered and ours.keys() == theirs.keys() and list(ours) != list(theirs):
        yield Change(f"{path} (order)", list(ours), list(theirs))


def mixed(ours: Any, theirs: Any, chosen: Container[str], path: str = "$") -> Any:
    """`ours` with what `theirs` has at the chosen ones among the paths of `between(ours, theirs)`.

    All documents within become objects. All paths give `theirs`, none `ours`.
    """
    if isinstance(ours, Document) and isinstance(theirs, Document):
        pairs = _members(ours, theirs)
        return {name: mixed(old, new, chosen, f"{path}.{name}") for name, old, new in pairs}
    if isinstance(ours, list) and isinstance(theirs, list):
        both = enumerate(zip_longest(ours, theirs, fillvalue=_GONE))
        elements = [mixed(old, new, chosen, f"{path}[{index}]") for index, (old, new) in both]
        return [element for element in elements if element is not _GONE]
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return _mixed_entries(ours, theirs, chosen, path)
    return _plain(theirs if path in chosen else ours)


def _mixed_entries(
    ours: dict[str, Any], theirs: dict[str, Any], chosen: Container[str], path: str
) -> dict[str, Any]:
    entries = {
        name: mixed(ours.get(name, _GONE), theirs.get(name, _GONE), chosen, path + json_paths.step(name))
        for name in {**ours, **theirs}
    }
    entries = {name: value for name, value in entries.items() if value is not _GONE}
    as_theirs = f"{path} (order)" in chosen or entries.keys() == theirs.keys() != ours.keys()
    return {name: entries[name] for name in (theirs if as_theirs else entries) if name in entries}


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return _instants.dump_python(value, mode="json")
    # What was filled in, such as the present time, is no part of what a record says.
    return value.model_dump(mode="json", exclude_unset=True) if isinstance(value, Document) else value


def _shown(value: Any) -> str:
    text = value if value == ABSENT else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
