"""A learner's profile and its parts, as stored."""

from __future__ import annotations

from typing import Any

import orjson
from django.db.models import F
from django.http import HttpResponse
from rest_framework.request import Request

from coach.api import base, errors, rendering, schema
from coach.documents import assessment, curriculum, profile
from coach.models import AssessmentSubmission, LearnerProfile, MemoryRecord
from coach.services import assessments, learners

SHOWN_SUBMISSIONS = 12

_COLUMNS = (
    "pk",
    "username",
    "goal",
    "use_case",
    "strengths",
    "timezone",
    "knowledge_tags",
    "recent_sessions",
    "elo_snapshot",
    "memory_index_id",
    "last_updated",
    "elo_category_plan",
    "curriculum_plan",
    "onboarding_assessment",
    "onboarding_assessment_result",
    "goal_inference",
    "foundation_tracks",
    "extended_assessment",
)


class ProfileView(base.View):
    @schema.describe("A learner's profile", answers=profile.ServedProfile, errors=(404, 422))
    def get(self, request: Request, username: str) -> HttpResponse:
        row = learner_row(base.username(username))
        return rendering.members(
            served(row, shown_assessment=_extended(row), submissions=_latest_submissions(row["pk"]))
        )


class EloPlanView(base.View):
    @schema.describe("A learner's rated categories", answers=curriculum.EloPlan, errors=(404, 422))
    def get(self, request: Request, username: str) -> HttpResponse:
        return rendering.text(part(username, "elo_category_plan"))


class CurriculumView(base.View):
    @schema.describe("A learner's curriculum", answers=curriculum.Curriculum, errors=(404, 422))
    def get(self, request: Request, username: str) -> HttpResponse:
        return rendering.text(part(username, "curriculum_plan"))


class AssessmentView(base.View):
    @schema.describe("A learner's assessment, as stored", answers=assessment.Assessment, errors=(404, 422))
    def get(self, request: Request, username: str) -> HttpResponse:
        return rendering.text(part(username, "onboarding_assessment"))


class ResultView(base.View):
    @schema.describe("A learner's latest grading", answers=assessment.GradingResult, errors=(404, 422))
    def get(self, request: Request, username: str) -> HttpResponse:
        return rendering.text(part(username, "onboarding_assessment_result"))


def part(username: str, column: str) -> str:
    """One stored document of a learner, as JSON text. Raises LearnerNotFound, NothingHere."""
    name = base.username(username)
    row = LearnerProfile.objects.named(name).values_list(column).first()
    if row is None:
        raise learners.LearnerNotFound(f"There is no learner called {name!r}.")
    if row[0] is None:
        raise errors.NothingHere(f"The learner has no {LearnerProfile._meta.get_field(column).verbose_name} yet.")
    return row[0]


def learner_row(name: str) -> dict[str, Any]:
    """The columns of a learner that a profile shows, `schedule` among them. Raises LearnerNotFound."""
    row = LearnerProfile.objects.named(name).values(*_COLUMNS, shown_schedule=F("schedule__served")).first()
    if row is None:
        raise learners.LearnerNotFound(f"There is no learner called {name!r}.")
    return row


def served(
    row: dict[str, Any], *, shown_assessment: str | None, submissions: list[orjson.Fragment]
) -> dict[str, Any]:
    """A profile's members in the contract's order, stored documents passed through unparsed."""
    return {
        "username": row["username"],
        "goal": row["goal"],
        "use_case": row["use_case"],
        "strengths": row["strengths"],
        "timezone": row["timezone"],
        "knowledge_tags": rendering.stored(row["knowledge_tags"]),
        "recent_sessions": rendering.stored(row["recent_sessions"]),
        "memory_records": _notes(row["pk"]),
        "skill_ratings": [
            {"category": key, "rating": rating} for key, rating in orjson.loads(row["elo_snapshot"]).items()
        ],
        "memory_index_id": row["memory_index_id"],
        "last_updated": row["last_updated"],
        "elo_category_plan": rendering.stored(row["elo_category_plan"]),
        "curriculum_plan": rendering.stored(row["curriculum_plan"]),
        "curriculum_schedule": rendering.stored(row["shown_schedule"]),
        "onboarding_assessment": rendering.stored(shown_assessment),
        "onboarding_assessment_result": rendering.stored(row["onboarding_assessment_result"]),
        "goal_inference": rendering.stored(row["goal_inference"]),
        "foundation_tracks": rendering.stored(row["foundation_tracks"])
        if row["foundation_tracks"] != "[]"
        else _inferred_tracks(row["goal_inference"]),
        "assessment_submissions": submissions,
    }


def _extended(row: dict[str, Any]) -> str | None:
    """The assessment as the profile view shows it; derived here only where no writer has derived it yet."""
    if row["extended_assessment"] is not None or row["onboarding_assessment"] is None:
        return row["extended_assessment"]
    plan = row["elo_category_plan"]
    return assessments.extended(
        assessment.Assessment.model_validate_json(row["onboarding_assessment"]),
        curriculum.EloPlan.model_validate_json(plan) if plan else None,
    )


def _notes(learner_pk: int) -> list[dict[str, Any]]:
    notes = MemoryRecord.objects.filter(learner=learner_pk).newest_first()
    return [
        {"note_id": note_id, "note": note, "tags": rendering.stored(tags), "created_at": created_at}
        for note_id, note, tags, created_at in notes.values_list("note_id", "note", "tags", "created_at")
    ]


def _latest_submissions(learner_pk: int) -> list[orjson.Fragment]:
    rows = AssessmentSubmission.objects.filter(learner=learner_pk).newest_first()
    return [orjson.Fragment(text) for text in rows.values_list("served", flat=True)[:SHOWN_SUBMISSIONS]]


def _inferred_tracks(inference: str | None) -> Any:
    return orjson.loads(inference)["tracks"] if inference else []


