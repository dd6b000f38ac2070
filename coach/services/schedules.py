"""Schedules: reading or generating one, refreshing it with a way back, moving an item."""

import operator

from django.db import transaction

from coach import telemetry
from coach.documents.base import utc_now
from coach.documents.schedule import Schedule, ScheduleWarning
from coach.documents.schedule import ScheduleItem as ItemDocument
from coach.engines.sequencing import sequencer
from coach.models import AuditEvent, CurriculumSchedule, LearnerProfile, ScheduleItem
from coach.models.database.prepared import Prepared
from coach.services import audit, coach_tracks, learners

LONGEST_DEFERRAL_DAYS = 21
MOST_WARNINGS = 5
# What a new plan or a grade changes.
_COLUMNS_OF_PLAN = frozenset(
    "elo_category_plan curriculum_plan onboarding_assessment extended_assessment onboarding_assessment_result "
    "elo_snapshot schedule_adjustments last_updated".split()
)


class NoSchedule(LookupError):
    """The learner has no schedule."""


class ItemNotFound(LookupError):
    """The schedule has no item of that id."""


class CannotSchedule(Exception):
    """No schedule can be generated for the learner, and there is no earlier one to answer with."""


class CannotReschedule(Exception):
    """The adjustment is stored, but the schedule cannot be generated again."""


class BlankItem(ValueError):
    """An item must be named."""


class AlreadyCompleted(ValueError):
    """A completed item stays where it is."""


class NotLater(ValueError):
    """An item can only be moved to a later day."""


def read(*, username: str, refresh: bool = False) -> bytes:
    """A learner's schedule as clients see it, as JSON text in UTF-8; generated where asked for or where there is none.

    A refresh that fails answers with the earlier schedule, marked stale and with a warning.
    Raises LearnerNotFound, CannotSchedule.
    """
    if not refresh and (served := _served(username)) is not None:
        return served
    with transaction.atomic():
        learner = learners.locked(username)
        if not refresh and (served := _served(username)) is not None:
            return served
        return refreshed(learner)[0].api_json.encode()


def adjust(
    *,
    username: str,
    item_id: str,
    days: int = 1,
    target_day_offset: int | None = None,
    reason: str | None = None,
) -> str:
    """Move an item to a later day and generate the schedule again; returns it as JSON text.

    The new day is `target_day_offset`, at most 21 days after the present one, or `days` later.
    Raises BlankItem, LearnerNotFound, NoSchedule, ItemNotFound, AlreadyCompleted, NotLater, CannotReschedule.
    """
    item_id = named_item(item_id)
    with transaction.atomic():
        learner = learners.locked(username)
        present = item(stored(learner).to_document(), item_id)
        day = _new_day(present, days=days, target=target_day_offset)
        learner.adjustments = {**learner.adjustments, item_id: day}
        learner.last_updated = utc_now()
        audit.record("schedule.adjusted", learner, item_id=item_id, day=day, reason_given=bool(reason))
        failure: sequencer.Unschedulable | None = None
        try:
            changed = regenerate(learner)
        except sequencer.Unschedulable as error:
            changed, failure = set(), error
        learner.save(update_fields={"schedule_adjustments", "last_updated", *changed})
        served = stored(learner).api_json
    if failure:
        raise CannotReschedule(
            f"The item is moved, but the schedule cannot be rebuilt: {failure}"
        ) from failure
    return served


def regenerate(learner: LearnerProfile) -> set[str]:
    """Generate a (locked) learner's schedule and store it; the learner itself is changed but not saved.

    Returns the names of the learner's changed columns. Raises sequencer.Unschedulable, with
    nothing changed.
    """
    now = utc_now()
    row = stored_or_none(learner)
    previous = row.to_document() if row else None
    with telemetry.timed("schedule_generation", had_previous=previous is not None) as figures:
        generated = sequencer.generate(
            learner.assemble(notes=(), schedule=None),
            previous=previous,
            adjustments=learner.adjustments,
            now=now,
            pace=coach_tracks.pace(learner),
        )
        figures.update(items=len(generated.schedule.items), changed=generated.changed)
    if not generated.changed:
        return set()
    store(learner, generated.schedule)
    learner.adjustments = generated.adjustments
    learner.timezone = generated.timezone
    learner.last_updated = now
    return {"schedule_adjustments", "timezone", "last_updated"}


def save_planned(learner: LearnerProfile) -> None:
    """Save a (locked) learner whose plan or grades changed, with a new schedule.

    That none can be generated changes nothing else.
    """
    try:
        scheduled = regenerate(learner)
    except sequencer.Unschedulable:
        scheduled = set()
    learner.save(update_fields=_COLUMNS_OF_PLAN | scheduled)


