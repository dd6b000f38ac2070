"""Where in a JSON text a path lies, so that a fault is shown at its line."""

import json
import re
from collections.abc import Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from coach import json_text
from coach.documents import json_paths

_MARKS = "{}[],:"
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s"{}\[\],:]++|"')
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


def fault(text: str, steps: Sequence[str | int], message: str) -> SafeString:
    """A fault of the value at those steps of a JSON text, with its line and path."""
    return at(line_of(text, steps), f"{json_paths.spell(steps)}: {message}", text)


def at(line: int, message: str, text: str) -> SafeString:
    """A fault with the lines around it, as they were sent."""
    lines = text.splitlines()
    around = range(max(1, line - 1), min(len(lines), line + 1) + 1)
    return format_html(
        'Line {}: {} <span class="excerpt">{}</span>',
        line,
        message,
        format_html_join(
            "",
            '<span class="excerpt-line{}">{} {}</span>',
            ((" is-fault" if number == line else "", number, lines[number - 1][:120]) for number in around),
        ),
    )


def no_json(text: str, error: Exception) -> SafeString:
    """That a text could not be parsed, at the line where the parser stopped, if it says so."""
    return at(getattr(error, "lineno", 1), f"no JSON: {getattr(error, 'msg', error)}", text)


def spread(text: str) -> str:
    """A JSON text, or what is nearly one, a member or an element on each line: nothing but white space is changed."""
    before, depth, parts = "", 0, []
    for token in _TOKEN.findall(text):
        depth -= token in "}]"
        if (token in "}]" and before not in "{[") or (token not in "}]" and before in "{[,"):
            parts.append("\n" + "  " * depth)
        elif before == ":" or (before not in _MARKS and token not in _MARKS):
            parts.append(" ")
        depth += token in "{["
        if depth > json_text.DEEPEST_NESTING:
            return text
        parts.append(token)
        before = token
    return "".join(parts).lstrip()


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
