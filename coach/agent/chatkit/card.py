"""The card that ends every turn of a chat thread, as plain widget JSON; and what its actions do to a thread's preferences."""

import functools
from collections.abc import Sequence
from typing import Any

from coach.agent.chatkit.threads import Threads
from coach.documents.sessions import Preferences, UploadedFile

LEVELS = {"minimal": "Minimal", "low": "Low", "medium": "Medium", "high": "High"}
MOST_MESSAGES = 100
# What the recorded service's own buttons sent.
_OTHER_SPELLINGS = {
    "chat.toggleWeb": "toggle_web",
    "chat.toggleTone": "toggle_tone",
    "chat.setLevel": "set_level",
    "chat.add": "files_uploaded",
}
_TOPICS = {
    "start_lesson": ("topic", "lesson on"),
    "start_quiz": ("topic", "quiz on"),
    "milestone": ("name", "milestone"),
}


def card(*, title: str, preferences: Preferences, messages: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """`messages` are pairs of speaker and text, oldest first."""
    levels = [_button(label, "set_level", level=level) for level, label in LEVELS.items()]
    buttons = [
        _button(f"Web search: {'on' if preferences.web else 'off'}", "toggle_web"),
        _button("Level", "toggle_tone"),
        _button("Add a file", "files_uploaded"),
    ]
    children = [
        {"type": "Title", "value": title},
        {"type": "Caption", "value": f"Level: {LEVELS[preferences.level]}"},
        *({"type": "Text", "value": f"{who}: {text}"} for who, text in messages[-MOST_MESSAGES:]),
        *([{"type": "Row", "children": levels}] if preferences.picking else []),
        *({"type": "Caption", "value": f"{file.name} ({file.mime_type})"} for file in preferences.files),
        {"type": "Row", "children": buttons},
    ]
    return {"type": "Card", "children": children}


def _button(label: str, action: str, **payload: Any) -> dict[str, Any]:
    return {"type": "Button", "label": label, "onClickAction": {"type": action, "payload": payload}}


def carry_out(kind: str, payload: Any, *, thread_id: str, threads: Threads) -> str | None:
    """Do what an action asks for; what the coach says to it, if anything, before a new card. None where it is none of ours."""
    kind = _OTHER_SPELLINGS.get(kind, kind)
    members = payload if isinstance(payload, dict) else {}
    change = functools.partial(threads.change_preferences, thread_id)
    if kind == "toggle_web":
        web = change(lambda now: now.model_copy(update={"web": not now.web})).web
        return f"Web search is {'on' if web else 'off'} now."
    if kind == "toggle_tone":
        change(lambda now: now.model_copy(update={"picking": not now.picking}))
        return ""
    if kind == "set_level":
        level = members.get("level")
        if not isinstance(level, str) or level not in LEVELS:
            return ""
        change(lambda now: now.model_copy(update={"level": level, "picking": False}))
        return f"The level is {LEVELS[level].lower()} now."
    if kind == "files_uploaded":
        return _add_files(members.get("files"), thread_id, threads)
    if kind in _TOPICS:
        member, noun = _TOPICS[kind]
        topic = members.get(member) or "your next step"
        return f"Let us do the {noun} “{topic}”: send a message to begin."
    return None


def _add_files(files: Any, thread_id: str, threads: Threads) -> str:
    """Uploaded files that are known and not yet there are added; all others are passed over."""
    given = [file for file in files if isinstance(file, dict)] if isinstance(files, list) else []
    named = [file["file_id"] for file in given if isinstance(file.get("file_id"), str)]
    known = [file for file in map(threads.uploaded, named) if file is not None]
    added: list[UploadedFile] = []

    def add(now: Preferences) -> Preferences:
        there = {file.file_id: file for file in now.files}
        added.extend({file.file_id: file for file in known if file.file_id not in there}.values())
        return now.model_copy(update={"files": [*now.files, *added]})

    threads.change_preferences(thread_id, add)
    names = ", ".join(file.name for file in added)
    return f"Added: {names}." if added else "There was no new file to add."
