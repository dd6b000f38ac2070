"""Hypothesis strategies for documents: every member present or not, every text that can be stored."""

from __future__ import annotations

import datetime as dt
from typing import Any, get_args

from hypothesis import strategies as st
from pydantic import TypeAdapter

from coach.documents import assessment, curriculum, profile, schedule, submissions
from coach.documents.base import LARGEST_COUNT, LARGEST_WHOLE

# Neither NUL nor lone surrogates: no database of ours keeps them, and every door refuses them.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
words = st.sampled_from(
    ["data", "html", "python-foundations", "craft", "Ärger", "", " spaced ", "e\u0301", "𝄞"]
)
names = st.one_of(words, texts)
identifiers = st.one_of(
    words, st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
)
instants = st.datetimes(
    dt.datetime(1900, 1, 2),
    dt.datetime(2200, 1, 1),
    timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=5, minutes=30))]),
)
wholes = st.integers(-LARGEST_WHOLE - 1, LARGEST_WHOLE)
ratings = st.integers(0, LARGEST_WHOLE)
counts = st.integers(0, LARGEST_COUNT)
days = st.integers(0, 100_000)
positive = st.integers(1, LARGEST_COUNT)
shares = st.floats(0, 1)
weights = st.floats(0, allow_nan=False, allow_infinity=False)
flags = st.booleans()


