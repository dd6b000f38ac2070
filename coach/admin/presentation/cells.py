"""How single values look in lists and pages: times, sizes, shortened texts, badges. Everything is escaped."""

import datetime as dt

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

LONGEST_CELL = 80


def short(text: str | None, length: int = LONGEST_CELL) -> str:
    """A text on one line, cut at a length with an ellipsis; white space is collapsed."""
    line = " ".join((text or "")[: length * 4].split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def moment(instant: dt.datetime | None) -> SafeString | str:
    """A time in its reader's zone, to the minute; hovering shows it whole."""
    return "–" if instant is None else _time(instant, "DATETIME_FORMAT")


def day(instant: dt.datetime | None) -> SafeString | str:
    """The calendar day of a time in its reader's zone; hovering shows it whole."""
    return "–" if instant is None else _time(instant, "DATE_FORMAT")


def _time(instant: dt.datetime, style: str) -> SafeString:
    here = local(instant)
    whole = here.isoformat(), here.isoformat(sep=" ")
    return format_html('<time datetime="{}" title="{}">{}</time>', *whole, date_format(here, style))


def local(instant: dt.datetime) -> dt.datetime:
    """A time in its reader's zone; in UTC where that zone's calendar has ended."""
    try:
        return timezone.localtime(instant)
    except OverflowError:
        return instant.astimezone(dt.UTC)


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
