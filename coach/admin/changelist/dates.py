"""Going through a list by year, month and day.

The stock hierarchy reads every row for the dates that occur; here the two ends of the range are looked up in the
index, and what lies between them is offered.
"""

import calendar
import contextlib
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Max, Min, QuerySet
from django.utils import timezone

from coach.admin.presentation import cells

MOST_YEARS = 40
PARTS = ("year", "month", "day")


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


# A year, a month or a day: its numbers from the year on. All dates have none.
_Period = tuple[int, ...]


def steps(changelist: ChangeList) -> Steps:
    """The hierarchy of a change list."""
    field, here = str(changelist.date_hierarchy), _chosen(changelist)
    rows = changelist.model._default_manager.filter(**_bounds(field, here[:2]))
    back = _choice(changelist, here[:-1], _words(here[:-1]) or "all dates") if here else None
    finer = [(*here, number) for number in _numbers(rows, field, here)]
    choices = [_choice(changelist, period, _short_words(period)) for period in finer]
    return Steps(back, _words(here), choices)


def chosen(changelist: ChangeList) -> dict[str, dt.datetime]:
    """The bounds of the period that a request chooses, as conditions. Raises IncorrectLookupParameters."""
    return _bounds(str(changelist.date_hierarchy), _chosen(changelist))


def _chosen(changelist: ChangeList) -> _Period:
    """The period that a request chooses. Raises IncorrectLookupParameters where there is no such date."""
    texts = [str(changelist.params.get(f"{changelist.date_hierarchy}__{part}", "")) for part in PARTS]
    try:
        period = tuple(int(text) for text in takewhile(str.isdecimal, texts))
        _first_of(period)
    except (ValueError, OverflowError) as error:
        raise IncorrectLookupParameters(str(error)) from error
    return period


def _first_of(period: _Period) -> dt.datetime:
    """When a period begins, by the clock. Raises ValueError, OverflowError where there is no such date."""
    year, month, day = (*period, 1, 1, 1)[: len(PARTS)]
    return dt.datetime(year, month, day)


def _instant(clock: dt.datetime) -> dt.datetime:
    """When the reader's clocks show that; the clocks of UTC where the reader's calendar ends."""
    try:
        return timezone.make_aware(clock).astimezone(dt.UTC)
    except OverflowError:
        return clock.replace(tzinfo=dt.UTC)


def _bounds(field: str, period: _Period) -> dict[str, dt.datetime]:
    if not period:
        return {}
    first = _first_of(period)
    days = (365 + calendar.isleap(first.year), calendar.monthrange(first.year, first.month)[1], 1)
    bounds = {f"{field}__gte": _instant(first)}
    # No instant can be later than the year 9999.
    with contextlib.suppress(OverflowError):
        bounds[f"{field}__lt"] = _instant(first + dt.timedelta(days=days[len(period) - 1]))
    return bounds


def _numbers(rows: QuerySet[Any], field: str, here: _Period) -> Iterable[int]:
    """The years, months or days to choose from: all between the first and the last that occur."""
    ends = rows.order_by().aggregate(first=Min(field), last=Max(field))
    if ends["first"] is None or len(here) == len(PARTS):
        return ()
    first, last = cells.local(ends["first"]), cells.local(ends["last"])
    part = PARTS[len(here)]
    if part != "year" or last.year - first.year < MOST_YEARS:
        return range(getattr(first, part), getattr(last, part) + 1)
    # Years that lie far apart: those that occur.
    years = [first.year]
    while years[-1] < last.year and len(years) < MOST_YEARS:
        later = {f"{field}__gte": _instant(_first_of((years[-1] + 1,)))}
        found = rows.filter(**later).order_by().aggregate(first=Min(field))["first"]
        years.append(cells.local(found).year)
    return years


def _choice(changelist: ChangeList, period: _Period, words: str) -> Choice:
    prefix = f"{changelist.date_hierarchy}__"
    query: dict[str, Any] = {f"{prefix}{part}": number for part, number in zip(PARTS, period, strict=False)}
    return Choice(words, changelist.get_query_string(query, [prefix]))


def _words(period: _Period) -> str:
    names = [str(number) for number in period]
    if len(names) > 1:
        names[1] = calendar.month_name[period[1]]
    return " ".join(reversed(names))


def _short_words(period: _Period) -> str:
    """As a choice among its neighbours: `2025`, `Apr 2025`, `2 Apr`."""
    if len(period) == 1:
        return str(period[0])
    month = calendar.month_abbr[period[1]]
    return f"{period[2]} {month}" if len(period) == 3 else f"{month} {period[0]}"
