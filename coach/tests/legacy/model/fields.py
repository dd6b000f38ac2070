"""The contract's table of members (section 4), and a decoder that follows it word for word.

A decoded document is a dictionary with every member of its kind. Times are instants in UTC, or `NOW` where the record
names none. Objects whose order means something are `Ordered`. Unknown members stand under `UNKNOWN`, as they came.
"""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from typing import Any

from coach.tests.legacy.model.kinds import (
    NOW,
    REQUIRED,
    TABLE,
    UNKNOWN,
    Bad,
    Doc,
    Flag,
    Many,
    Map,
    Maybe,
    Number,
    Ordered,
    Pairs,
    Text,
    Time,
    Whole,
    Word,
)

__all__ = ["NOW", "REQUIRED", "TABLE", "UNKNOWN", "Bad", "Doc", "Ordered", "Pairs"]

DEEPEST = 64

# --- the table --------------------------------------------------------------------------------------

TEXT, FLAG, TIME = Text(), Flag(), Time()
TEXTS = Many(TEXT)
NULL_TEXT = (Maybe(TEXT), None)
NEED_TEXT = (TEXT, REQUIRED)
NO_TEXT = (TEXT, "")
NO_TEXTS = (TEXTS, [])
SINCE_NOW = (TIME, NOW)
COUNT = (Whole(0), 0)


def _words(words: str) -> Word:
    return Word(tuple(words.split("|")))


def _none(name: str) -> tuple[Any, Any]:
    return Maybe(Doc(name)), None


def _list(name: str) -> tuple[Any, Any]:
    return Many(Doc(name)), []


TASK_TYPE = (_words("concept_check|code"), REQUIRED)
CONFIDENCE = (_words("low|medium|high"), "medium")
SHARE = Number(0, 1)
WEEKS = (Maybe(Whole(1)), None)