def lists(of: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(of, max_size=3)


def maybe(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | of


def one_of(literal: Any) -> st.SearchStrategy[str]:
    return st.sampled_from(get_args(literal))


def document(
    shape: Any, *, required: dict[str, Any], optional: dict[str, Any] | None = None
) -> st.SearchStrategy[Any]:
    """Documents of a shape, of plain values for its members; optional ones may be left out."""
    adapter = TypeAdapter(shape)
    return st.fixed_dictionaries(required, optional=optional or {}).map(adapter.validate_python)


rubric_levels = document(curriculum.RubricLevel, required={"level": names, "descriptor": names})
categories = document(
    curriculum.Category,
    required={"key": names, "label": names, "description": names},
    optional={
        "focus_areas": lists(names),
        "weight": weights,
        "rubric": lists(rubric_levels),
        "starting_rating": ratings,
    },
)
plans = document(
    curriculum.EloPlan,
    required={"generated_at": instants},
    optional={"source_goal": maybe(names), "strategy_notes": maybe(names), "categories": lists(categories)},
)
modules = document(
    curriculum.Module,
    required={"module_id": names, "category_key": names, "title": names, "summary": names},
    optional={
        "objectives": lists(names),
        "activities": lists(names),
        "deliverables": lists(names),
        "estimated_minutes": maybe(wholes),
        "tier": maybe(positive),
        "prerequisite_module_ids": lists(names),
    },
)
curricula = document(
    curriculum.Curriculum,
    required={"generated_at": instants},
    optional={"overview": names, "success_criteria": lists(names), "modules": lists(modules)},
)
references = document(
    curriculum.ModuleReference,
    required={"module_id": names, "category_key": names},
    optional={
        "priority": one_of(curriculum.ModulePriority),
        "suggested_weeks": maybe(positive),
        "notes": maybe(names),
    },
)
tracks = document(
    curriculum.Track,
    required={"track_id": names, "label": names},
    optional={
        "priority": one_of(curriculum.TrackPriority),
        "confidence": one_of(curriculum.Confidence),
        "weight": weights,
        "technologies": lists(names),
        "focus_areas": lists(names),
        "prerequisites": lists(names),
        "recommended_modules": lists(references),
        "suggested_weeks": maybe(positive),
        "notes": maybe(names),
    },
)
inferences = document(
    curriculum.GoalInference,
    required={"generated_at": instants},
    optional={
        "summary": maybe(names),
        "target_outcomes": lists(names),
        "tracks": lists(tracks),
        "missing_templates": lists(names),
    },
)
items = document(
    schedule.ScheduleItem,
    required={"item_id": names, "kind": one_of(schedule.ItemKind), "category_key": names, "title": names},
    optional={
        "summary": names,
        "objectives": lists(names),
        "prerequisites": lists(names),
        "recommended_minutes": st.integers(5, LARGEST_COUNT),
        "recommended_day_offset": days,
        "effort_level": one_of(schedule.Effort),
        "focus_reason": maybe(names),
        "expected_outcome": maybe(names),
        "user_adjusted": flags,
        "launch_status": one_of(schedule.LaunchStatus),
        "last_launched_at": maybe(instants),
        "last_completed_at": maybe(instants),
        "active_session_id": maybe(names),
    },
)
warnings = document(
    schedule.ScheduleWarning,
    required={"message": names, "generated_at": instants},
    optional={"code": one_of(schedule.WarningCode), "detail": maybe(names)},
)
allocations = document(
    schedule.CategoryAllocation,
    required={"category_key": names},
    optional={
        "planned_minutes": counts,
        "target_share": weights,
        "deferral_pressure": one_of(schedule.Pressure),
        "deferral_count": counts,
        "max_deferral_days": counts,
        "rationale": maybe(names),
    },
)
rationales = document(
    schedule.Rationale,
    required={"generated_at": instants, "headline": names, "summary": names},
    optional={"related_categories": lists(names), "adjustment_notes": lists(names)},
)
zones = st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "America/New_York", "UTC", "Moon/Base", ""])
schedules = document(
    schedule.Schedule,
    required={"generated_at": instants},
    optional={
        "time_horizon_days": positive,
        "timezone": maybe(zones),
        "cadence_notes": maybe(names),
        "pacing_overview": maybe(names),
        "items": lists(items),
        "is_stale": flags,
        "warnings": lists(warnings),
        "category_allocations": lists(allocations),
        "rationale_history": lists(rationales),
        "sessions_per_week": positive,
        "projected_weekly_minutes": counts,
        "long_range_item_count": counts,
        "extended_weeks": counts,
        "long_range_category_keys": lists(names),
    },
)
tasks = document(
    assessment.Task,
    required={
        "task_id": names,
        "category_key": names,
        "title": names,
        "task_type": one_of(assessment.TaskType),
        "prompt": names,
        "guidance": names,
    },
    optional={
        "section_id": maybe(names),
        "rubric": lists(names),
        "expected_minutes": positive,
        "starter_code": maybe(names),
        "answer_key": maybe(names),
    },
)
sections = document(
    assessment.Section,
    required={"section_id": names, "title": names},
    optional={
        "description": names,
        "intent": one_of(assessment.Intent),
        "expected_minutes": counts,
        "tasks": lists(tasks),
    },
)
assessments = document(
    assessment.Assessment,
    required={"generated_at": instants},
    optional={
        "status": one_of(assessment.AssessmentStatus),
        "tasks": lists(tasks),
        "sections": lists(sections),
    },
)
rubric_notes = document(
    assessment.RubricNote,
    required={"criterion": names, "met": flags},
    optional={"notes": maybe(names), "score": maybe(shares)},
)
task_results = document(
    assessment.TaskResult,
    required={
        "task_id": names,
        "category_key": names,
        "task_type": one_of(assessment.TaskType),
        "score": shares,
        "feedback": names,
    },
    optional={
        "confidence": one_of(curriculum.Confidence),
        "strengths": lists(names),
        "improvements": lists(names),
        "rubric": lists(rubric_notes),
    },
)
outcomes = document(
    assessment.CategoryOutcome,
    required={"category_key": names, "average_score": shares, "initial_rating": ratings},
    optional={"starting_rating": ratings, "rating_delta": wholes, "rationale": maybe(names)},
)
results = document(
    assessment.GradingResult,
    required={"submission_id": identifiers, "evaluated_at": instants, "overall_feedback": names},
    optional={
        "strengths": lists(names),
        "focus_areas": lists(names),
        "task_results": lists(task_results),
        "category_outcomes": lists(outcomes),
    },
)
notes = document(
    profile.Note,
    required={"note_id": identifiers, "note": names, "created_at": instants},
    optional={"tags": lists(names)},
)
profiles = document(
    profile.Profile,
    required={"username": st.sampled_from(["amara", "zoë-müller", "李雷"]), "last_updated": instants},
    optional={
        "goal": names,
        "use_case": names,
        "strengths": names,
        "timezone": maybe(zones),
        "knowledge_tags": lists(names),
        "recent_sessions": lists(names),
        "memory_records": st.lists(notes, max_size=3, unique_by=lambda note: note.note_id),
        "elo_snapshot": st.dictionaries(names, wholes, max_size=4),
        "memory_index_id": names,
        "elo_category_plan": maybe(plans),
        "curriculum_plan": maybe(curricula),
        "curriculum_schedule": maybe(schedules),
        "schedule_adjustments": st.dictionaries(names, wholes, max_size=3),
        "onboarding_assessment": maybe(assessments),
        "onboarding_assessment_result": maybe(results),
        "goal_inference": maybe(inferences),
        "foundation_tracks": lists(tracks),
    },
)
responses = document(
    submissions.Response,
    required={
        "task_id": names,
        "response": names,
        "category_key": names,
        "task_type": one_of(assessment.TaskType),
    },
    optional={"word_count": counts},
)
_attachment_members = {
    "description": maybe(names),
    "url": maybe(names),
    "content_type": maybe(names),
    "size_bytes": maybe(ratings),
    "stored_path": maybe(names),
}
attachments = document(
    submissions.Attachment,
    required={"attachment_id": identifiers, "name": names, "created_at": instants},
    optional={"kind": one_of(submissions.AttachmentKind), "source": maybe(names), **_attachment_members},
)
pending_attachments = document(
    submissions.PendingAttachment,
    required={
        "attachment_id": identifiers,
        "username": st.just("amara"),
        "kind": one_of(submissions.AttachmentKind),
        "name": names,
        "created_at": instants,
    },
    optional=_attachment_members,
)
submitted = document(
    submissions.Submission,
    required={"submission_id": identifiers, "username": st.just("amara"), "submitted_at": instants},
    optional={
        "responses": lists(responses),
        "attachments": lists(attachments),
        "metadata": st.dictionaries(names, names, max_size=4),
        "grading": maybe(results),
    },
)
