"""The onboarding view of a learner as a plain object, for whoever is not the JSON door."""

from __future__ import annotations

from typing import Any

from coach.documents import schedule as schedules
from coach.documents.profile import ServedProfile, SkillRating
from coach.models import LearnerProfile


def onboarding_view(learner: LearnerProfile) -> dict[str, Any]:
    """The learner as `GET /api/onboarding/{u}` shows one: the assessment as stored, no submissions."""
    profile = learner.to_document()
    schedule = profile.curriculum_schedule
    inferred = profile.goal_inference.tracks if profile.goal_inference else []
    kept = {name: value for name, value in dict(profile).items() if name in ServedProfile.model_fields}
    # The served members beside those that are served as they are stored.
    served = ServedProfile.model_construct(
        **{
            **kept,
            "memory_records": sorted(profile.memory_records, key=lambda note: note.created_at, reverse=True),
            "skill_ratings": [
                SkillRating(category=key, rating=rating) for key, rating in profile.elo_snapshot.items()
            ],
            "curriculum_schedule": schedules.served(schedule) if schedule else None,
            "foundation_tracks": profile.foundation_tracks or inferred,
            "assessment_submissions": [],
        }
    )
    return served.to_object()
