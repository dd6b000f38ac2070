"""What the offline coach makes of a launched item of the schedule: the item itself, and the material of its module."""

from __future__ import annotations

from dataclasses import replace

from coach.agent.offline import lessons, widgets
from coach.agent.tools.requests import TopicRequest
from coach.documents import sessions
from coach.documents.profile import Profile
from coach.documents.schedule import ScheduleItem

# These come back to a whole category and not to one module.
_REVIEWS = ("refresh-", "checkpoint-")


def opened(ask: TopicRequest, item: ScheduleItem) -> sessions.OnTopic:
    """The item, and the lesson, the questions or the milestone that its module has for it."""
    made = lessons.EMPTY[ask.kind]
    if _has_material(item, ask.learner):
        made = lessons.on_topic(replace(ask, topic=item.title, item=None))
    display = "\n\n".join(filter(None, [_display(item), made.display]))
    return made.model_copy(update={"display": display, "widgets": [_card(item), *made.widgets]})


def _has_material(item: ScheduleItem, learner: Profile | None) -> bool:
    found = None if item.item_id.startswith(_REVIEWS) else lessons.find(item.title, learner)
    return found is not None and found.module is not None and found.is_planned


def _display(item: ScheduleItem) -> str:
    texts = (f"{item.title}.", item.summary, item.focus_reason or "", item.expected_outcome or "")
    return " ".join(text.strip() for text in texts if text.strip())


def _card(item: ScheduleItem) -> sessions.Widget:
    minutes = f"{item.recommended_minutes} minutes, {item.effort_level} effort"
    return widgets.card(item.title, {"Objectives": item.objectives, "Time": [minutes]})
