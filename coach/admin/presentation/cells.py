"""How single values look in lists and pages: times, sizes, shortened texts, badges. Everything is escaped."""

from __future__ import annotations

import datetime as dt

from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString

LONGEST_CELL = 80


def short(text: str | None, length: int = LONGEST_CELL) -> str:
    """A text on one line, cut at a length with an ellipsis; white space is collapsed."""
    line = " ".join((text or "")[: length * 4].split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def moment(instant: dt.datetime | None) -> SafeString | str:
    """A time in UTC, to the minute; hovering shows it whole."""
    return "–" if instant is None else _time(instant, brief(instant.astimezone(dt.UTC)))


def day(instant: dt.datetime) -> SafeString:
    """The calendar day of a time in UTC; hovering shows it whole."""
    return _time(instant, str(instant.astimezone(dt.UTC).date()))


def _time(instant: dt.datetime, words: str) -> SafeString:
    here = instant.astimezone(dt.UTC)
    whole = here.isoformat(), here.isoformat(sep=" ")
    return format_html('<time datetime="{}" title="{}">{}</time>', *whole, words)


def brief(instant: dt.datetime) -> str:
    """`2026-03-01 09:30`."""
    # strftime pads no years before 1000.
    return f"{instant.year:04d}-{instant:%m-%d %H:%M}"


def size(count: int | None) -> str:
    """A number of bytes for people."""
    return "–" if count is None else filesizeformat(count)


def badge(text: str, kind: str) -> SafeString:
    """A coloured word; `kind` is one of good, warn, bad, calm. The word says it too, not the colour alone."""
    return format_html('<span class="badge badge-{}">{}</span>', kind, text)


def tags(names: list[str], most: int = 4) -> SafeString:
    """Tags as small badges; those beyond `most` are counted."""
    shown = [format_html('<span class="tag">{}</span>', short(name, 30)) for name in names[:most]]
    rest = len(names) - most
    if rest > 0:
        shown.append(format_html('<span class="quiet">+{}</span>', rest))
    return SafeString(" ".join(shown))