TABLE.update(
    {
        "profile": {
            "username": NEED_TEXT,
            "goal": NO_TEXT,
            "use_case": NO_TEXT,
            "strengths": NO_TEXT,
            "timezone": NULL_TEXT,
            "knowledge_tags": NO_TEXTS,
            "recent_sessions": NO_TEXTS,
            "memory_records": _list("note"),
            "memory_index_id": (TEXT, "vs_68e81d741f388191acdaabce2f92b7d5"),
            "elo_snapshot": (Map(Whole(), ordered=True), Ordered()),
            "elo_category_plan": _none("plan"),
            "curriculum_plan": _none("curriculum"),
            "curriculum_schedule": _none("schedule"),
            "schedule_adjustments": (Map(Whole()), {}),
            "onboarding_assessment": _none("assessment"),
            "onboarding_assessment_result": _none("result"),
            "goal_inference": _none("inference"),
            "foundation_tracks": _list("track"),
            "last_updated": SINCE_NOW,
        },
        "note": {"note_id": NEED_TEXT, "note": NEED_TEXT, "tags": NO_TEXTS, "created_at": SINCE_NOW},
        "plan": {
            "generated_at": SINCE_NOW,
            "source_goal": NULL_TEXT,
            "strategy_notes": NULL_TEXT,
            "categories": _list("category"),
        },
        "category": {
            "key": NEED_TEXT,
            "label": NEED_TEXT,
            "description": NEED_TEXT,
            "focus_areas": NO_TEXTS,
            "weight": (Number(), 1.0),
            "rubric": _list("level"),
            "starting_rating": (Whole(0), 1100),
        },
        "level": {"level": NEED_TEXT, "descriptor": NEED_TEXT},
        "curriculum": {
            "generated_at": SINCE_NOW,
            "overview": NO_TEXT,
            "success_criteria": NO_TEXTS,
            "modules": _list("module"),
        },
        "module": {
            "module_id": NEED_TEXT,
            "category_key": NEED_TEXT,
            "title": NEED_TEXT,
            "summary": NEED_TEXT,
            "objectives": NO_TEXTS,
            "activities": NO_TEXTS,
            "deliverables": NO_TEXTS,
            "estimated_minutes": (Maybe(Whole()), None),
            "tier": (Maybe(Whole(1)), None),
            "prerequisite_module_ids": NO_TEXTS,
        },
        "schedule": {
            "generated_at": SINCE_NOW,
            "time_horizon_days": (Whole(1), 14),
            "timezone": NULL_TEXT,
            "cadence_notes": NULL_TEXT,
            "items": _list("item"),
            "is_stale": (FLAG, False),
            "warnings": _list("warning"),
            "pacing_overview": NULL_TEXT,
            "category_allocations": _list("allocation"),
            "rationale_history": _list("rationale"),
            "sessions_per_week": (Whole(1), 4),
            "projected_weekly_minutes": COUNT,
            "long_range_item_count": COUNT,
            "extended_weeks": COUNT,
            "long_range_category_keys": NO_TEXTS,
        },
        "item": {
            "item_id": NEED_TEXT,
            "category_key": NEED_TEXT,
            "kind": (_words("lesson|quiz|milestone"), REQUIRED),
            "title": NEED_TEXT,
            "summary": NO_TEXT,
            "objectives": NO_TEXTS,
            "prerequisites": NO_TEXTS,
            "recommended_minutes": (Whole(5), 45),
            "recommended_day_offset": COUNT,
            "focus_reason": NULL_TEXT,
            "expected_outcome": NULL_TEXT,
            "effort_level": (_words("light|moderate|focus"), "moderate"),
            "user_adjusted": (FLAG, False),
        },
        "warning": {
            "code": (_words("refresh_failed|stale_schedule"), "refresh_failed"),
            "message": NEED_TEXT,
            "detail": NULL_TEXT,
            "generated_at": SINCE_NOW,
        },
        "allocation": {
            "category_key": NEED_TEXT,
            "planned_minutes": COUNT,
            "target_share": (Number(), 0.0),
            "deferral_pressure": (_words("low|medium|high"), "low"),
            "deferral_count": COUNT,
            "max_deferral_days": COUNT,
            "rationale": NULL_TEXT,
        },
        "rationale": {
            "generated_at": SINCE_NOW,
            "headline": NEED_TEXT,
            "summary": NEED_TEXT,
            "related_categories": NO_TEXTS,
            "adjustment_notes": NO_TEXTS,
        },
        "assessment": {
            "generated_at": SINCE_NOW,
            "status": (_words("pending|in_progress|completed"), "pending"),
            "tasks": _list("task"),
            "sections": _list("section"),
        },
        "task": {
            "task_id": NEED_TEXT,
            "category_key": NEED_TEXT,
            "title": NEED_TEXT,
            "task_type": TASK_TYPE,
            "section_id": NULL_TEXT,
            "prompt": NEED_TEXT,
            "guidance": NEED_TEXT,
            "rubric": NO_TEXTS,
            "expected_minutes": (Whole(1), 20),
            "starter_code": NULL_TEXT,
            "answer_key": NULL_TEXT,
        },
        "section": {
            "section_id": NEED_TEXT,
            "title": NEED_TEXT,
            "description": NO_TEXT,
            "intent": (_words("concept|coding|data|architecture|tooling|custom"), "concept"),
            "expected_minutes": (Whole(0), 45),
            "tasks": _list("task"),
        },
        "result": {
            "submission_id": NEED_TEXT,
            "evaluated_at": SINCE_NOW,
            "overall_feedback": NEED_TEXT,
            "strengths": NO_TEXTS,
            "focus_areas": NO_TEXTS,
            "task_results": _list("task_result"),
            "category_outcomes": _list("outcome"),
        },
        "task_result": {
            "task_id": NEED_TEXT,
            "category_key": NEED_TEXT,
            "task_type": TASK_TYPE,
            "score": (SHARE, REQUIRED),
            "confidence": CONFIDENCE,
            "feedback": NEED_TEXT,
            "strengths": NO_TEXTS,
            "improvements": NO_TEXTS,
            "rubric": _list("criterion"),
        },
        "criterion": {
            "criterion": NEED_TEXT,
            "met": (FLAG, REQUIRED),
            "notes": NULL_TEXT,
            "score": (Maybe(SHARE), None),
        },
        "outcome": {
            "category_key": NEED_TEXT,
            "average_score": (SHARE, REQUIRED),
            "initial_rating": (Whole(0), REQUIRED),
            "starting_rating": (Whole(0), 1100),
            "rating_delta": (Whole(), 0),
            "rationale": NULL_TEXT,
        },
        "inference": {
            "generated_at": SINCE_NOW,
            "summary": NULL_TEXT,
            "target_outcomes": NO_TEXTS,
            "tracks": _list("track"),
            "missing_templates": NO_TEXTS,
        },
        "track": {
            "track_id": NEED_TEXT,
            "label": NEED_TEXT,
            "priority": (_words("now|up_next|later"), "now"),
            "confidence": CONFIDENCE,
            "weight": (Number(), 1.0),
            "technologies": NO_TEXTS,
            "focus_areas": NO_TEXTS,
            "prerequisites": NO_TEXTS,
            "recommended_modules": _list("reference"),
            "suggested_weeks": WEEKS,
            "notes": NULL_TEXT,
        },
        "reference": {
            "module_id": NEED_TEXT,
            "category_key": NEED_TEXT,
            "priority": (_words("core|reinforcement|extension"), "core"),
            "suggested_weeks": WEEKS,
            "notes": NULL_TEXT,
        },
        "submission": {
            "submission_id": NEED_TEXT,
            "username": NEED_TEXT,
            "submitted_at": SINCE_NOW,
            "responses": _list("response"),
            "attachments": _list("attachment"),
            "metadata": (Map(TEXT, ordered=True), Ordered()),
            "grading": _none("result"),
        },
        "response": {
            "task_id": NEED_TEXT,
            "response": NEED_TEXT,
            "category_key": NEED_TEXT,
            "task_type": TASK_TYPE,
            "word_count": COUNT,
        },
        "attachment": {
            "attachment_id": NEED_TEXT,
            "kind": (_words("file|link|note"), "file"),
            "name": NEED_TEXT,
            "description": NULL_TEXT,
            "url": NULL_TEXT,
            "content_type": NULL_TEXT,
            "size_bytes": (Maybe(Whole(0)), None),
            "stored_path": NULL_TEXT,
            "source": NULL_TEXT,
            "created_at": SINCE_NOW,
        },
        "pending": {
            "attachment_id": NEED_TEXT,
            "username": NEED_TEXT,
            "kind": (_words("file|link|note"), REQUIRED),
            "name": NEED_TEXT,
            "description": NULL_TEXT,
            "url": NULL_TEXT,
            "content_type": NULL_TEXT,
            "size_bytes": (Maybe(Whole()), None),
            "stored_path": NULL_TEXT,
            "created_at": SINCE_NOW,
        },
    }
)

