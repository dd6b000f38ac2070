"""The desk: answers beside their questions, grading by hand, and attachments that are shown and never run."""

from __future__ import annotations

import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.urls import reverse

from coach.documents.submissions import PendingAttachment, Submission
from coach.models import AssessmentSubmission, AuditEvent, LearnerProfile, RecordVersion
from coach.models.versions import fingerprint
from coach.tests import cast
from coach.tests.admin.conftest import GRADING, ROLES
from coach.tests.legacy import people

pytestmark = pytest.mark.django_db(transaction=True)

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
ANSWERS = [
    {
        "task_id": "sql-talk",
        "response": "A join.",
        "category_key": "sql-reading",
        "task_type": "concept_check",
    },
    {"task_id": "sql-make", "response": "SELECT 1", "category_key": "sql-reading", "task_type": "code"},
]


@pytest.fixture
def waiting(amara):
    """The newest submission of amara, not graded."""
    document = people.submission("sub-new", responses=ANSWERS, submitted_at="2026-05-01T10:00:00Z")
    return cast.submission(amara, Submission.model_validate(document))


def grade_page(row):
    return reverse("admin:coach_assessmentsubmission_grade", args=[row.pk])


def sent(row, scores=(80, 60), **changes):
    data = {
        "overall_feedback": "Good work.",
        "strengths": "Joins\nPatience",
        "focus_areas": "Plans",
        "seen": fingerprint(AssessmentSubmission.objects.get(pk=row.pk).grading),
    }
    for number, score in enumerate(scores):
        data |= {
            f"task-{number}-score": str(score),
            f"task-{number}-confidence": "high",
            f"task-{number}-feedback": f"Feedback {number}",
            f"task-{number}-improvements": "Shorter\n\nClearer ",
        }
    return data | changes


def test_each_answer_is_under_its_question(as_role, waiting):
    page = as_role("viewer").get(f"/admin/coach/assessmentsubmission/{waiting.pk}/change/").content.decode()
    assert page.index("What does it return?") < page.index("A join.")
    assert "Say it in one sentence." in page
    assert "Grade…" not in page


@pytest.mark.parametrize("role", ROLES)
def test_coaches_grade_and_nobody_else(as_role, waiting, role):
    client, may = as_role(role), role in ("coach", "superuser")
    assert (client.get(grade_page(waiting)).status_code == 403) == (not may)
    assert (client.post(grade_page(waiting), sent(waiting)).status_code == 403) == (not may)
    waiting.refresh_from_db()
    assert waiting.graded_by == ("staff" if may else "")


def test_a_grade_by_hand_is_served_and_has_the_same_effects_as_any(as_role, client, waiting):
    as_role("coach").post(grade_page(waiting), sent(waiting))
    row = LearnerProfile.objects.get(username="amara")
    assert row.result.submission_id == "sub-new"
    # 0.7 on average: (0.7 - 0.5) * 400 above the start of 1100.
    assert row.ratings["sql-reading"] == 1180
    assert row.assessment.status == "completed"
    event = AuditEvent.objects.get(action="submission.graded", learner=row)
    assert (event.actor, event.detail_members["by"]) == ("staff coach", "staff")
    served = client.get("/api/onboarding/amara/assessment/submissions").json()
    newest = next(one for one in served if one["submission_id"] == "sub-new")
    assert newest["grading"]["overall_feedback"] == "Good work."
    assert newest["grading"]["strengths"] == ["Joins", "Patience"]
    first = newest["grading"]["task_results"][0]
    assert (first["score"], first["confidence"]) == (0.8, "high")
    assert first["improvements"] == ["Shorter", "Clearer"]
    assert first["category_key"] == "sql-reading"
    assert (
        client.get("/api/profile/amara").json()["onboarding_assessment_result"]["submission_id"] == "sub-new"
    )


