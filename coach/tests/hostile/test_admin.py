"""Input that is meant to harm staff: forged forms, redirects, scripts in every text, searches."""

import contextlib
import json

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse

from coach.documents.submissions import Attachment, PendingAttachment, Submission
from coach.models import AuditEvent, BackfillFinding, BackfillRun
from coach.services.operations import tokens
from coach.tests import cast

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def boss(django_user_model):
    return django_user_model.objects.create_superuser("boss", password="a right one")


def test_the_console_takes_no_form_of_another_site(boss):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(boss)

    for path in ("/admin/login/", "/admin/logout/", "/admin/coach/apitoken/add/"):
        assert browser.post(path, {"name": "x"}).status_code == 403, path


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/coach/learnerprofile/", "/admin/coach/apitoken/", "/admin/auth/user/"]
)
def test_nobody_sees_the_console_without_signing_in(client, path):
    answer = client.get(path)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_signing_in_leads_to_no_other_site(client, boss):
    answer = client.post(
        "/admin/login/?next=https://evil.example/", {"username": "boss", "password": "a right one"}
    )

    assert "evil" not in answer["Location"]


@pytest.fixture
def scripted():
    """A learner, and everything around one, with a script in every text."""
    learner = cast.learner(
        cast.AMARA,
        username="amara",
        goal=SCRIPT,
        use_case=SCRIPT,
        strengths=SCRIPT,
        timezone=SCRIPT,
        knowledge_tags=[SCRIPT],
        recent_sessions=[SCRIPT],
        memory_records=[{"note_id": SCRIPT, "note": SCRIPT, "tags": [SCRIPT], "created_at": cast.NOON}],
        elo_snapshot={SCRIPT: 1000},
        elo_category_plan={"generated_at": cast.NOON, "categories": [{**cast.CATEGORY, "key": SCRIPT, "label": SCRIPT}]},
        curriculum_plan={
            "generated_at": cast.NOON, "overview": SCRIPT, "modules": [{**cast.MODULES[0], "title": SCRIPT, "summary": SCRIPT}]
        },
        onboarding_assessment={"generated_at": cast.NOON, "tasks": [{**cast.TASKS[0], "title": SCRIPT, "prompt": SCRIPT}]},
        curriculum_schedule={
            "generated_at": cast.NOON,
            "cadence_notes": SCRIPT,
            "items": [{"item_id": SCRIPT, "kind": "lesson", "category_key": SCRIPT, "title": SCRIPT, "summary": SCRIPT}],
        },
    )  # fmt: skip
    document = Submission(
        submission_id=SCRIPT,
        username="amara",
        submitted_at=cast.NOON,
        responses=[{"task_id": SCRIPT, "response": SCRIPT, "category_key": SCRIPT, "task_type": "code"}],
        metadata={SCRIPT: SCRIPT},
        attachments=[
            Attachment(attachment_id=SCRIPT, name=SCRIPT, url=f"javascript:{SCRIPT}", created_at=cast.NOON)
        ],
    )
    cast.submission(learner, document)
    pending = PendingAttachment(
        attachment_id=f"p{SCRIPT}",
        username="amara",
        kind="link",
        name=SCRIPT,
        url="javascript:alert(1)",
        created_at=cast.NOON,
    )
    cast.attach(learner, pending)
    AuditEvent.objects.create(
        learner=learner, username=SCRIPT, actor=SCRIPT, action="a.b", detail=json.dumps({SCRIPT: SCRIPT})
    )
    run = BackfillRun.objects.create(
        source="command", actor=SCRIPT, state="failed", version=SCRIPT, error=SCRIPT
    )
    BackfillFinding.objects.create(
        run=run, outcome="rejected", store="profiles", place=SCRIPT, natural_key=SCRIPT, code="x",
        errors=json.dumps([{"place": SCRIPT, "reason": SCRIPT}]),
    )  # fmt: skip
    tokens.create(name=SCRIPT, by=SCRIPT)
    return learner


def pages():
    """The list of every kind of row, and the page of its first row."""
    admin.autodiscover()
    for model in admin.site._registry:
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"admin:{label}_changelist")
        row = model._default_manager.first()
        for name in ("change", "page", "history"):
            with contextlib.suppress(NoReverseMatch):
                if row is not None:
                    yield reverse(f"admin:{label}_{name}", args=(row.pk,))


def test_a_script_in_any_text_is_only_text_to_staff(client, boss, scripted):
    client.force_login(boss)
    shown = 0

    for page in ["/admin/", *pages()]:
        answer = client.get(page, follow=True)
        text = answer.content.decode()
        assert answer.status_code == 200, page
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page
        assert 'href="javascript:' not in text.lower(), page
        shown += "&lt;script&gt;alert" in text

    assert shown >= 8


def test_staff_pages_run_no_script_but_their_own(client, boss):
    client.force_login(boss)

    policy = client.get("/admin/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy


def test_a_search_of_staff_is_not_sql(client, boss, amara):
    client.force_login(boss)

    for words in ("' OR 1=1 --", "%", "\\", "a'b\"c", "\x00"):
        assert client.get("/admin/coach/learnerprofile/", {"q": words}).status_code < 500
