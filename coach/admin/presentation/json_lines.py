"""Where in a JSON text a path lies, so that a fault is shown at its line."""

import json
import re
from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from coach import json_text
from coach.documents import json_paths

_MARKS = "{}[],:"
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s"{}\[\],:]++|"')


def line_of(text: str, steps: Sequence[str | int]) -> int:
    """The line (from 1) where the value at those steps begins, or as near above it as can be found.

    A text that is no JSON may answer 1.
    """
    wanted, nearest, at = list(steps), -1, 0
    # Where the walk is: in each open container the position or the name; None where a name comes next.
    path: list[str | int | None] = []
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in "]}":
            path = path[:-1]
        elif path and token == ",":
            place = path[-1]
            path[-1] = place + 1 if isinstance(place, int) else None
        elif path and path[-1] is None:
            try:
                path[-1] = json.loads(token)
            except ValueError:
                return 1
        elif token != ":":
            if len(path) > nearest and path == wanted[: len(path)]:
                nearest, at = len(path), found.start()
            if nearest == len(wanted):
                break
            if token in "[{":
                path.append(0 if token == "[" else None)
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
