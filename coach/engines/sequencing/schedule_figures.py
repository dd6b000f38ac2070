"""What a schedule says about itself: horizon, weekly minutes, allocations, deferrals and the rationale, in figures and words."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from coach.documents.schedule import CategoryAllocation, Pressure, Rationale, Schedule, ScheduleItem
from coach.engines.sequencing.long_range import LEAST_HORIZON_DAYS
from coach.engines.sequencing.pieces import Placed
from coach.engines.sequencing.schedule_texts import ADVICE, say
from coach.engines.sequencing.standings import Standing

LONG_RANGE_FROM_DAY = 90
RATIONALE_ENTRIES = 6


class Figures(NamedTuple):
    """The schedule's members that are counted before adjustments move anything."""

    extended_weeks: int
    projected_weekly_minutes: int
    long_range_item_count: int
    long_range_category_keys: list[str]
    category_allocations: list[CategoryAllocation]


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
        extended_weeks=math.ceil(days / 7),
        projected_weekly_minutes=round(sum(entry.piece.minutes for entry in placed) / max(days / 7, 1)),
        long_range_item_count=len(long_range),
        long_range_category_keys=sorted({piece.category_key for piece in long_range}),
        category_allocations=_allocations(placed, standings, _deferrals(previous, adjustments)),
    )


def horizon(placed: Sequence[Placed], *, deadline: int | None = None) -> int:
    """Days from the anchor to the end of the last day, at least to the deadline, half a year without one.

    `placed` is by day.
    """
    return max(deadline or LEAST_HORIZON_DAYS, placed[-1].day + 1)


# --- the work as it stands, adjustments included ----------------------------------------------------


def cadence(placed: Sequence[Placed], *, focus: Iterable[str], completed: int) -> str:
    """How the work lies in time, and what to look at first; `placed` is by day and not empty."""
    days, minutes = len({entry.day for entry in placed}), sum(entry.piece.minutes for entry in placed)
    sentences = [say("cadence", pieces=len(placed), days=days, minutes=minutes, span=placed[-1].day + 1)]
    if completed:
        sentences.append(say("completed", pieces=completed))
    if named := [text.strip() for text in focus if text.strip()]:
        sentences.append(say("focus", focus=" and ".join(named)))
    return " ".join(sentences)


def pacing(placed: Sequence[Placed], *, missed: int) -> str:
    """The rhythm of the weeks that hold work, and how many pieces of work were missed."""
    weekly: Counter[int] = Counter()
    for entry in placed:
        weekly[entry.day // 7] += entry.piece.minutes
    days = Counter(day // 7 for day in {entry.day for entry in placed})
    fewest, most = min(weekly.values()), max(weekly.values())
    minutes = f"{fewest} to {most}" if fewest < most else str(most)
    text = say("pacing", weeks=len(weekly), minutes=minutes, days=max(days.values()))
    return f"{text} {say('moved_forward', pieces=missed)}" if missed else text


# --- allocations ------------------------------------------------------------------------------------


def _allocations(
    placed: Sequence[Placed], standings: Sequence[Standing], deferrals: Mapping[str, list[int]]
) -> list[CategoryAllocation]:
    """One per category, most minutes first, then by key."""
    minutes: Counter[str] = Counter()
    for entry in placed:
        minutes[entry.piece.category_key] += entry.piece.minutes
    allocations = [
        _allocation(standing, minutes[standing.key], deferrals.get(standing.key, ()))
        for standing in standings
    ]
    return sorted(allocations, key=lambda allocation: (-allocation.planned_minutes, allocation.category_key))


def _allocation(standing: Standing, minutes: int, deferrals: Sequence[int]) -> CategoryAllocation:
    share, furthest = round(standing.weight, 4), max(deferrals, default=0)
    allocation = CategoryAllocation(
        category_key=standing.key,
        planned_minutes=minutes,
        target_share=share,
        deferral_pressure=_pressure(len(deferrals), furthest),
        deferral_count=len(deferrals),
        max_deferral_days=furthest,
    )
    planned = say("share", label=standing.label, minutes=minutes, weight=round(share * 100))
    rationale = f"{planned} {_put_off(allocation)}" if deferrals else planned
    return allocation.model_copy(update={"rationale": rationale})


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


def _put_off(allocation: CategoryAllocation) -> str:
    return say("put_off", pieces=allocation.deferral_count, days=allocation.max_deferral_days)


# --- rationale --------------------------------------------------------------------------------------


def history(
    previous: Schedule | None,
    allocations: Sequence[CategoryAllocation],
    placed: Sequence[Placed],
    *,
    labels: Mapping[str, str],
    now: dt.datetime,
) -> list[Rationale]:
    """The latest rationales, oldest first, with one of this generation at the end; `labels` are those of categories."""
    earlier = previous.rationale_history if previous else []
    return [*earlier[-(RATIONALE_ENTRIES - 1) :], _rationale(allocations, placed, labels=labels, now=now)]


def _rationale(
    allocations: Sequence[CategoryAllocation],
    placed: Sequence[Placed],
    *,
    labels: Mapping[str, str],
    now: dt.datetime,
) -> Rationale:
    leading = [allocation for allocation in allocations if allocation.planned_minutes][:2]
    pressed = [allocation for allocation in allocations if allocation.deferral_pressure != "low"]
    named = ", ".join(labels[allocation.category_key] for allocation in leading)
    weeks = len({entry.day // 7 for entry in placed})
    summary = say("summary", pieces=len(placed), categories=len(allocations), weeks=weeks)
    put_off = say("pressed", categories=len(pressed)) if pressed else say("nothing_put_off")
    notes = [_note(allocation, label=labels[allocation.category_key]) for allocation in pressed]
    return Rationale(
        generated_at=now,
        headline=say("headline", labels=named) if leading else say("headline_of_none"),
        summary=f"{summary} {put_off}",
        related_categories=list(dict.fromkeys(entry.category_key for entry in (*leading, *pressed))),
        adjustment_notes=notes or [say("nothing_put_off")],
    )


def _note(allocation: CategoryAllocation, *, label: str) -> str:
    """What follows from a category having been put off."""
    return f"{label}: {_put_off(allocation)} {ADVICE[allocation.deferral_pressure]}"
