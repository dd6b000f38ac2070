"""What the model may do with learners: the functions that the gateway gets, on documents only.

Each lets go of the database when it is done: the model is asked again right afterwards, and may take minutes.
"""

import datetime as dt
import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction

from coach.agent.tools.requests import LearnerTools
from coach.documents import schedule as schedules
from coach.documents import usernames
from coach.documents.base import utc_now
from coach.documents.curriculum import Category, EloPlan
from coach.documents.profile import ServedProfile, SkillRating
from coach.engines import foundations
from coach.engines.slugs import slug
from coach.models import ErasedLearner, LearnerProfile
from coach.models.erasures import digest
from coach.services import assessments, audit, learners
from coach.services.keeping import versions
from coach.services.operations.connections import letting_go

R = TypeVar("R")


def tools(username: str | None) -> LearnerTools:
    """The functions of this module, for one answer of the model, about that learner alone (in normal form) or none."""
    refused = functools.partial(_refused, username)
    any_learner = username is None and settings.AGENT_ANY_LEARNER
    since = utc_now()
    return LearnerTools(
        username,
        refused,
        _profile,
        _unless_erased(_update, since),
        _unless_erased(_remember, since),
        _unless_erased(_set_plan, since),
        any_learner,
    )


def _unless_erased(write: Callable[..., R], since: dt.datetime) -> Callable[..., R]:
    """The writer undone, raising usernames.UnusableUsername, for a learner who was erased while the model was at work."""

    @letting_go()
    @transaction.atomic
    def checked(username: str, *given: Any) -> R:
        result = write(username, *given)
        rows = ErasedLearner.objects.filter(pk=digest(usernames.normalise(username)))
        if rows.filter(erased_at__gte=since).exists():
            raise usernames.UnusableUsername("this learner was removed")
        return result

    return checked


@letting_go()
def _refused(username: str | None) -> None:
    """Note that the model named another learner than the one it answers."""
    with audit.acting_as("model"):
        learner = LearnerProfile.objects.named(username).first() if username else None
        audit.record("tool.refused", learner)


@letting_go()
def _profile(username: str) -> dict[str, Any] | None:
    """The onboarding view of a learner, or None. Raises usernames.UnusableUsername."""
    found = LearnerProfile.objects.named(usernames.normalise(username)).select_related("schedule").first()
    return onboarding_view(found) if found else None


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


def _update(username: str, members: dict[str, Any]) -> dict[str, Any]:
    """Apply members as session metadata is; the onboarding view afterwards. Raises usernames.UnusableUsername."""
    with audit.acting_as("model"):
        learner = learners.update_from_metadata(username=username, metadata=members)
    return onboarding_view(learner)


def _remember(username: str, note: str, tags: Sequence[str]) -> str:
    """Keep a note; its id. Raises usernames.UnusableUsername."""
    with audit.acting_as("model"):
        return learners.remember(username=username, note=note, tags=tags).note_id


@transaction.atomic
def _set_plan(
    username: str, categories: Sequence[Category], source_goal: str | None, strategy_notes: str | None
) -> EloPlan:
    """Replace a learner's plan, who is made if need be. Raises usernames.UnusableUsername."""
    learner = learners.locked_or_made(username)
    plan = EloPlan(
        generated_at=utc_now(),
        source_goal=source_goal,
        strategy_notes=strategy_notes,
        categories=_tidied(categories),
    )
    with audit.acting_as("model"), versions.keeping(learner) as change:
        learner.plan = plan
        learner.ratings = foundations.missing_ratings(plan, learner.ratings)
        assessments.derive(learner)
        columns = ("elo_category_plan", "elo_snapshot", "extended_assessment")
        change.event = learners.save(learner, columns, "plan.replaced", categories=len(plan.categories))
    return plan


def _tidied(categories: Sequence[Category]) -> list[Category]:
    """The categories under the keys of the contract; of equal keys the first counts."""
    tidied: dict[str, Category] = {}
    for category in categories:
        key = _key(category.key or category.label)
        tidied.setdefault(key, category.model_copy(update={"key": key}))
    return list(tidied.values())


def _key(text: str) -> str:
    """Letters and digits in lower case, separators as single hyphens, everything else dropped."""
    return slug(re.sub(r"[^\w\s/-]", "", text), fallback="category-1")
