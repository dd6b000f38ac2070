"""Reading envelopes: what lesson, quiz, milestone and chat make of the model's final text."""

from typing import Any, TypeVar

from pydantic import BaseModel

from coach.agent.model import reading
from coach.documents import sessions

D = TypeVar("D", bound=BaseModel)

# The members that models wrote in place of `props`; of several, later ones win.
_SPECIALISED = ("propsCard", "propsList", "propsStat", "propsMiniChatbot", "propsArcadiaChatbot")


def on_topic(kind: sessions.TopicKind, text: str) -> sessions.OnTopic:
    """A lesson, quiz or milestone; a quiz may be an array of its widgets. Raises UnusableAnswer."""
    value = reading.value(text)
    return _fitted(sessions.SHAPES[kind], _as_envelope(value) if kind == "quiz" else value)


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
        return sessions.Chat(display=text)
    return _fitted(sessions.Chat, _as_envelope(value))


def _fitted(shape: type[D], value: Any) -> D:
    """A value as an envelope, with props in their place. Raises UnusableAnswer."""
    reading.refuse_unusable_text(value)
    if isinstance(value, dict) and isinstance(value.get("widgets"), list):
        value = {**value, "widgets": [_with_props(widget) for widget in value["widgets"]]}
    return reading.fit(shape, value)


def _as_envelope(value: Any) -> Any:
    return {"widgets": value} if isinstance(value, list) else value


def _with_props(members: Any) -> Any:
    if not isinstance(members, dict):
        return members
    return {"type": members["type"], "props": _props(members)} if "type" in members else {}


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
