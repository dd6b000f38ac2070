"""The learners that tests know by name, and the shortest way to put one into the database."""

from __future__ import annotations

import datetime as dt
from typing import Any

from coach.documents.profile import Profile
from coach.documents.submissions import Attachment, PendingAttachment, Submission
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
    ScheduleItem,
)

NOON = dt.datetime(2026, 3, 2, 12, 0, 0, 123456, dt.UTC)

CATEGORY = {"key": "sql-reading", "label": "SQL Reading", "description": "Joins and plans.", "weight": 1.0}
TASKS = [
    {
        "task_id": f"sql-{kind}",
        "category_key": "sql-reading",
        "title": "Reading a join",
        "task_type": task_type,
        "prompt": "What does it return?",
        "guidance": "Say it in one sentence.",
    }
    for kind, task_type in (("talk", "concept_check"), ("make", "code"))
]
MODULES = [
    {
        "module_id": "joins",
        "category_key": "sql-reading",
        "title": "Joins",
        "summary": "Two tables.",
        "estimated_minutes": 60,
    },
    {
        "module_id": "plans",
        "category_key": "sql-reading",
        "title": "Plans",
        "summary": "Reading them.",
        "estimated_minutes": 90,
    },
]

# Has a plan, a curriculum and an assessment, but no schedule yet.
AMARA = {
    "username": "amara",
    "goal": "Read any query plan.",
    "timezone": "Europe/Berlin",
    "elo_snapshot": {"sql-reading": 1180},
    "elo_category_plan": {"generated_at": NOON, "categories": [CATEGORY]},
    "curriculum_plan": {"generated_at": NOON, "modules": MODULES},
    "onboarding_assessment": {"generated_at": NOON, "tasks": TASKS},
    "last_updated": NOON,
}
# Has only just arrived.
FELIX = {"username": "felix", "goal": "Build a game.", "last_updated": NOON}


def learner(members: dict[str, Any], **changes: Any) -> LearnerProfile:
    """Store a learner of these members, with notes and schedule."""
    document = Profile.model_validate({**members, **changes})
    row = LearnerProfile()
    row.apply_document(document)
    row.save()
    for position, note in enumerate(document.memory_records):
        record = MemoryRecord(learner=row)
        record.apply_document(note, position=position)
        record.save()
    if document.curriculum_schedule is not None:
        _schedule(row, document)
    return LearnerProfile.objects.get(pk=row.pk)


def submission(owner: LearnerProfile, document: Submission) -> AssessmentSubmission:
    """Store a submission of a learner, with its attachments."""
    row = AssessmentSubmission(learner=owner)
    row.apply_document(document)
    row.save()
    for position, attachment in enumerate(document.attachments):
        attach(owner, attachment, submission=row, position=position)
    return AssessmentSubmission.objects.get(pk=row.pk)


def attach(
    owner: LearnerProfile,
    document: Attachment | PendingAttachment,
    *,
    submission: AssessmentSubmission | None = None,
    position: int = 0,
) -> AttachmentMetadata:
    """Store an attachment; without a submission it is pending."""
    row = AttachmentMetadata(learner=owner, submission=submission)
    row.apply_document(document, position=position)
    row.save()
    return AttachmentMetadata.objects.get(pk=row.pk)


def _schedule(owner: LearnerProfile, document: Profile) -> None:
    assert document.curriculum_schedule is not None
    schedule = CurriculumSchedule(learner=owner)
    schedule.apply_document(document.curriculum_schedule)
    schedule.save()
    for position, item in enumerate(document.curriculum_schedule.items):
        row = ScheduleItem(schedule=schedule)
        row.apply_document(item, position=position)
        row.save()
