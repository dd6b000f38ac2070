"""Staff of each role, and a learner with something of everything."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from coach.documents.submissions import PendingAttachment, Submission
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    AuditEvent,
    BackfillFinding,
    BackfillRun,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
    MemoryUpload,
    RecordVersion,
    ScheduleItem,
)
from coach.tests import cast
from coach.tests.legacy import people

# What staff browse.
MODELS = (
    AssessmentSubmission,
    AttachmentMetadata,
    AuditEvent,
    BackfillFinding,
    BackfillRun,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
    MemoryUpload,
    RecordVersion,
    ScheduleItem,
)
ROLES = ("viewer", "coach", "operator", "superuser")

GRADING = {
    "submission_id": "sub-graded",
    "evaluated_at": cast.NOON,
    "overall_feedback": "Well reasoned.",
    "strengths": ["Joins"],
    "task_results": [
        {
            "task_id": "sql-talk",
            "category_key": "sql-reading",
            "task_type": "concept_check",
            "score": 0.5,
            "feedback": "Half.",
        },
        {
            "task_id": "sql-make",
            "category_key": "sql-reading",
            "task_type": "code",
            "score": 1.0,
            "feedback": "Whole.",
        },
    ],
    "category_outcomes": [{"category_key": "sql-reading", "average_score": 0.75, "initial_rating": 1150}],
}


@pytest.fixture
def groups(db: None) -> None:
    """The roles: a test that empties the database takes them away from those that follow."""
    for migration, add in (("0004_roles", "add_roles"), ("0022_operators_make_tokens", "add_rights")):
        made = importlib.import_module(f"coach.migrations.{migration}")
        getattr(made, add)(apps, SimpleNamespace(connection=connection))


@pytest.fixture
def staff(groups: None) -> Callable[[str], User]:
    """Makes a member of staff: of one group, or a superuser."""

    def make(role: str) -> User:
        user, made = User.objects.get_or_create(username=role, defaults={"is_staff": True})
        if made and role == "superuser":
            user.is_superuser = True
            user.save()
        elif made:
            user.groups.add(Group.objects.get(name=role))
        return user

    return make


@pytest.fixture
def as_role(staff: Callable[[str], User]) -> Callable[[str], Client]:
    """Makes a browser that is signed in as somebody of a role."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(staff(role))
        return client

    return sign_in


@pytest.fixture
def console(as_role: Callable[[str], Client]) -> Client:
    """A superuser's browser."""
    return as_role("superuser")


@pytest.fixture
def amara(db: None) -> LearnerProfile:
    """A learner with a schedule, notes, a graded and an ungraded submission, and attachments of each kind."""
    row = cast.learner(
        cast.AMARA,
        knowledge_tags=["sql", "patient"],
        use_case="Reports at work.",
        memory_records=[people.note("n1"), people.note("n2")],
        curriculum_schedule=people.schedule(
            people.item("i1"), people.item("i2", recommended_day_offset=9, user_adjusted=True, kind="quiz")
        ),
        onboarding_assessment_result=GRADING,
    )
    graded = people.submission("sub-graded", grading=GRADING, submitted_at=cast.NOON)
    cast.submission(row, Submission.model_validate(graded))
    cast.submission(row, Submission.model_validate(people.submission("sub-waiting")))
    for document in (
        people.attachment("att-note"),
        people.attachment("att-link", kind="link", name="docs", url="https://example.org/docs"),
        people.attachment("att-evil", kind="link", name="evil", url="javascript:alert(1)"),
        people.attachment("att-lost", kind="file", name="lost.py", stored_path="amara/lost.py", size_bytes=5),
        people.attachment("att-file", kind="file", name="kept.py", stored_path="amara/kept.py", size_bytes=5),
    ):
        cast.attach(row, PendingAttachment.model_validate(document))
    if not storages["attachments"].exists("amara/kept.py"):
        storages["attachments"].save("amara/kept.py", ContentFile(b"print"))
    return row


@pytest.fixture
def upload() -> Callable[..., Any]:
    """Uploads a store to one of the import screens; answers the response."""

    def send(
        client: Client, model: str, content: Any, *, name: str = "store.json", on_conflict: str = "report"
    ) -> Any:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        return client.post(
            f"/admin/coach/{model}/import/",
            {
                "import_file": SimpleUploadedFile(name, data),
                "on_conflict": on_conflict,
                "format": "0",
                "resource": "0",
            },
        )

    return send


def token_of(response: Any) -> str:
    """The token of a preview."""
    return str(response.context["confirm_form"].initial["import_file_name"])


@pytest.fixture
def confirm() -> Callable[..., Any]:
    """Confirms what a preview showed; answers the response, redirects followed."""

    def send(client: Client, model: str, preview: Any) -> Any:
        token = preview if isinstance(preview, str) else token_of(preview)
        return client.post(
            f"/admin/coach/{model}/process_import/",
            {"import_file_name": token, "original_file_name": "store.json", "format": "0", "resource": "0"},
            follow=True,
        )

    return send
