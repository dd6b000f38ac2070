"""What a learner does with the items of the schedule: launching, completing, reopening."""

from typing import Any

from django.db import transaction

from coach.documents import schedule as documents
from coach.documents import sessions as content
from coach.documents import usernames
from coach.documents.base import utc_now
from coach.documents.schedule import Schedule, ScheduleItem
from coach.engines.sequencing import progress
from coach.models import LearnerProfile
from coach.services import learners, schedules, sessions
from coach.services.operations import retries


class MilestoneLocked(Exception):
    """Earlier lessons and quizzes of the milestone are not completed."""


def launch(
    *, username: str, item_id: str, session_id: str | None = None, force: bool = False
) -> content.Launch:
    """Begin an item: make its content, then mark it as in progress, in that session or a new one.

    Raises usernames.UnusableUsername, BlankItem, LearnerNotFound, NoSchedule, ItemNotFound, MilestoneLocked (unless
    forced), AgentError; the item is then as before.
    """
    name, item_id = usernames.normalise(username), schedules.named_item(item_id)
    schedule = schedules.stored(learners.named(name)).to_document()
    item = schedules.item(schedule, item_id)
    if item.kind == "milestone" and not force and (waiting := progress.locking(schedule, item)):
        first = ", ".join(repr(item.title) for item in waiting[:3])
        raise MilestoneLocked(f"Complete the lessons and quizzes before it first: {first}.")
    session = session_id or f"{item.kind}-{retries.ids()()[:16]}"
    # Asks a language model, so no transaction is open.
    opened = sessions.topic(
        kind=item.kind,
        topic=item.title or item_id,
        metadata={"username": name},
        session_id=session,
        item=item,
    )
    begun = {"launch_status": "in_progress", "last_launched_at": utc_now(), "active_session_id": session}
    with transaction.atomic():
        changed = _change(learners.locked(name), item_id, begun, action="launched")
    return _launched(changed, item_id, session=session, opened=opened)


@transaction.atomic
def complete(*, username: str, item_id: str, session_id: str | None = None) -> str:
    """Mark an item as completed; one that is completed stays as it is. Returns the schedule as JSON text.

    Raises usernames.UnusableUsername, BlankItem, LearnerNotFound, NoSchedule, ItemNotFound.
    """
    learner, item = _locked_item(username, item_id)
    if not item.is_completed:
        changes = {
            "launch_status": "completed",
            "last_completed_at": utc_now(),
            "active_session_id": session_id or item.active_session_id,
        }
        _change(learner, item.item_id, changes, action="completed")
    return schedules.stored(learner).api_json


@transaction.atomic
def reopen(*, username: str, item_id: str) -> str:
    """Undo the completion of an item; one that is not completed stays as it is. Returns the schedule as JSON text.

    Raises usernames.UnusableUsername, BlankItem, LearnerNotFound, NoSchedule, ItemNotFound.
    """
    learner, item = _locked_item(username, item_id)
    if item.is_completed:
        undone = {"launch_status": "in_progress", "last_completed_at": None}
        changes = undone if item.last_launched_at else documents.NO_PROGRESS
        _change(learner, item.item_id, dict(changes), action="reopened")
    return schedules.stored(learner).api_json


def _locked_item(username: str, item_id: str) -> tuple[LearnerProfile, ScheduleItem]:
    item_id = schedules.named_item(item_id)
    learner = learners.locked(usernames.normalise(username))
    return learner, schedules.item(schedules.stored(learner).to_document(), item_id)


def _change(learner: LearnerProfile, item_id: str, changes: dict[str, Any], *, action: str) -> Schedule:
    """Change members of an item of a (locked) learner's schedule, and store it. Raises NoSchedule, ItemNotFound."""
    schedule = schedules.stored(learner).to_document()
    item = schedules.item(schedule, item_id)
    items = [item.model_copy(update=changes) if entry is item else entry for entry in schedule.items]
    schedule = schedule.model_copy(update={"items": items})
    schedules.store(learner, schedule)
    learners.save(learner, (), f"schedule.{action}", item_id=item_id)
    return schedule


def _launched(schedule: Schedule, item_id: str, *, session: str, opened: Any) -> content.Launch:
    shown = documents.served(schedule)
    item = next(item for item in shown.items if item.item_id == item_id)
    kinds: dict[str, Any] = {**dict.fromkeys(("lesson", "quiz", "milestone")), item.kind: opened}
    return content.Launch.model_construct(
        schedule=shown,
        item=item,
        content=content.LaunchContent(kind=item.kind, session_id=session, **kinds),
    )
