"""The limits of every JSON text that comes in, at every door: depth, NUL characters, lone surrogates. Never Django."""

import re
from collections.abc import Iterator
from typing import Any

# Containers inside one another. Deeper texts exhaust the stack of whatever reads them next.
DEEPEST_NESTING = 64

NUL = re.compile("\0")
SURROGATES = re.compile("[\ud800-\udfff]")
# What no database of ours keeps.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")

Steps = tuple[str | int, ...]


def is_too_deep(value: Any, limit: int = DEEPEST_NESTING) -> bool:
    """Whether objects and arrays are nested more than `limit` deep, the value itself included."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(inner, (dict, list)) for inner in level)


def places(value: Any, characters: re.Pattern[str], steps: Steps = ()) -> Iterator[Steps]:
    """Where a text or a member's name has one of the characters. The value is not nested too deep."""
    if isinstance(value, str):
        if characters.search(value):
            yield steps
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, characters, (*steps, index))
    elif isinstance(value, dict):
        for name, inner in value.items():
            if characters.search(name):
                yield (*steps, name)
            yield from places(inner, characters, (*steps, name))
