"""A learner's schedule: as stored (days counted from an anchor) and as served (with local midnights)."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_serializer, model_validator

from coach.documents.base import LARGEST_COUNT, Count, Document, Instant, Moment, PositiveCount, Weight

ItemKind = Literal["lesson", "quiz", "milestone"]
Effort = Literal["light", "moderate", "focus"]
Pressure = Literal["low", "medium", "high"]
LaunchStatus = Literal["pending", "in_progress", "completed"]
WarningCode = Literal["refresh_failed", "stale_schedule"]

# The members of an item that say how far the learner has come with it, and their values without progress.
NO_PROGRESS: Mapping[str, Any] = {
    "launch_status": "pending",
    "last_launched_at": None,
    "last_completed_at": None,
    "active_session_id": None,
}


def has_progress(item: Any) -> bool:
    """Whether an item (anything with an item's members) was ever launched or completed."""
    return any(getattr(item, name) != value for name, value in NO_PROGRESS.items())


class ScheduleItem(Document):
    """One piece of work, `recommended_day_offset` days after the schedule's anchor.

    The members of NO_PROGRESS are written only for an item that was launched or completed.
    """

    omitted: ClassVar[Mapping[str, Any]] = NO_PROGRESS

    item_id: str
    kind: ItemKind
    category_key: str
    title: str
    summary: str = ""
    objectives: list[str] = []
    prerequisites: list[str] = []
    recommended_minutes: Annotated[int, Field(ge=5, le=LARGEST_COUNT)] = 45
    recommended_day_offset: Count = 0
    effort_level: Effort = "moderate"
    focus_reason: str | None = None
    expected_outcome: str | None = None
    user_adjusted: bool = False
    launch_status: LaunchStatus = "pending"
    last_launched_at: Instant | None = None
    last_completed_at: Instant | None = None
    active_session_id: str | None = None

    @property
    def is_completed(self) -> bool:
        return self.launch_status == "completed"

    @model_serializer(mode="wrap")
    def _written(self, write: Any):  # type: ignore[no-untyped-def]  # a return type would hide the members in schemas
        members = write(self)
        if not has_progress(self):
            for name in NO_PROGRESS:
                members.pop(name, None)
        return members


class ScheduleWarning(Document):
    code: WarningCode = "refresh_failed"
    message: str
    detail: str | None = None
    generated_at: Moment


class CategoryAllocation(Document):
    """How much of a schedule a category takes, and how much of it was put off."""

    category_key: str
    planned_minutes: Count = 0
    target_share: Weight = 0.0
    deferral_pressure: Pressure = "low"
    deferral_count: Count = 0
    max_deferral_days: Count = 0
    rationale: str | None = None


class Rationale(Document):
    """Why a schedule came out as it did."""

    generated_at: Moment
    headline: str
    summary: str
    related_categories: list[str] = []
    adjustment_notes: list[str] = []


class Schedule(Document):
    """A schedule as it is stored: items in stored order, days relative to `generated_at`."""

    generated_at: Moment
    time_horizon_days: PositiveCount = 14
    timezone: str | None = None
    cadence_notes: str | None = None
    pacing_overview: str | None = None
    items: list[ScheduleItem] = []
    is_stale: bool = False
    warnings: list[ScheduleWarning] = []
    category_allocations: list[CategoryAllocation] = []
    rationale_history: list[Rationale] = []
    sessions_per_week: PositiveCount = 4
    projected_weekly_minutes: Count = 0
    long_range_item_count: Count = 0
    extended_weeks: Count = 0
    long_range_category_keys: list[str] = []

    @model_validator(mode="after")
    def _days_can_be_spelled(self) -> Self:
        # A day past 31 December 9999 (or the day before 1 January of year 1) has no date to serve.
        furthest = max((item.recommended_day_offset for item in self.items), default=0)
        anchor = anchor_date(self.generated_at, zone(self.timezone))
        if anchor.toordinal() + furthest >= dt.date.max.toordinal():
            raise ValueError(f"day {furthest} after {anchor} lies past the last date there is")
        return self


class ServedItem(ScheduleItem):
    """An item as clients see it."""

    scheduled_for: dt.datetime


class ServedSchedule(Document):
    """A schedule as clients see it: by day, with an anchor date and a midnight for every item."""

    generated_at: Moment
    time_horizon_days: PositiveCount
    timezone: str
    anchor_date: dt.date
    cadence_notes: str | None
    pacing_overview: str | None
    items: list[ServedItem]
    is_stale: bool
    warnings: list[ScheduleWarning]
    category_allocations: list[CategoryAllocation]
    rationale_history: list[Rationale]
    sessions_per_week: PositiveCount
    projected_weekly_minutes: Count
    long_range_item_count: Count
    extended_weeks: Count
    long_range_category_keys: list[str]


@lru_cache(maxsize=1024)
def known_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The time zone of that name, or None where there is no such zone."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        # OSError: the name of a folder of zones; ValueError: a path that leads out of them.
        return None


def zone(name: str | None) -> zoneinfo.ZoneInfo:
    """The time zone of that name; UTC for none and for one that does not exist."""
    return (known_zone(name) if name else None) or zoneinfo.ZoneInfo("UTC")


def anchor_date(generated_at: dt.datetime, where: dt.tzinfo) -> dt.date:
    """The calendar day of an instant in a zone.

    Raises ValueError for an instant whose local day lies outside the years 1 to 9999.
    """
    try:
        return generated_at.astimezone(where).date()
    except OverflowError:
        raise ValueError("the local day lies outside the years 1 to 9999") from None


def midnight(day: dt.date, where: zoneinfo.ZoneInfo) -> dt.datetime:
    """Midnight of a calendar day in a zone, with the UTC offset in force on that day."""
    return dt.datetime.combine(day, dt.time.min, where)


def calendar(schedule: Any) -> tuple[zoneinfo.ZoneInfo, dt.date, list[tuple[Any, dt.datetime]]]:
    """A schedule's zone, its anchor date, and its items by day (within a day in stored order), each with its midnight.

    `schedule` is anything with a schedule's members.
    """
    where = zone(schedule.timezone)
    anchor = anchor_date(schedule.generated_at, where)
    midnights: dict[int, dt.datetime] = {}
    for item in schedule.items:
        offset = item.recommended_day_offset
        if offset not in midnights:
            midnights[offset] = midnight(anchor + dt.timedelta(days=offset), where)
    items = sorted(schedule.items, key=lambda item: item.recommended_day_offset)
    return where, anchor, [(item, midnights[item.recommended_day_offset]) for item in items]


def served(schedule: Schedule) -> ServedSchedule:
    """The schedule as clients see it: by day, each item with its midnight."""
    where, anchor, dated = calendar(schedule)
    items = [ServedItem.model_construct(**dict(item), scheduled_for=start) for item, start in dated]
    return ServedSchedule.model_construct(
        **{**dict(schedule), "timezone": where.key, "anchor_date": anchor, "items": items}
    )
