"""A learner's profile and its parts, as stored."""

from typing import Any

import orjson
from django.db.models import Case, F, When
from django.http import HttpResponse
from rest_framework.request import Request

from coach.api.http import base, errors, rendering, schema
from coach.documents import assessment, curriculum, profile
from coach.documents.base import Document
from coach.models import AssessmentSubmission, LearnerProfile, MemoryRecord
from coach.models.database import members
from coach.models.database.fields import DocumentField
from coach.models.database.prepared import Prepared
from coach.services import assessments, learners

SHOWN_SUBMISSIONS = 12

# Members that are served as they are stored. The assessment is left out: it is shown extended.
_STORED = tuple(
    field
    for field in members.shared(LearnerProfile, profile.ServedProfile)
    if field.attname != "onboarding_assessment"
)
_COLUMNS = ("pk", "elo_snapshot", *(field.attname for field in _STORED))
# The stored assessment is wide, and the profile view shows it only where it is not extended yet.
_NOT_EXTENDED = Case(When(extended_assessment=None, then=F("onboarding_assessment")))
# Placeholders of the queries below.
_NAME, _LEARNER = "\x01 name", -1


def _learners(*assessments: str, **computed: Any) -> tuple[tuple[str, ...], Prepared]:
    """The columns of a view, and the query for them: a learner and the served schedule."""
    names = (*_COLUMNS, "shown_schedule", *assessments, *computed)
    return names, Prepared(
        lambda name: (
            LearnerProfile.objects.named(name)
            .annotate(shown_schedule=F("schedule__api_json"), **computed)
            .values_list(*names)
        ),
        _NAME,
    )


_profile_view = _learners("extended_assessment", not_extended=_NOT_EXTENDED)
onboarding_view = _learners("onboarding_assessment")
_note_rows = Prepared(
    lambda learner: (
        MemoryRecord.objects.filter(learner=learner)
        .newest_first()
        .values_list("note_id", "note", "tags", "created_at")
    ),
    _LEARNER,
)
_submission_rows = Prepared(
    lambda learner: (
        AssessmentSubmission.objects.filter(learner=learner)
        .newest_first()
        .values_list("api_json")[:SHOWN_SUBMISSIONS]
    ),
    _LEARNER,
)


class ProfileView(base.View):
    @schema.describe("getProfile", answers=profile.ServedProfile)
    def get(self, request: Request, username: str) -> HttpResponse:
        row = learner_row(_profile_view, base.username(username))
        submissions = [orjson.Fragment(text) for (text,) in _submission_rows.rows(row["pk"])]
        return rendering.members(served(row, shown_assessment=_extended(row), submissions=submissions))


def _part_view(column: str, operation: str, answers: type[Document]) -> type[base.View]:
    """The view of one stored document of a learner."""

    class PartView(base.View):
        @schema.describe(operation, answers=answers)
        def get(self, request: Request, username: str) -> HttpResponse:
            name = base.username(username)
            row = LearnerProfile.objects.named(name).values_list(column).first()
            if row is None:
                raise learners.LearnerNotFound(f"There is no learner called {name!r}.")
            if row[0] is None:
                raise errors.NothingHere(f"The learner has no {column.replace('_', ' ')} yet.")
            return rendering.text(row[0])

    return PartView


EloPlanView = _part_view("elo_category_plan", "getEloPlan", curriculum.EloPlan)
CurriculumView = _part_view("curriculum_plan", "getCurriculum", curriculum.Curriculum)
AssessmentView = _part_view("onboarding_assessment", "getAssessment", assessment.Assessment)
ResultView = _part_view("onboarding_assessment_result", "getGradingResult", assessment.GradingResult)


def learner_row(view: tuple[tuple[str, ...], Prepared], name: str) -> dict[str, Any]:
    """The columns of a learner that a view shows, `shown_schedule` among them. Raises LearnerNotFound."""
    names, query = view
    rows = query.rows(name)
    if not rows:
        raise learners.LearnerNotFound(f"There is no learner called {name!r}.")
    return dict(zip(names, rows[0], strict=True))


def served(
    row: dict[str, Any], *, shown_assessment: str | bytes | None, submissions: list[orjson.Fragment]
) -> dict[str, Any]:
    """A profile's members in the contract's order, stored documents passed through unparsed."""
    found = {
        field.attname: rendering.stored(row[field.attname])
        if isinstance(field, DocumentField)
        else row[field.attname]
        for field in _STORED
    }
    found |= {
        "memory_records": _notes(row["pk"]),
        "skill_ratings": [
            {"category": key, "rating": rating} for key, rating in orjson.loads(row["elo_snapshot"]).items()
        ],
        "curriculum_schedule": rendering.stored(row["shown_schedule"]),
        "onboarding_assessment": rendering.stored(shown_assessment),
        "assessment_submissions": submissions,
    }
    if row["foundation_tracks"] in ("[]", b"[]"):
        inference = row["goal_inference"]
        found["foundation_tracks"] = orjson.loads(inference)["tracks"] if inference else []
    return {name: found[name] for name in profile.ServedProfile.model_fields}


def _extended(row: dict[str, Any]) -> str | bytes | None:
    """The assessment as the profile view shows it; derived here only where no writer has derived it yet."""
    if row["not_extended"] is None:
        return row["extended_assessment"]
    plan = row["elo_category_plan"]
    return assessments.extended(
        assessment.Assessment.model_validate_json(row["not_extended"]),
        curriculum.EloPlan.model_validate_json(plan) if plan else None,
    )


def _notes(learner_pk: int) -> list[dict[str, Any]]:
    return [
        {"note_id": note_id, "note": note, "tags": rendering.stored(tags), "created_at": created_at}
        for note_id, note, tags, created_at in _note_rows.rows(learner_pk)
    ]
