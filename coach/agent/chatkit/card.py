"""The card that ends every turn of a chat thread, as plain widget JSON. Its buttons and `actions.py` agree."""

from collections.abc import Sequence
from typing import Any

from coach.documents.chat import Preferences

LEVELS = {"minimal": "Minimal", "low": "Low", "medium": "Medium", "high": "High"}
MOST_MESSAGES = 100


def card(*, title: str, preferences: Preferences, messages: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """`messages` are pairs of speaker and text, oldest first."""
    children: list[dict[str, Any]] = [
        {"type": "Title", "value": title},
        {"type": "Caption", "value": f"Level: {LEVELS[preferences.level]}"},
        *(_message(who, text) for who, text in messages[-MOST_MESSAGES:]),
        *(_picker() if preferences.picking else []),
        *_files(preferences),
        {"type": "Row", "children": _buttons(preferences)},
    ]
    return {"type": "Card", "children": children}


def _message(who: str, text: str) -> dict[str, Any]:
    return {"type": "Text", "value": f"{who}: {text}"}


def _picker() -> list[dict[str, Any]]:
    buttons = [_button(label, "set_level", level=level) for level, label in LEVELS.items()]
    return [{"type": "Row", "children": buttons}]


def _files(preferences: Preferences) -> list[dict[str, Any]]:
    return [{"type": "Caption", "value": f"{file.name} ({file.mime_type})"} for file in preferences.files]


def _buttons(preferences: Preferences) -> list[dict[str, Any]]:
    web = "Web search: on" if preferences.web else "Web search: off"
    return [
        _button(web, "toggle_web"),
        _button("Level", "toggle_tone"),
        _button("Add a file", "files_uploaded"),
    ]


def _button(label: str, action: str, **payload: Any) -> dict[str, Any]:
    return {"type": "Button", "label": label, "onClickAction": {"type": action, "payload": payload}}
