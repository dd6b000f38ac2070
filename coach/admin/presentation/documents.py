"""Stored documents for people: readable, collapsible, in their own order, every text escaped."""

import json
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from coach.admin.presentation import cells
from coach.documents import differences

# Containers of more members than this start closed.
_OPEN_UP_TO = 6
_LONGEST_SIDE = 400
# Members that identify an element of a list.
_NAMES = "label title name headline task_id module_id key category_key criterion level".split()


def readable(text: str | None) -> SafeString:
    """A document's JSON text as nested lists; a note where there is none."""
    if text is None:
        return SafeString('<p class="quiet">There is none.</p>')
    return format_html('<div class="document">{}</div>', _value(json.loads(text)))


def pretty(text: str | None) -> str:
    """A document's JSON text with line breaks, its members in their own order."""
    return "" if text is None else json.dumps(json.loads(text), indent=2, ensure_ascii=False)


def side(value: Any) -> SafeString:
    """One side of a change, folded where it is long."""
    if value == differences.ABSENT:
        return SafeString('<span class="quiet">nothing</span>')
    if isinstance(value, str) and len(value) > _LONGEST_SIDE:
        short = cells.short(value, _LONGEST_SIDE)
        return format_html("<details><summary>{}</summary>{}</details>", short, _scalar(value))
    return format_html('<div class="document">{}</div>', _folded(value))


def _value(value: Any) -> SafeString:
    if isinstance(value, (dict, list)) and not value:
        return SafeString('<span class="quiet">none</span>')
    if isinstance(value, dict):
        return _members(value)
    if isinstance(value, list):
        return _elements(value)
    return _scalar(value)


def _scalar(value: Any) -> SafeString:
    if value in (None, ""):
        return format_html('<span class="quiet">{}</span>', "null" if value is None else "empty")
    if isinstance(value, str):
        return format_html('<span class="text">{}</span>', value)
    return format_html('<span class="number">{}</span>', json.dumps(value))


def _members(value: dict[str, Any]) -> SafeString:
    members = ((name, _folded(inner)) for name, inner in value.items())
    return format_html("<dl>{}</dl>", format_html_join("", "<dt>{}</dt><dd>{}</dd>", members))


def _elements(value: list[Any]) -> SafeString:
    if not any(isinstance(element, (dict, list)) for element in value):
        lines = format_html_join("", "<li>{}</li>", ((_scalar(element),) for element in value))
        return format_html('<ul class="plain">{}</ul>', lines)
    folded = format_html_join(
        "",
        "<li><details><summary>{}</summary>{}</details></li>",
        ((_title(element), _value(element)) for element in value),
    )
    return format_html("<ol>{}</ol>", folded)


def _folded(value: Any) -> SafeString:
    if not isinstance(value, (dict, list)) or len(value) <= _OPEN_UP_TO:
        return _value(value)
    return format_html(
        "<details><summary>{} {}</summary>{}</details>",
        len(value),
        "members" if isinstance(value, dict) else "entries",
        _value(value),
    )


def _title(element: Any) -> str:
    if isinstance(element, dict):
        found = (element[name] for name in _NAMES if isinstance(element.get(name), str) and element[name])
        return cells.short(next(found, "entry"))
    return cells.short(json.dumps(element, ensure_ascii=False))
