"""What the offline coach makes of an item of the schedule: the item itself, in the form of each kind."""

from __future__ import annotations

from coach.documents import sessions
from coach.documents.schedule import ScheduleItem


def lesson(item: ScheduleItem) -> sessions.Lesson:
    """The item as a lesson."""
    return sessions.Lesson(intent="lesson", display=_display(item), widgets=[_card(item)], citations=None)


def quiz(item: ScheduleItem) -> sessions.Quiz:
    """The item as a quiz, to be answered and checked alone."""
    return sessions.Quiz(intent="quiz", display=_display(item), widgets=[_card(item)], elo={}, last_quiz=None)


def milestone(item: ScheduleItem) -> sessions.Milestone:
    """The item as a milestone."""
    return sessions.Milestone(intent="milestone", display=_display(item), widgets=[_card(item)])


def _display(item: ScheduleItem) -> str:
    texts = (f"{item.title}.", item.summary, item.focus_reason or "", item.expected_outcome or "")
    return " ".join(text.strip() for text in texts if text.strip())


def _card(item: ScheduleItem) -> sessions.Widget:
    minutes = f"{item.recommended_minutes} minutes, {item.effort_level} effort"
    sections = {"Objectives": item.objectives, "Time": [minutes]}
    shown = [{"heading": heading, "items": texts} for heading, texts in sections.items() if texts]
    return sessions.Widget(type="Card", props={"title": item.title, "sections": shown})