def test_a_grade_that_replaces_another_keeps_it(as_role, waiting):
    coach = as_role("coach")
    coach.post(grade_page(waiting), sent(waiting))
    coach.post(grade_page(waiting), sent(waiting, scores=(0, 0)))
    kept = RecordVersion.objects.filter(kind="submission").first()
    assert kept.before["grading"]["task_results"][0]["score"] == 0.8
    assert LearnerProfile.objects.get(username="amara").ratings["sql-reading"] == 900


def test_an_older_submission_is_graded_without_moving_the_learner(as_role, amara, waiting):
    coach = as_role("coach")
    coach.post(grade_page(waiting), sent(waiting))
    older = amara.submissions.get(submission_id="sub-waiting")
    page = coach.post(grade_page(older), sent(older, scores=(10,)), follow=True).content.decode()
    assert "ratings and schedule stay" in page
    assert LearnerProfile.objects.get(username="amara").ratings["sql-reading"] == 1180


def test_faults_are_named_at_their_places_and_nothing_is_written(as_role, waiting):
    wrong = sent(waiting, scores=(101, 60), overall_feedback=" ")
    page = as_role("coach").post(grade_page(waiting), wrong).content.decode()
    assert "less than or equal to 100" in page
    assert "This field is required." in page
    waiting.refresh_from_db()
    assert waiting.grading is None


def test_a_grade_that_came_meanwhile_is_not_replaced_unseen(as_role, waiting):
    stale = sent(waiting)
    waiting.grading = json.dumps({**GRADING, "submission_id": "sub-new", "evaluated_at": str(cast.NOON)})
    waiting.graded_by = "model"
    waiting.save()
    client = as_role("coach")
    page = client.post(grade_page(waiting), stale)
    assert "graded since this page was shown" in page.content.decode()
    waiting.refresh_from_db()
    assert waiting.graded_by == "model"
    client.post(grade_page(waiting), {**stale, "seen": page.context["form"].data["seen"]})
    waiting.refresh_from_db()
    assert waiting.graded_by == "staff"


# --- attachments ------------------------------------------------------------------------------------


def attached(learner, name, data):
    document = people.attachment(f"att-{name}", kind="file", name=name, stored_path=f"amara/{name}")
    if not storages["attachments"].exists(f"amara/{name}"):
        storages["attachments"].save(f"amara/{name}", ContentFile(data))
    return cast.attach(learner, PendingAttachment.model_validate(document))


def page_of(client, row):
    return client.get(f"/admin/coach/attachmentmetadata/{row.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("name", "data", "media"), [("a.png", PNG, "image/png"), ("a.pdf", b"%PDF-1.7", "application/pdf")]
)
def test_images_and_pdfs_are_shown_in_a_frame_that_reaches_nothing(as_role, amara, name, data, media):
    row = attached(amara, name, data)
    client = as_role("viewer")
    address = reverse("admin:coach_attachmentmetadata_show", args=[row.pk])
    assert f'src="{address}"' in page_of(client, row)
    shown = client.get(address)
    assert shown["Content-Type"] == media
    assert b"".join(shown.streaming_content) == data
    assert "default-src 'none'" in shown["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in shown["Content-Security-Policy"]
    assert shown["X-Frame-Options"] == "SAMEORIGIN"
    assert shown["X-Content-Type-Options"] == "nosniff"


def test_a_text_is_shown_as_text(as_role, amara):
    row = attached(amara, "a.html", "<script>alert('ä')</script>".encode())
    page = page_of(as_role("viewer"), row)
    assert "&lt;script&gt;alert(&#x27;ä&#x27;)&lt;/script&gt;" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(("name", "data"), [("a.exe", b"MZ\0\0"), ("a.svg", b"<svg onload='alert(1)'/>")])
def test_nothing_else_can_be_framed(as_role, amara, name, data):
    row = attached(amara, name, data)
    address = reverse("admin:coach_attachmentmetadata_show", args=[row.pk])
    client = as_role("viewer")
    assert client.get(address).status_code == 404
    assert "<iframe" not in page_of(client, row)
    download = client.get(reverse("admin:coach_attachmentmetadata_download", args=[row.pk]))
    assert download["Content-Disposition"].startswith("attachment")
    assert b"".join(download.streaming_content) == data
