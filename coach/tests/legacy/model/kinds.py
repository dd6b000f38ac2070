"""The kinds of values that the contract's table of members names, each with what is converted and what is refused."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import Any

UNKNOWN = "?"
# Documents by name: members with their kind and default; `fields` fills it.
TABLE: dict[str, dict[str, tuple[Any, Any]]] = {}


class _Now:
    def __repr__(self) -> str:
        return "NOW"

    def __deepcopy__(self, _memo: object) -> _Now:
        return self


NOW = _Now()
REQUIRED = object()


class Bad(Exception):
    """The record cannot be imported; `codes` are all the reasons that may be given."""

    def __init__(self, *codes: str) -> None:
        super().__init__(*codes)
        self.codes = set(codes)


class Ordered(tuple):
    """The members of an object whose order means something, as pairs."""


class Pairs(list):
    """A JSON object as pairs, in which a name may occur twice; only in records that are bad for it."""


# --- kinds of values --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    def decode(self, value: Any) -> Any:
        return value if type(value) is str else _bad()


@dataclass(frozen=True)
class Word:
    words: tuple[str, ...]

    def decode(self, value: Any) -> Any:
        return value if type(value) is str and value in self.words else _bad()


@dataclass(frozen=True)
class Whole:
    least: int | None = None

    def decode(self, value: Any) -> Any:
        if type(value) is str and re.fullmatch(r"-?[0-9]+", value):
            value = int(value)
        if type(value) is float and math.isfinite(value) and value == int(value):
            value = int(value)
        if type(value) is not int or (self.least is not None and value < self.least):
            _bad()
        return value


@dataclass(frozen=True)
class Number:
    least: float = 0.0
    most: float | None = None

    def decode(self, value: Any) -> Any:
        if type(value) not in (int, float) or not math.isfinite(value):
            _bad()
        if value < self.least or (self.most is not None and value > self.most):
            _bad()
        return float(value)


@dataclass(frozen=True)
class Flag:
    def decode(self, value: Any) -> Any:
        return value if type(value) is bool else _bad()


@dataclass(frozen=True)
class Time:
    def decode(self, value: Any) -> Any:
        if isinstance(value, dt.datetime):
            return value
        if type(value) is not str:
            _bad()
        try:
            instant = dt.datetime.fromisoformat(value)
        except ValueError:
            _bad()
        return instant.replace(tzinfo=dt.UTC) if instant.tzinfo is None else instant.astimezone(dt.UTC)


@dataclass(frozen=True)
class Maybe:
    """A value or null."""

    kind: Any

    def decode(self, value: Any) -> Any:
        return None if value is None else self.kind.decode(value)


@dataclass(frozen=True)
class Many:
    kind: Any

    def decode(self, value: Any) -> Any:
        return [self.kind.decode(element) for element in value] if type(value) is list else _bad()


@dataclass(frozen=True)
class Map:
    """An object with free names; `ordered` where the order of its members means something."""

    kind: Any
    ordered: bool = False

    def decode(self, value: Any) -> Any:
        if type(value) is not dict:
            _bad()
        members = [(name, self.kind.decode(member)) for name, member in value.items()]
        return Ordered(members) if self.ordered else dict(members)


@dataclass(frozen=True)
class Doc:
    """A document of the table below."""

    name: str

    def decode(self, value: Any) -> Any:
        if type(value) is not dict:
            _bad()
        table = TABLE[self.name]
        decoded = {}
        for member, (kind, default) in table.items():
            if member in value:
                decoded[member] = kind.decode(value[member])
            elif default is REQUIRED:
                _bad()
            else:
                decoded[member] = default
        if unknown := {name: member for name, member in value.items() if name not in table}:
            decoded[UNKNOWN] = unknown
        return decoded


def _bad() -> Any:
    raise Bad("invalid")
