"""Charts as inline SVG: pure functions of numbers, without scripts, inline styles or colours of their own.

Colours come from the classes, so light and dark are the stylesheet's business; each chart says in words
(`aria-label`, `<title>`) what it shows.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
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
    """One piece of work on a day: minutes, its kind (a class name) and what is said of it."""

    day: int
    minutes: int
    kind: str
    words: str
    moved: bool = False


_DAY_WIDTH, _HEIGHT, _FOOT = 14, 96, 16


def workload(blocks: Sequence[Block], *, days: int, today: int | None, label: str) -> SafeString:
    """Minutes a day as stacked bars, weeks told apart, today (a day from 0) marked where it lies within."""
    days = max([days, *(block.day + 1 for block in blocks)])
    days += -days % 7
    most = max([60, *_totals(blocks).values()])
    width = days * _DAY_WIDTH
    return format_html(
        '<svg class="workload" role="img" aria-label="{}" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMin meet">'
        "{}{}{}</svg>",
        label,
        max(width, 28 * _DAY_WIDTH),
        _HEIGHT + _FOOT,
        _weeks(days),
        _bars(blocks, most),
        _today(today, days),
    )


def _totals(blocks: Sequence[Block]) -> dict[int, int]:
    totals: dict[int, int] = {}
    for block in blocks:
        totals[block.day] = totals.get(block.day, 0) + block.minutes
    return totals


def _weeks(days: int) -> SafeString:
    return format_html_join(
        "",
        '<rect class="week{}" x="{}" y="0" width="{}" height="{}"/><text class="week-name" x="{}" y="{}">{}</text>',
        (
            (
                " odd" if week % 2 else "",
                week * 7 * _DAY_WIDTH,
                7 * _DAY_WIDTH,
                _HEIGHT,
                week * 7 * _DAY_WIDTH + 3,
                _HEIGHT + 12,
                f"week {week + 1}",
            )
            for week in range(days // 7)
        ),
    )


def _bars(blocks: Sequence[Block], most: int) -> SafeString:
    bars = []
    for day, of_day in itertools.groupby(sorted(blocks, key=lambda block: block.day), key=lambda block: block.day):
        bottom = float(_HEIGHT)
        for block in of_day:
            height = round(block.minutes / most * (_HEIGHT - 8), 1)
            bottom = round(bottom - height, 1)
            bars.append(
                (
                    f"bar bar-{block.kind}" + (" moved" if block.moved else ""),
                    day * _DAY_WIDTH + 2,
                    f"{bottom:g}",
                    _DAY_WIDTH - 4,
                    f"{height:g}",
                    block.words,
                )
            )
    return format_html_join(
        "", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>', bars
    )


def _today(today: int | None, days: int) -> SafeString:
    if today is None or not 0 <= today < days:
        return SafeString("")
    x = today * _DAY_WIDTH + _DAY_WIDTH / 2
    return format_html(
        '<line class="today" x1="{}" x2="{}" y1="0" y2="{}"><title>today</title></line>', f"{x:g}", f"{x:g}", _HEIGHT
    )
