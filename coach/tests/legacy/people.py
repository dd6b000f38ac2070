"""Records of the known cast, as the legacy stores spell them."""

from __future__ import annotations

import hashlib
from typing import Any

from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.stores import Store

NOON = "2025-04-02T12:00:00.123456Z"


def profile(username: str, **members: Any) -> dict[str, Any]:
    return {"username": username, "goal": f"{username}'s goal", "last_updated": NOON, **members}


def note(note_id: str, **members: Any) -> dict[str, Any]:
    return {"note_id": note_id, "note": f"about {note_id}", "tags": ["a"], "created_at": NOON, **members}


def item(item_id: str, **members: Any) -> dict[str, Any]:
    return {"item_id": item_id, "kind": "lesson", "category_key": "sql", "title": item_id, **members}


def schedule(*items: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"generated_at": NOON, "timezone": "Europe/Berlin", "items": list(items), **members}


def submission(submission_id: str, username: str = "amara", **members: Any) -> dict[str, Any]:
    return {
        "submission_id": submission_id,
        "username": username,
        "submitted_at": NOON,
        "responses": [
            {
                "task_id": "t",
                "response": "two words",
                "category_key": "sql",
                "task_type": "code",
                "word_count": 0,
            }
        ],
        "metadata": {"z": "1", "a": "2"},
        **members,
    }


def attachment(attachment_id: str, username: str = "amara", **members: Any) -> dict[str, Any]:
    return {
        "attachment_id": attachment_id,
        "username": username,
        "kind": "note",
        "name": attachment_id,
        "created_at": NOON,
        **members,
    }


FULL_AMARA = profile(
    "amara",
    elo_snapshot={"sql": 1200, "http": 1100},
    memory_records=[note("n1"), note("n2")],
    curriculum_schedule=schedule(item("i1"), item("i2", recommended_day_offset=1)),
    curriculum_plan={
        "generated_at": NOON,
        "modules": [
            {
                "module_id": "m",
                "category_key": "sql",
                "title": "t",
                "summary": "s",
                "tier": 2,
                "prerequisite_module_ids": ["x"],
            }
        ],
    },
)


def raw(
    store: Store, data: bytes, *, owner: str | None = None, key: str | None = None, ordinal: int = 0
) -> RawRecord:
    """A record that comes from no store file."""
    checksum = hashlib.sha256(data).hexdigest()
    return RawRecord(store, ordinal, "$", owner, 0, len(data), key, "", checksum, data)
