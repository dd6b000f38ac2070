"""Going through a list by year, month and day.

The stock hierarchy reads every row for the dates that occur; here the two ends of the range are looked up in the
index, and what lies between them is offered.
"""

from __future__ import annotations

import calendar
import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import Max, Min, QuerySet

MOST_YEARS = 40


@dataclass(frozen=True)
class Choice:
    """A period: its words and the query that chooses it."""

    words: str
    query: str


@dataclass(frozen=True)
class Steps:
    """Where the list stands in time: the way back, the chosen period, and the next finer ones."""

    back: Choice | None
    here: str
    choices: list[Choice]


def steps(changelist: ChangeList) -> Steps | None:
    """The hierarchy of a change list; None where the table has no dates."""
    field = str(changelist.date_hierarchy)
    year, month, day = (_number(changelist, f"{field}__{part}") for part in ("year", "month", "day"))
    if not _exists(year, month, day):
        return None
    rows = changelist.model._default_manager.all()
    if year:
        rows = rows.filter(**_bounds(field, year, month, None))
    ends = rows.order_by().aggregate(first=Min(field), last=Max(field))
    if ends["first"] is None:
        return Steps(_back(changelist, field, year, month, day), _words(year, month, day), [])
    years = None if year else _years(rows, field, ends["first"], ends["last"])
    choices = list(_choices(changelist, field, year, month, day, ends["first"], ends["last"], years))
    return Steps(_back(changelist, field, year, month, day), _words(year, month, day), choices)


def _number(changelist: ChangeList, name: str) -> int | None:
    text = str(changelist.params.get(name, ""))
    return int(text) if text.isdecimal() else None


def _exists(year: int | None, month: int | None, day: int | None) -> bool:
    try:
        dt.date(year or 2000, month or 1, day or 1)
    except (ValueError, OverflowError):
        return False
    return True


def chosen(changelist: ChangeList) -> dict[str, dt.datetime]:
    """The bounds of the period that a request chooses, as conditions; none where it chooses none, or one that is no date."""
    field = str(changelist.date_hierarchy)
    year, month, day = (_number(changelist, f"{field}__{part}") for part in ("year", "month", "day"))
    return _bounds(field, year, month, day) if year and _exists(year, month, day) else {}


def _bounds(field: str, year: int, month: int | None, day: int | None) -> dict[str, dt.datetime]:
    first = dt.datetime(year, month or 1, day or 1, tzinfo=dt.UTC)
    days = 365 + calendar.isleap(year)
    if month:
        days = 1 if day else calendar.monthrange(year, month)[1]
    bounds = {f"{field}__gte": first}
    # No instant can be later than the year 9999.
    with contextlib.suppress(OverflowError):
        bounds[f"{field}__lt"] = first + dt.timedelta(days=days)
    return bounds


def _years(rows: QuerySet[Any], field: str, first: dt.datetime, last: dt.datetime) -> Sequence[int]:
    """The years to choose from: all between the ends, or those that occur where they lie far apart."""
    if last.year - first.year < MOST_YEARS:
        return range(first.year, last.year + 1)
    years = [first.year]
    while years[-1] < last.year and len(years) < MOST_YEARS:
        later = {f"{field}__gte": dt.datetime(years[-1] + 1, 1, 1, tzinfo=dt.UTC)}
        years.append(rows.filter(**later).order_by().aggregate(first=Min(field))["first"].year)
    return years


def _choices(
    changelist: ChangeList,
    field: str,
    year: int | None,
    month: int | None,
    day: int | None,
    first: dt.datetime,
    last: dt.datetime,
    years: Sequence[int] | None,
) -> Iterator[Choice]:
    def choice(words: str, **parts: int) -> Choice:
        chosen: dict[str, Any] = {f"{field}__{part}": number for part, number in parts.items()}
        return Choice(words, changelist.get_query_string(chosen, [f"{field}__"]))

    if day:
        return
    if year and month:
        for number in range(first.day, last.day + 1):
            yield choice(f"{number} {calendar.month_abbr[month]}", year=year, month=month, day=number)
    elif year:
        for number in range(first.month, last.month + 1):
            yield choice(f"{calendar.month_abbr[number]} {year}", year=year, month=number)
    else:
        for number in years or ():
            yield choice(str(number), year=number)


def _back(
    changelist: ChangeList, field: str, year: int | None, month: int | None, day: int | None
) -> Choice | None:
    if not year:
        return None
    parts = {"year": year, "month": month} if day else {"year": year} if month else {}
    chosen: dict[str, Any] = {f"{field}__{part}": number for part, number in parts.items()}
    words = _words(year, month, None) if day else str(year) if month else "all dates"
    return Choice(words, changelist.get_query_string(chosen, [f"{field}__"]))


def _words(year: int | None, month: int | None, day: int | None) -> str:
    if not year:
        return ""
    name = f"{calendar.month_name[month]} {year}" if month else str(year)
    return f"{day} {name}" if day else name
