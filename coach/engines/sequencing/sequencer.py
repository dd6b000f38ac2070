"""The sequencer: a learner's schedule from plan, ratings, curriculum, tracks, and what the learner put off.

Each stage has a module of its own: standings → module_order → pieces → pacing → long_range → schedule_figures
→ pacing again, for what the learner moved. schedule_texts words the pieces.
"""

import datetime as dt
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from coach.documents.pace import Pace
from coach.documents.profile import Profile
from coach.documents.schedule import Schedule, ScheduleItem, ScheduleWarning, anchor_date, known_zone, zone
from coach.engines.sequencing import (
    long_range,
    module_order,
    pacing,
    pieces,
    progress,
    schedule_figures,
    schedule_texts,
    standings,
)
from coach.engines.sequencing.pacing import EVERY_DAY, Days
from coach.engines.sequencing.pieces import Placed
from coach.engines.sequencing.standings import Standing

# A thousand years of sessions: keeps days within the dates there are, and a broken curriculum within memory.
MOST_ITEMS = 200_000


# What a schedule is stored again for.
_READ = operator.attrgetter("time_horizon_days", "timezone", "cadence_notes", "items")

# Clients read these two in the `detail` of a `refresh_failed` warning, word for word.
NO_PLAN = "Cannot generate a schedule without ELO categories."
NO_CATEGORY = "No curriculum categories available for sequencing."


class Unschedulable(ValueError):
    """There is nothing to schedule, or more than any schedule holds; the message is for people."""


@dataclass(frozen=True)
class Generated:
    """What a generation comes to.

    `adjustments` (item id → day) and `timezone` are the learner's afterwards. Where `changed` is False,
    `schedule` is the previous one as it is, and there is nothing to write.
    """

    schedule: Schedule
    adjustments: dict[str, int]
    timezone: str | None
    changed: bool


def generate(
    profile: Profile,
    *,
    previous: Schedule | None,
    adjustments: Mapping[str, int],
    now: dt.datetime,
    pace: Pace | None = None,
) -> Generated:
    """The learner's schedule as of `now`, with `adjustments` (item id → day) applied; completed items stay.

    `previous` is the stored schedule; the profile's own one is not looked at. The profile's adjustments are
    the stored ones: where they, all items, horizon and cadence note come out as before, the previous schedule
    stays. An adjusted day counts as 0 to `pacing.FURTHEST_DAY`, a module as `pieces.LONGEST_MODULE`
    minutes at most. Without a `pace` the rhythm is the usual one.

    Raises Unschedulable where there is neither an EloPlan nor any rating, where they name no category, and
    where the curriculum comes to more than MOST_ITEMS items.
    """
    if pace and previous:
        # Weekdays and deadline stand on other days when they are counted from today: counted from the previous
        # anchor they show whether anything else has changed.
        kept = _built(profile, previous, adjustments, pace, now=now, anchor=previous.generated_at)
        if not kept.changed:
            return kept
    return _built(profile, previous, adjustments, pace, now=now, anchor=now)


def _built(
    profile: Profile,
    previous: Schedule | None,
    adjustments: Mapping[str, int],
    pace: Pace | None,
    *,
    now: dt.datetime,
    anchor: dt.datetime,
) -> Generated:
    categories = _categories(profile)
    timezone = _schedule_zone(profile)
    known = progress.of(previous, timezone=timezone, now=now)
    asked = pacing.sound(adjustments, fixed=known.completed_ids)
    put_off = {item_id: day - known.today for item_id, day in asked.items()}
    sessions = pace.sessions if pace else pacing.sessions_per_week(known.remaining, put_off)
    days = Days(pace, anchor_date(known.anchor or anchor, zone(timezone))) if pace else EVERY_DAY
    planned = _planned(
        categories, goal=profile.goal, every=pacing.days_between(sessions), days=days, known=known
    )
    figures = schedule_figures.counted(
        _all(planned, known),
        categories,
        previous=known.remaining,
        adjustments=asked,
        deadline=days.deadline,
    )
    # Without adjustments and progress, days hold what they are planned to hold.
    placed: Sequence[Placed] = planned
    if asked or known.anchor is not None:
        placed = pacing.adjusted(planned, asked, days, taken=known.minutes_taken())
    labels = {standing.key: standing.label for standing in categories}
    everything = _all(placed, known)
    schedule = Schedule(
        generated_at=known.anchor or now,
        time_horizon_days=schedule_figures.horizon(everything, deadline=days.deadline),
        timezone=timezone,
        cadence_notes=schedule_figures.cadence(
            everything, focus=_focus(placed, profile, labels), completed=len(known.completed)
        ),
        pacing_overview=schedule_figures.pacing(everything, missed=len(known.missed)),
        items=known.items(_item(entry, user_adjusted=entry.piece.item_id in asked) for entry in placed),
        warnings=_warnings(len(known.missed), now=now),
        rationale_history=schedule_figures.history(
            previous, figures.category_allocations, everything, labels=labels, now=now
        ),
        sessions_per_week=sessions,
        **figures._asdict(),
    )
    return _generated(schedule, pacing.granted(placed, asked), profile=profile, previous=previous)


