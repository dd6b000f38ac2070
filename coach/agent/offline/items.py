"""What the offline coach makes of a launched item of the schedule: the item itself, and the material of its module."""

from __future__ import annotations

from dataclasses import replace

from coach.agent.offline import lessons
from coach.agent.tools.requests import TopicRequest
from coach.documents import sessions
from coach.documents.schedule import ScheduleItem

# These come back to a whole category and not to one module.
_REVIEWS = ("refresh-", "checkpoint-")


def lesson(ask: TopicRequest) -> sessions.Lesson:
    """The item, and the lesson that it is on."""
    item = _item(ask)
    made = lessons.lesson(_on_module(ask)) if _has_material(ask) else None
    return sessions.Lesson(
        intent="lesson",
        display="\n\n".join([_display(item), *([made.display] if made else [])]),
        widgets=[_card(item), *(made.widgets if made else [])],
        citations=None,
    )


def quiz(ask: TopicRequest) -> sessions.Quiz:
    """The item, and the questions on it with their answers."""
    item = _item(ask)
    made = lessons.quiz(_on_module(ask)) if _has_material(ask) else None
    return sessions.Quiz(
        intent="quiz",
        display="\n\n".join([_display(item), *([made.display or ""] if made else [])]),
        widgets=[_card(item), *(made.widgets if made else [])],
        elo=made.elo if made else {},
        last_quiz=None,
    )


def milestone(ask: TopicRequest) -> sessions.Milestone:
    """The item, and what its module wants to be shown."""
    item = _item(ask)
    made = lessons.milestone(_on_module(ask)) if _has_material(ask) else None
    return sessions.Milestone(
        intent="milestone",
        display="\n\n".join([_display(item), *([made.display] if made else [])]),
        widgets=[_card(item), *(made.widgets if made else [])],
    )


def _item(ask: TopicRequest) -> ScheduleItem:
    assert ask.item is not None
    return ask.item


def _on_module(ask: TopicRequest) -> TopicRequest:
    return replace(ask, topic=_item(ask).title, item=None)


def _has_material(ask: TopicRequest) -> bool:
    item = _item(ask)
    found = None if item.item_id.startswith(_REVIEWS) else lessons.find(item.title, ask.learner)
    return found is not None and found.module is not None and found.is_planned


def _display(item: ScheduleItem) -> str:
    texts = (f"{item.title}.", item.summary, item.focus_reason or "", item.expected_outcome or "")
    return " ".join(text.strip() for text in texts if text.strip())


def _card(item: ScheduleItem) -> sessions.Widget:
    minutes = f"{item.recommended_minutes} minutes, {item.effort_level} effort"
    sections = {"Objectives": item.objectives, "Time": [minutes]}
    shown = [{"heading": heading, "items": texts} for heading, texts in sections.items() if texts]
    return sessions.Widget(type="Card", props={"title": item.title, "sections": shown})
