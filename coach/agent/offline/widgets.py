"""The widgets of the offline coach, and the learner's rows that they show."""

import datetime as dt
from collections.abc import Mapping, Sequence

from coach.documents import schedule as zones
from coach.documents import sessions
from coach.documents.base import utc_now
from coach.documents.profile import Profile
from coach.documents.schedule import Schedule, ScheduleItem

SHOWN_ITEMS = 5


def card(title: str, sections: Mapping[str, Sequence[str]]) -> sessions.Widget:
    """A card of headed lists; empty ones are left out."""
    shown = [{"heading": heading, "items": list(items)} for heading, items in sections.items() if items]
    return sessions.Widget(type="Card", props={"title": title, "sections": shown})


def next_list(learner: Profile | None) -> list[sessions.Widget]:
    """The next items of the schedule, or nothing."""
    schedule = learner.curriculum_schedule if learner else None
    coming = open_items(schedule)[:SHOWN_ITEMS] if schedule else []
    if schedule is None or not coming:
        return []
    rows = [
        {
            "label": item.title,
            "meta": f"{day_of(schedule, item).isoformat()}, {item.recommended_minutes} minutes",
        }
        for item in coming
    ]
    return [sessions.Widget(type="List", props={"title": "Next on your schedule", "rows": rows})]


def ratings(learner: Profile | None) -> list[sessions.Widget]:
    """The learner's ratings, or nothing."""
    if learner is None or not learner.elo_snapshot:
        return []
    items = [
        {"label": label(learner, key), "value": str(value)} for key, value in learner.elo_snapshot.items()
    ]
    return [sessions.Widget(type="StatRow", props={"items": items})]


def open_items(schedule: Schedule) -> list[ScheduleItem]:
    """The items that are not completed, in order; from today on first where some were missed."""
    return [
        item for item in schedule.items if not item.is_completed and day_of(schedule, item) >= today(schedule)
    ]


def missed_items(schedule: Schedule) -> list[ScheduleItem]:
    """The items that were planned before today and are not completed."""
    return [
        item for item in schedule.items if not item.is_completed and day_of(schedule, item) < today(schedule)
    ]


def day_of(schedule: Schedule, item: ScheduleItem) -> dt.date:
    """The calendar day of an item in the schedule's zone."""
    anchor = zones.anchor_date(schedule.generated_at, zones.zone(schedule.timezone))
    return anchor + dt.timedelta(days=item.recommended_day_offset)


def today(schedule: Schedule) -> dt.date:
    """Today in the schedule's zone."""
    return utc_now().astimezone(zones.zone(schedule.timezone)).date()


def label(learner: Profile, key: str) -> str:
    """The label of a category of the learner's plan; the key where there is none."""
    categories = learner.elo_category_plan.categories if learner.elo_category_plan else []
    return next((category.label for category in categories if category.key == key), key)
