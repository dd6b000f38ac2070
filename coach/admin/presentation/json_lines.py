"""Where in a JSON text a path lies, so that a fault is shown at its line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]

_SPACE = " \t\r\n"
_decode = json.JSONDecoder().raw_decode


def line_of(text: str, steps: Sequence[str | int]) -> int:
    """The line (from 1) where the value at those steps begins, or as near above it as can be found.

    `text` is JSON; a text that is not answers 1.
    """
    at = _skip(text, 0)
    for step in steps:
        try:
            found = _member(text, at, step) if isinstance(step, str) else _element(text, at, step)
        except (ValueError, IndexError):
            return 1
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _member(text: str, at: int, name: str) -> int | None:
    if text[at] != "{":
        return None
    at = _skip(text, at + 1)
    while text[at] == '"':
        found, at = scanstring(text, at + 1)
        at = _skip(text, _skip(text, at) + 1)
        if found == name:
            return at
        at = _after(text, at)
    return None


def _element(text: str, at: int, index: int) -> int | None:
    if text[at] != "[":
        return None
    at = _skip(text, at + 1)
    for _ in range(index):
        if text[at] == "]":
            return None
        at = _after(text, at)
    return None if text[at] == "]" else at


def _after(text: str, at: int) -> int:
    """Where the next value begins, past the one at `at` and the comma."""
    _, at = _decode(text, at)
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at
