"""Charts as inline SVG: pure functions of numbers, without scripts, inline styles or colours of their own.

Colours come from the classes, so light and dark are the stylesheet's business; each chart says in words
(`aria-label`, `<title>`) what it shows.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_PAD = 3


def sparkline(values: Sequence[int], *, label: str, width: int = 120, height: int = 26) -> SafeString:
    """The course of a value, oldest first, the last one dotted; nothing for no values."""
    if not values:
        return SafeString("")
    points = _points(values, width=width, height=height)
    last_x, last_y = points[-1]
    return format_html(
        '<svg class="spark" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">'
        '<polyline points="{}"/><circle cx="{}" cy="{}" r="2.5"/></svg>',
        f"{label}: {', '.join(str(value) for value in values)}",
        width,
        height,
        width,
        height,
        " ".join(f"{x:g},{y:g}" for x, y in points),
        f"{last_x:g}",
        f"{last_y:g}",
    )


def _points(values: Sequence[int], *, width: int, height: int) -> list[tuple[float, float]]:
    low, high = min(values), max(values)
    # One value is a level line, not a dot in a corner.
    drawn = list(values) if len(values) > 1 else [values[0], values[0]]
    step = (width - 2 * _PAD) / (len(drawn) - 1)
    reach = (high - low) or 1
    middle = 0.5 if high == low else 0.0
    return [
        (
            round(_PAD + index * step, 1),
            round(height - _PAD - ((value - low) / reach + middle) * (height - 2 * _PAD), 1),
        )
        for index, value in enumerate(drawn)
    ]


@dataclass(frozen=True)
class Block:
    """One piece of work on a day: minutes, its kind (a class name) and its description."""

    day: int
    minutes: int
    kind: str
    words: str
    moved: bool = False


_WIDTH, _HEIGHT, _FOOT = 700, 90, 14
# Names of weeks need this much room; where there is less, only some are named.
_NAME_WIDTH = 42


def workload(blocks: Sequence[Block], *, days: int, today: int | None, label: str) -> SafeString:
    """Minutes a day as stacked bars, weeks separated, today (a day from 0) marked where it lies within."""
    days = max([days, 28, *(block.day + 1 for block in blocks)])
    days += -days % 7
    step = _WIDTH / days
    return format_html(
        '<svg class="workload" role="img" aria-label="{}" viewBox="0 0 {} {}">{}{}{}</svg>',
        label,
        _WIDTH,
        _HEIGHT + _FOOT,
        _weeks(days, step),
        _bars(blocks, step),
        _today(today, days, step),
    )


def _weeks(days: int, step: float) -> SafeString:
    every = max(1, round(_NAME_WIDTH / (7 * step) + 0.5))
    return format_html_join(
        "",
        '<rect class="week{}" x="{}" y="0" width="{}" height="{}"/>{}',
        (
            (
                " odd" if week % 2 else "",
                f"{week * 7 * step:.1f}",
                f"{7 * step:.1f}",
                _HEIGHT,
                _name(week, step) if week % every == 0 else "",
            )
            for week in range(days // 7)
        ),
    )


def _name(week: int, step: float) -> SafeString:
    return format_html(
        '<text class="week-name" x="{}" y="{}">week {}</text>',
        f"{week * 7 * step + 2:.1f}",
        _HEIGHT + 11,
        week + 1,
    )


def _bars(blocks: Sequence[Block], step: float) -> SafeString:
    ordered = sorted(blocks, key=lambda block: block.day)
    by_day = {day: list(group) for day, group in itertools.groupby(ordered, key=lambda block: block.day)}
    most = max([60, *(sum(block.minutes for block in group) for group in by_day.values())])
    return format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        (bar for day, group in by_day.items() for bar in _stack(group, day=day, most=most, step=step)),
    )


def _stack(group: Sequence[Block], *, day: int, most: int, step: float) -> Iterator[tuple[object, ...]]:
    bottom = float(_HEIGHT)
    for block in group:
        height = block.minutes / most * (_HEIGHT - 6)
        bottom -= height
        yield (
            f"bar bar-{block.kind}" + (" moved" if block.moved else ""),
            f"{day * step + step * 0.12:.1f}",
            f"{bottom:.1f}",
            f"{step * 0.76:.1f}",
            f"{height:.1f}",
            block.words,
        )


def _today(today: int | None, days: int, step: float) -> SafeString:
    if today is None or not 0 <= today < days:
        return SafeString("")
    x = f"{(today + 0.5) * step:.1f}"
    return format_html(
        '<line class="today" x1="{}" x2="{}" y1="0" y2="{}"><title>today</title></line>', x, x, _HEIGHT
    )


_COLUMN, _GAP, _COLUMNS_HEIGHT = 26, 6, 60


def columns(values: Sequence[int], names: Sequence[str], *, label: str) -> SafeString:
    """A column for each value, with the value above it and its name as the title."""
    return format_html(
        '<svg class="columns" role="img" aria-label="{0}" viewBox="0 0 {1} {2}" width="{1}">{3}</svg>',
        f"{label}: " + ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True)),
        len(values) * (_COLUMN + _GAP),
        _COLUMNS_HEIGHT,
        format_html_join(
            "",
            '<g><title>{}: {}</title><rect class="column" x="{}" y="{}" width="{}" height="{}"/>'
            '<text x="{}" y="{}" text-anchor="middle">{}</text></g>',
            _columns(values, names),
        ),
    )


def _columns(values: Sequence[int], names: Sequence[str]) -> Iterator[tuple[object, ...]]:
    most = max([1, *values])
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        height, left = value / most * (_COLUMNS_HEIGHT - 14), place * (_COLUMN + _GAP)
        top = _COLUMNS_HEIGHT - height
        yield (
            name,
            value,
            left,
            f"{top:.1f}",
            _COLUMN,
            f"{height:.1f}",
            left + _COLUMN / 2,
            f"{top - 3:.1f}",
            value,
        )
