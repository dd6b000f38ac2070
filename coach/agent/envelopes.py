"""Reading envelopes: what lesson, quiz, milestone and chat make of the model's final text."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from coach.agent.model import reading
from coach.documents import sessions
from coach.documents.base import Document
from coach.documents.sessions import LastQuiz, WidgetType

# The members that models wrote in place of `props`; of several, later ones win.
_SPECIALISED = ("propsCard", "propsList", "propsStat", "propsMiniChatbot", "propsArcadiaChatbot")


class _Widget(Document):
    type: WidgetType
    props: dict[str, Any]

    @model_validator(mode="before")
    @classmethod
    def _with_props(cls, members: Any) -> Any:
        if not isinstance(members, dict):
            return members
        return {"type": members["type"], "props": _props(members)} if "type" in members else {}


class _ChatAnswer(Document):
    display: str | None = None
    widgets: list[_Widget] = []
    citations: list[str] | None = None


class _LessonAnswer(Document):
    intent: str = "lesson"
    display: str
    widgets: list[_Widget] = []
    citations: list[str] | None = None


class _QuizAnswer(Document):
    intent: str = "quiz"
    display: str | None = None
    widgets: list[_Widget] = []
    elo: dict[str, int] = {}
    last_quiz: LastQuiz | None = None


class _MilestoneAnswer(Document):
    intent: str = "milestone"
    display: str
    widgets: list[_Widget] = []


def lesson(text: str) -> sessions.Lesson:
    """Raises UnusableAnswer."""
    return sessions.Lesson(**_members(reading.fit(_LessonAnswer, reading.value(text))))


def quiz(text: str) -> sessions.Quiz:
    """An array is the list of widgets. Raises UnusableAnswer."""
    return sessions.Quiz(**_members(reading.fit(_QuizAnswer, _as_envelope(reading.value(text)))))


def milestone(text: str) -> sessions.Milestone:
    """Raises UnusableAnswer."""
    return sessions.Milestone(**_members(reading.fit(_MilestoneAnswer, reading.value(text))))


def chat(text: str) -> sessions.Chat:
    """An object is the envelope, an array its widgets; anything else is shown as it is.

    Raises UnusableAnswer for an object or array that does not fit.
    """
    try:
        value = reading.value(text)
    except reading.NotJSON:
        value = None
    if not isinstance(value, dict | list):
        return _plain(text)
    return sessions.Chat(**_members(reading.fit(_ChatAnswer, _as_envelope(value))))


def _plain(text: str) -> sessions.Chat:
    reading.refuse_unusable_text(text)
    return sessions.Chat(display=text, widgets=[], citations=None)


def _as_envelope(value: Any) -> Any:
    return {"widgets": value} if isinstance(value, list) else value


def _members(answer: Document) -> dict[str, Any]:
    return answer.model_dump()


def _props(members: dict[str, Any]) -> Any:
    """A widget's props: its own, or else those that stand under the other names."""
    props = members.get("props")
    if props and isinstance(props, dict):
        return props
    if isinstance(props, dict):
        return next((members[name] for name in _SPECIALISED if members.get(name) is not None), {})
    objects = [members[name] for name in _SPECIALISED if isinstance(members.get(name), dict)]
    if "props" in members and not objects:
        return props
    return {name: value for part in objects for name, value in part.items()}