def store(learner: LearnerProfile, schedule: Schedule) -> CurriculumSchedule:
    """Make `schedule` a (locked) learner's schedule; only the items that differ are written."""
    row = stored_or_none(learner) or CurriculumSchedule(learner=learner)
    row.apply_document(schedule)
    row.save()
    learner.schedule = row
    _store_items(row, schedule)
    return row


def drop(learner: LearnerProfile) -> None:
    """Remove a (locked) learner's schedule, if there is one; adjustments are the caller's."""
    CurriculumSchedule.objects.filter(learner=learner).delete()
    learner._state.fields_cache.pop("schedule", None)


def named_item(item_id: str) -> str:
    """An item's id as it is looked up. Raises BlankItem."""
    item_id = item_id.strip()
    if not item_id:
        raise BlankItem("The id of the item must not be blank.")
    return item_id


def stored(learner: LearnerProfile) -> CurriculumSchedule:
    """The learner's schedule. Raises NoSchedule."""
    row = stored_or_none(learner)
    if row is None:
        raise NoSchedule(f"{learner.username!r} has no schedule.")
    return row


def stored_or_none(learner: LearnerProfile) -> CurriculumSchedule | None:
    """The learner's schedule, if there is one."""
    return getattr(learner, "schedule", None)


def _served(username: str) -> bytes | None:
    """The stored schedule as clients see it; None where there is none. Raises LearnerNotFound."""
    rows = _served_schedule.rows(username)
    if not rows:
        raise learners.LearnerNotFound(f"There is no learner called {username!r}.")
    served = rows[0][0]
    return served.encode() if isinstance(served, str) else served


_NAME = "\x01 name"
_served_schedule = Prepared(
    lambda name: LearnerProfile.objects.named(name).values_list("schedule__api_json"), _NAME
)


def refreshed(learner: LearnerProfile) -> tuple[CurriculumSchedule, AuditEvent | None]:
    """Generate a (locked) learner's schedule again, or keep the earlier one, stale; and the event where anything changed.

    Raises CannotSchedule where there is no earlier one.
    """
    event, action = None, "schedule.generated"
    try:
        changed = regenerate(learner)
    except sequencer.Unschedulable as error:
        changed, action = _fall_back(learner, error), "schedule.not_generated"
    if changed:
        learner.save(update_fields=changed)
        event = audit.record(action, learner)
    return stored(learner), event


def _fall_back(learner: LearnerProfile, error: sequencer.Unschedulable) -> set[str]:
    """Keep the earlier schedule, stale and with a warning. Raises CannotSchedule where there is none."""
    row = stored_or_none(learner)
    if row is None:
        raise CannotSchedule(str(error)) from error
    schedule = row.to_document()
    warning = ScheduleWarning(
        code="refresh_failed",
        message="The schedule could not be rebuilt, so this is the earlier one.",
        detail=str(error),
        generated_at=utc_now(),
    )
    warnings = [*schedule.warnings, warning][-MOST_WARNINGS:]
    row.apply_document(schedule.model_copy(update={"is_stale": True, "warnings": warnings}))
    row.save()
    known = {item.item_id for item in schedule.items}
    learner.adjustments = {key: day for key, day in learner.adjustments.items() if key in known}
    learner.last_updated = utc_now()
    return {"schedule_adjustments", "last_updated"}


def item(schedule: Schedule, item_id: str) -> ItemDocument:
    """The first item of that id. Raises ItemNotFound."""
    for found in schedule.items:
        if found.item_id == item_id:
            return found
    raise ItemNotFound(f"The schedule has no item {item_id!r}.")


def _new_day(item: ItemDocument, *, days: int, target: int | None) -> int:
    if item.is_completed:
        raise AlreadyCompleted(f"{item.item_id!r} is completed; reopen it to move it.")
    present = item.recommended_day_offset
    day = present + days if target is None else min(target, present + LONGEST_DEFERRAL_DAYS)
    if day <= present:
        raise NotLater(f"{item.item_id!r} stands on day {present}; it can only be moved to a later day.")
    return day


_ITEM_COLUMNS = [
    field.attname
    for field in ScheduleItem._meta.concrete_fields
    if field.attname not in ("id", "schedule_id", "position")
]


def _store_items(row: CurriculumSchedule, schedule: Schedule) -> None:
    """Write the items that are not stored yet as they should be, by position."""
    present = {item.position: item for item in row.items.all()}
    columns = operator.attrgetter(*_ITEM_COLUMNS)
    different = []
    for position, document in enumerate(schedule.items):
        wanted = ScheduleItem(schedule=row)
        wanted.apply_document(document, position=position)
        if position not in present or columns(wanted) != columns(present[position]):
            different.append(wanted)
    if len(schedule.items) < len(present):
        row.items.filter(position__gte=len(schedule.items)).delete()
    ScheduleItem.objects.bulk_create(
        different, update_conflicts=True, unique_fields=["schedule", "position"], update_fields=_ITEM_COLUMNS
    )
