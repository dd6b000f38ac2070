"""Charts as inline SVG: the figures of each are worked out here, its template draws them.

Colours come from the classes, so light and dark are the stylesheet's business; each chart says in words
(`aria-label`, `<title>`) what it shows.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from coach.models import ScheduleItem


def sparkline(values: Sequence[int], *, label: str) -> SafeString:
    """The course of a value, oldest first, the last one dotted; nothing for no values."""
    if not values:
        return SafeString("")
    low, high = min(values), max(values)
    # One value is a level line, not a dot in a corner.
    drawn = list(values) if len(values) > 1 else [values[0], values[0]]
    # In a box of 120 by 26, as its template has it, with a margin of 3.
    step = 114 / (len(drawn) - 1)
    heights = [(value - low) / (high - low) if high > low else 0.5 for value in drawn]
    points = [
        (round(3 + index * step, 1), round(23 - 20 * height, 1)) for index, height in enumerate(heights)
    ]
    words = f"{label}: {', '.join(map(str, values))}"
    return _drawn("sparkline", label=words, points=points, last=points[-1])


_WIDTH, _HEIGHT = 700, 90
# Names of weeks need this much room; where there is less, only some are named.
_NAME_WIDTH = 42


def workload(items: Sequence[ScheduleItem], *, days: int, today: int | None, label: str) -> SafeString:
    """Minutes a day as stacked bars, weeks separated, today (a day from 0) marked where it lies within."""
    weeks = math.ceil(max([days, 28, *(item.recommended_day_offset + 1 for item in items)]) / 7)
    step = _WIDTH / (7 * weeks)
    minutes: Counter[int] = Counter()
    for item in items:
        minutes[item.recommended_day_offset] += item.recommended_minutes
    scale = (_HEIGHT - 6) / max([60, *minutes.values()])
    bars, tops = [], dict.fromkeys(minutes, float(_HEIGHT))
    for item in items:
        day, height = item.recommended_day_offset, item.recommended_minutes * scale
        tops[day] -= height
        bars.append((item, _rounded((day + 0.12) * step), _rounded(tops[day]), _rounded(height)))
    every = max(1, round(_NAME_WIDTH / (7 * step) + 0.5))
    return _drawn(
        "workload",
        label=label,
        weeks=[(_rounded(week * 7 * step), week % every == 0) for week in range(weeks)],
        week_width=_rounded(7 * step),
        bars=bars,
        bar_width=_rounded(0.76 * step),
        today=_rounded((today + 0.5) * step) if today is not None and 0 <= today < 7 * weeks else None,
    )


# Of the 60 that the template has, the value above the column takes the rest.
_COLUMN_WIDTH, _COLUMN_HEIGHT = 32, 46


def columns(values: Sequence[int], names: Sequence[str], *, label: str) -> SafeString:
    """A column for each value, with the value above it and its name as the title."""
    scale = _COLUMN_HEIGHT / max([1, *values])
    named = list(zip(names, values, strict=True))
    return _drawn(
        "columns",
        label=f"{label}: " + ", ".join(f"{name} {value}" for name, value in named),
        width=len(values) * _COLUMN_WIDTH,
        columns=[
            (name, value, place * _COLUMN_WIDTH, _rounded(60 - value * scale))
            for place, (name, value) in enumerate(named)
        ],
    )


def _rounded(number: float) -> float:
    return round(number, 1)


def _drawn(name: str, **figures: Any) -> SafeString:
    return render_to_string(f"admin/coach/charts/{name}.svg", figures)
