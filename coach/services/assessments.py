"""The onboarding assessment: its status, and its extension for the profile view."""

from typing import Any

from django.db import transaction

from coach.documents.assessment import Assessment, AssessmentStatus
from coach.engines import coverage
from coach.models import LearnerProfile
from coach.services import learners


class NoAssessment(LookupError):
    """The learner has no assessment."""


def extended(assessment: Assessment | None, plan: Any) -> str | None:
    """The assessment as the profile view shows it, as JSON text; None where there is no assessment.

    `plan` is an EloPlan, anything with its members, or None.
    """
    if assessment is None:
        return None
    if plan is not None and plan.categories:
        assessment = coverage.extend(assessment, plan.categories)
    return assessment.to_json()


def derive(learner: LearnerProfile) -> None:
    """Derive a learner's extended assessment again, after plan or assessment changed; nothing is saved."""
    learner.extended_assessment = extended(learner.assessment, learner.plan)


@transaction.atomic
def set_status(*, username: str, status: AssessmentStatus) -> str:
    """Set how far a learner is with the assessment; returns it as stored, as JSON text.

    Raises LearnerNotFound, NoAssessment.
    """
    learner = learners.locked(username)
    mark(learner, status)
    columns = ("onboarding_assessment", "extended_assessment")
    learners.save(learner, columns, "assessment.status", status=status)
    return learner.onboarding_assessment or ""


def mark(learner: LearnerProfile, status: AssessmentStatus) -> None:
    """Set the status on a (locked) learner's assessment; nothing is saved. Raises NoAssessment."""
    assessment = learner.assessment
    if assessment is None:
        raise NoAssessment(f"{learner.username!r} has no assessment.")
    learner.assessment = assessment.model_copy(update={"status": status})
    derive(learner)
