"""What a schedule says about itself: horizon, weekly minutes, allocations, deferrals and the rationale."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coach.documents.schedule import CategoryAllocation, Pressure, Rationale, Schedule, ScheduleItem
from coach.engines.sequencing import schedule_texts
from coach.engines.sequencing.long_range import LEAST_HORIZON_DAYS
from coach.engines.sequencing.pieces import Placed
from coach.engines.sequencing.standings import Standing

LONG_RANGE_FROM_DAY = 90
RATIONALE_ENTRIES = 6


@dataclass(frozen=True)
class Figures:
    """The figures of a schedule, counted before adjustments move anything."""

    weeks: int
    weekly_minutes: int
    long_range_items: int
    long_range_categories: list[str]
    allocations: list[CategoryAllocation]


def counted(
    placed: Sequence[Placed],
    standings: Sequence[Standing],
    *,
    previous: Iterable[ScheduleItem],
    adjustments: Mapping[str, int],
    deadline: int | None = None,
) -> Figures:
    """All figures; deferrals are those that `adjustments` (item id → day) make in the `previous` items."""
    days = horizon(placed, deadline=deadline)
    long_range = [entry.piece for entry in placed if entry.day >= LONG_RANGE_FROM_DAY]
    return Figures(
        weeks=math.ceil(days / 7),
        weekly_minutes=round(sum(entry.piece.minutes for entry in placed) / max(days / 7, 1)),
        long_range_items=len(long_range),
        long_range_categories=sorted({piece.category_key for piece in long_range}),
        allocations=_allocations(placed, standings, _deferrals(previous, adjustments)),
    )


def rhythm(placed: Sequence[Placed]) -> schedule_texts.Rhythm:
    """The rhythm of the work as it stands, adjustments included; `placed` is not empty."""
    minutes: Counter[int] = Counter()
    for entry in placed:
        minutes[entry.day // 7] += entry.piece.minutes
    days = Counter(day // 7 for day in {entry.day for entry in placed})
    return schedule_texts.Rhythm(
        pieces=len(placed),
        weeks=len(minutes),
        fewest_minutes=min(minutes.values()),
        most_minutes=max(minutes.values()),
        most_days=max(days.values()),
    )


def horizon(placed: Sequence[Placed], *, deadline: int | None = None) -> int:
    """Days from the anchor to the end of the last day, at least to the deadline, half a year without one.

    `placed` is by day.
    """
    return max(deadline or LEAST_HORIZON_DAYS, placed[-1].day + 1)


def history(
    previous: Schedule | None,
    figures: Figures,
    *,
    labels: Mapping[str, str],
    rhythm: schedule_texts.Rhythm,
    now: dt.datetime,
) -> list[Rationale]:
    """The latest rationales, oldest first, with one of this generation at the end."""
    earlier = previous.rationale_history if previous else []
    rationale = _rationale(figures, labels=labels, rhythm=rhythm, now=now)
    return [*earlier[-(RATIONALE_ENTRIES - 1) :], rationale]


# --- allocations ------------------------------------------------------------------------------------


def _allocations(
    placed: Sequence[Placed], standings: Sequence[Standing], deferrals: Mapping[str, list[int]]
) -> list[CategoryAllocation]:
    """One per category, most minutes first, then by key."""
    minutes = dict.fromkeys((standing.key for standing in standings), 0)
    for entry in placed:
        if entry.piece.category_key in minutes:
            minutes[entry.piece.category_key] += entry.piece.minutes
    allocations = [
        _allocation(standing, minutes[standing.key], deferrals.get(standing.key, ()))
        for standing in standings
    ]
    return sorted(allocations, key=lambda allocation: (-allocation.planned_minutes, allocation.category_key))


def _allocation(standing: Standing, minutes: int, deferrals: Sequence[int]) -> CategoryAllocation:
    furthest = max(deferrals, default=0)
    allocation = CategoryAllocation(
        category_key=standing.key,
        planned_minutes=minutes,
        target_share=round(standing.weight, 4),
        deferral_pressure=_pressure(len(deferrals), furthest),
        deferral_count=len(deferrals),
        max_deferral_days=furthest,
    )
    return allocation.model_copy(update={"rationale": schedule_texts.share(allocation, label=standing.label)})


def _pressure(count: int, furthest: int) -> Pressure:
    if count >= 3 or furthest >= 21:
        return "high"
    return "medium" if count >= 1 or furthest >= 7 else "low"


def _deferrals(previous: Iterable[ScheduleItem], adjustments: Mapping[str, int]) -> dict[str, list[int]]:
    """The days by which items of each category were put off, one entry for each such item."""
    deferrals: dict[str, list[int]] = {}
    for item in previous:
        days = max(adjustments.get(item.item_id, 0) - item.recommended_day_offset, 0)
        # One that was moved before counts a day at least.
        if days or item.user_adjusted:
            deferrals.setdefault(item.category_key, []).append(days or 1)
    return deferrals


# --- rationale --------------------------------------------------------------------------------------


def _rationale(
    figures: Figures, *, labels: Mapping[str, str], rhythm: schedule_texts.Rhythm, now: dt.datetime
) -> Rationale:
    leading = [allocation for allocation in figures.allocations if allocation.planned_minutes][:2]
    pressed = [allocation for allocation in figures.allocations if allocation.deferral_pressure != "low"]
    related = dict.fromkeys(allocation.category_key for allocation in (*leading, *pressed))
    notes = [schedule_texts.adjustment_note(entry, label=labels[entry.category_key]) for entry in pressed]
    return Rationale(
        generated_at=now,
        headline=schedule_texts.headline([labels[entry.category_key] for entry in leading]),
        summary=schedule_texts.summary(rhythm, categories=len(figures.allocations), pressed=len(pressed)),
        related_categories=list(related),
        adjustment_notes=notes or [schedule_texts.say("nothing_put_off")],
    )
