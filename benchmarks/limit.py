"""The limit that reads are measured against: four plain SQL queries with psycopg and orjson in a bare WSGI application.

`gunicorn --config python:arcadia.serving.gunicorn benchmarks.limit:application`. It answers just two routes, checks
nothing, logs nothing, counts nothing; its answers equal the service's to the byte.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool

_URL = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", os.environ["ARCADIA_DATABASE_URL"])
_pool = ConnectionPool(
    _URL,
    min_size=10,
    max_size=20,
    open=True,
    kwargs={"autocommit": True, "row_factory": tuple_row, "options": "-c timezone=UTC"},
)
_LEARNER = """
    SELECT id, username, goal, use_case, strengths, timezone, knowledge_tags::text, recent_sessions::text,
        elo_snapshot::text, memory_index_id, last_updated, elo_category_plan::text, curriculum_plan::text,
        extended_assessment::text, onboarding_assessment_result::text, goal_inference::text, foundation_tracks::text
    FROM coach_learnerprofile WHERE username = %s
"""
_SCHEDULE = "SELECT api_json::text FROM coach_curriculumschedule WHERE learner_id = %s"
_NOTES = """
    SELECT note_id, note, tags::text, created_at FROM coach_memoryrecord WHERE learner_id = %s
    ORDER BY created_at DESC, position
"""
_SUBMISSIONS = """
    SELECT api_json::text FROM coach_assessmentsubmission WHERE learner_id = %s
    ORDER BY submitted_at DESC, id LIMIT 12
"""
_ONE_SCHEDULE = """
    SELECT api_json::text FROM coach_curriculumschedule JOIN coach_learnerprofile AS learner ON learner.id = learner_id
    WHERE username = %s
"""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    parts = environ["PATH_INFO"].split("/")
    with _pool.connection() as connection:
        body = _schedule(connection, parts[3]) if parts[-1] == "schedule" else _profile(connection, parts[3])
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _schedule(connection: Any, username: str) -> bytes:
    return connection.execute(_ONE_SCHEDULE, (username,)).fetchone()[0].encode()


def _profile(connection: Any, username: str) -> bytes:
    row = connection.execute(_LEARNER, (username,)).fetchone()
    schedule = connection.execute(_SCHEDULE, row[:1]).fetchone()
    notes = connection.execute(_NOTES, row[:1]).fetchall()
    submissions = connection.execute(_SUBMISSIONS, row[:1]).fetchall()
    return orjson.dumps(
        {
            "username": row[1],
            "goal": row[2],
            "use_case": row[3],
            "strengths": row[4],
            "timezone": row[5],
            "knowledge_tags": _part(row[6]),
            "recent_sessions": _part(row[7]),
            "memory_records": [
                {"note_id": note_id, "note": note, "tags": _part(tags), "created_at": created_at}
                for note_id, note, tags, created_at in notes
            ],
            "skill_ratings": [
                {"category": key, "rating": rating} for key, rating in orjson.loads(row[8]).items()
            ],
            "memory_index_id": row[9],
            "last_updated": row[10],
            "elo_category_plan": _part(row[11]),
            "curriculum_plan": _part(row[12]),
            "curriculum_schedule": _part(schedule[0] if schedule else None),
            "onboarding_assessment": _part(row[13]),
            "onboarding_assessment_result": _part(row[14]),
            "goal_inference": _part(row[15]),
            "foundation_tracks": _part(row[16]),
            "assessment_submissions": [_part(submission) for (submission,) in submissions],
        },
        option=orjson.OPT_UTC_Z,
    )


def _part(text: str | None) -> orjson.Fragment | None:
    return None if text is None else orjson.Fragment(text)
