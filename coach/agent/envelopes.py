"""Reading envelopes: what lesson, quiz, milestone and chat make of the model's final text."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from coach.agent.model import reading
from coach.documents import sessions

# The members that models wrote in place of `props`; of several, later ones win.
_SPECIALISED = ("propsCard", "propsList", "propsStat", "propsMiniChatbot", "propsArcadiaChatbot")


def _with_props(members: Any) -> Any:
    if not isinstance(members, dict):
        return members
    return {"type": members["type"], "props": _props(members)} if "type" in members else {}


_Widgets = list[Annotated[sessions.Widget, BeforeValidator(_with_props)]]


class _Chat(sessions.Chat):
    display: str | None = None
    widgets: _Widgets = []
    citations: list[str] | None = None


class _Lesson(sessions.Lesson):
    intent: str = "lesson"
    widgets: _Widgets = []
    citations: list[str] | None = None


class _Quiz(sessions.Quiz):
    intent: str = "quiz"
    display: str | None = None
    widgets: _Widgets = []
    elo: dict[str, int] = {}
    last_quiz: sessions.LastQuiz | None = None


class _Milestone(sessions.Milestone):
    intent: str = "milestone"
    widgets: _Widgets = []


def lesson(text: str) -> sessions.Lesson:
    """Raises UnusableAnswer."""
    return reading.fit(_Lesson, reading.value(text))


def quiz(text: str) -> sessions.Quiz:
    """An array is the list of widgets. Raises UnusableAnswer."""
    return reading.fit(_Quiz, _as_envelope(reading.value(text)))


def milestone(text: str) -> sessions.Milestone:
    """Raises UnusableAnswer."""
    return reading.fit(_Milestone, reading.value(text))


def chat(text: str) -> sessions.Chat:
    """An object is the envelope, an array its widgets; anything else is shown as it is.

    Raises UnusableAnswer for an object or array that does not fit.
    """
    try:
        value = reading.value(text)
    except reading.NotJSON:
        value = None
    if not isinstance(value, dict | list):
        reading.refuse_unusable_text(text)
        return sessions.Chat(display=text, widgets=[], citations=None)
    return reading.fit(_Chat, _as_envelope(value))


def _as_envelope(value: Any) -> Any:
    return {"widgets": value} if isinstance(value, list) else value


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