# Which document each store holds, and which member is its key.
KINDS = {"profiles": "profile", "submissions": "submission", "attachments": "pending"}
KEYS = {"profiles": "username", "submissions": "submission_id", "attachments": "attachment_id"}


# --- records ----------------------------------------------------------------------------------------


def decode(kind: str, value: Any) -> dict[str, Any]:
    """One record as a document. Raises Bad with every reason that there is."""
    codes = faults(value)
    if not isinstance(value, dict | Pairs):
        codes |= {"not_an_object"}
    if codes:
        raise Bad(*codes, "invalid")
    document = Doc(kind).decode(value)
    if kind == "profile":
        document["username"] = normal(document["username"])
        notes = [note["note_id"] for note in document["memory_records"]]
        if len(notes) > len(set(notes)):
            raise Bad("repeated_note", "invalid")
    return document


def faults(value: Any, depth: int = 1) -> set[str]:
    """What neither a database nor a reader takes, at any depth, names of members included."""
    if depth > DEEPEST:
        return {"too_deep"}
    if isinstance(value, str):
        surrogate = any(0xD800 <= ord(character) <= 0xDFFF for character in value)
        return ({"nul_character"} if "\0" in value else set()) | ({"not_json"} if surrogate else set())
    if isinstance(value, float):
        return set() if math.isfinite(value) else {"not_json"}
    if isinstance(value, Pairs):
        names = [name for name, _ in value]
        found = {"repeated_key"} if len(names) > len(set(names)) else set()
        return found.union(*(faults(part, depth + 1) for pair in value for part in pair))
    if isinstance(value, dict):
        return set().union(*(faults(part, depth + 1) for pair in value.items() for part in pair))
    if isinstance(value, list):
        return set().union(*(faults(element, depth + 1) for element in value))
    return set()


_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def normal(username: str) -> str:
    """A username's normal form: stripped, in lower case, composed. Raises Bad for what cannot be one."""
    name = unicodedata.normalize("NFC", username.strip().lower())
    unusable = not name or len(name) > 255 or any(character in _BIDIRECTIONAL for character in name)
    if unusable or any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise Bad("unusable_username")
    return name


def same(theirs: Any, ours: Any) -> bool:
    """Whether what a record says is what stands here; a time that it does not say is any time."""
    if theirs is NOW:
        return ours is NOW or isinstance(ours, dt.datetime)
    if type(theirs) is not type(ours):
        return False
    if isinstance(theirs, dict):
        return theirs.keys() == ours.keys() and all(same(theirs[name], ours[name]) for name in theirs)
    if isinstance(theirs, list | tuple):
        return len(theirs) == len(ours) and all(map(same, theirs, ours))
    return bool(theirs == ours)


def differences(theirs: Any, ours: Any, path: str = "$") -> list[str]:
    """The places at which two documents differ, for messages."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = []
        for name in [*theirs, *(name for name in ours if name not in theirs)]:
            if name not in theirs or name not in ours:
                found.append(f"{path}.{name}: only {'theirs' if name in theirs else 'ours'}")
            else:
                found += differences(theirs[name], ours[name], f"{path}.{name}")
        return found
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        return [
            line
            for number, pair in enumerate(zip(theirs, ours, strict=True))
            for line in differences(*pair, f"{path}[{number}]")
        ]
    return [] if same(theirs, ours) else [f"{path}: {theirs!r} / {ours!r}"]