def _categories(profile: Profile) -> list[Standing]:
    if profile.elo_category_plan is None and not profile.elo_snapshot:
        raise Unschedulable(NO_PLAN)
    categories = standings.of_profile(profile)
    if not categories:
        raise Unschedulable(NO_CATEGORY)
    return categories


def _planned(
    categories: Sequence[Standing],
    *,
    goal: str,
    every: int,
    days: Days = EVERY_DAY,
    known: progress.Progress = progress.NONE,
) -> list[Placed]:
    """The work that is left, by day, as it is before the learner's own adjustments."""
    units = module_order.balanced(module_order.ordered(categories))
    work = list(islice(pieces.of_units(units, goal=goal, longest=days.minutes), MOST_ITEMS + 1))
    if len(work) > MOST_ITEMS:
        raise Unschedulable(f"The curriculum comes to more than {MOST_ITEMS:,} items. Check its minutes.")
    work = known.work(work, categories={standing.key for standing in categories})
    start = known.first_day(work, every=every)
    placed = (
        pacing.paced(work, days, start=start) if days.pace else pacing.placed(work, every=every, start=start)
    )
    review = long_range.Review(
        placed, categories, every=every, days=days, today=known.today, completed=known.placed
    )
    return review.extended()


def _all(placed: Sequence[Placed], known: progress.Progress) -> Sequence[Placed]:
    """The planned and the completed work, by day."""
    return sorted([*known.placed, *placed], key=lambda entry: entry.day)


def _warnings(missed: int, *, now: dt.datetime) -> list[ScheduleWarning]:
    if not missed:
        return []
    message = schedule_texts.say("moved_forward", pieces=missed)
    return [ScheduleWarning(code="stale_schedule", message=message, generated_at=now)]


def _item(entry: Placed, *, user_adjusted: bool) -> ScheduleItem:
    piece, texts = entry.piece, entry.piece.texts
    return ScheduleItem(
        item_id=piece.item_id,
        kind=piece.kind,
        category_key=piece.category_key,
        **{**texts._asdict(), "objectives": list(texts.objectives)},
        prerequisites=list(piece.prerequisites),
        recommended_minutes=piece.minutes,
        recommended_day_offset=entry.day,
        effort_level=piece.effort,
        user_adjusted=user_adjusted,
    )


def _focus(placed: Sequence[Placed], profile: Profile, labels: Mapping[str, str]) -> list[str]:
    """The first two focus areas of the last assessment; without any, the categories that come first."""
    result = profile.onboarding_assessment_result
    if result and result.focus_areas:
        return result.focus_areas[:2]
    return [labels.get(key, key) for key in sorted({entry.piece.category_key for entry in placed[:3]})]


def _schedule_zone(profile: Profile) -> str | None:
    """The learner's zone without blanks around it, UTC without one, None for a zone that does not exist."""
    if not profile.timezone:
        return "UTC"
    name = profile.timezone.strip()
    return name if known_zone(name) else None


def _generated(
    schedule: Schedule, adjustments: dict[str, int], *, profile: Profile, previous: Schedule | None
) -> Generated:
    """The new schedule, or the previous one where nothing came out differently."""
    same = previous and _READ(schedule) == _READ(previous)
    if previous and same and adjustments == profile.schedule_adjustments:
        return Generated(previous, adjustments, profile.timezone, changed=False)
    return Generated(schedule, adjustments, profile.timezone or "UTC", changed=True)
