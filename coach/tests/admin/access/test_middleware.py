"""Every staff page carries the policy, and nothing in it needs an exception."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError

from coach import schema_drift
from coach.admin.access.middleware import POLICY

PAGES = (
    "/admin/",
    "/admin/coach/",
    "/admin/coach/learnerprofile/",
    "/admin/coach/learnerprofile/?q=zzz",
    "/admin/coach/learnerprofile/{pk}/",
    "/admin/coach/learnerprofile/{pk}/change/",
    "/admin/coach/learnerprofile/{pk}/json/",
    "/admin/coach/learnerprofile/{pk}/history/",
    "/admin/coach/learnerprofile/{pk}/delete/",
    "/admin/coach/learnerprofile/{pk}/documents/elo_category_plan/",
    "/admin/coach/learnerprofile/import/",
    "/admin/coach/assessmentsubmission/",
    "/admin/coach/attachmentmetadata/",
    "/admin/coach/backfillrun/operations/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/password_change/",
    "/admin/nowhere/",
)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_carries_the_policy_and_needs_no_exception(console, amara, page):
    response = console.get(page.format(pk=amara.pk))
    assert response["Content-Security-Policy"] == POLICY
    shown = response.content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)[^>]*>\s*[^<\s]", shown)
    assert not re.search(r'(src|href)="(https?:)?//(?!example\.org)', shown)


def test_the_preview_of_an_import_needs_no_exception(console, upload):
    from coach.tests.legacy import people

    response = upload(console, "learnerprofile", {"amara": people.FULL_AMARA, "bad": []})
    assert response["Content-Security-Policy"] == POLICY
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)[^>]*>\s*[^<\s]", response.content.decode())


def test_the_login_page_carries_it_too_and_the_api_does_not(client, db):
    assert client.get("/admin/login/")["Content-Security-Policy"] == POLICY
    assert client.get("/healthz").get("Content-Security-Policy") != POLICY


def test_an_error_carries_the_policy_where_no_session_can_be_read(console, monkeypatch):
    def fail(store):
        raise OperationalError

    monkeypatch.setattr(SessionStore, "load", fail)
    console.raise_request_exception = False
    response = console.get("/admin/")
    assert response.status_code == 503
    assert response["Content-Security-Policy"] == POLICY
    assert response["Cache-Control"] == "private, no-store"


def test_the_banner_names_the_deployment(console, settings):
    settings.ENVIRONMENT_NAME, settings.ENVIRONMENT_COLOUR = "staging <1>", "amber"
    assert (
        '<span class="deployment deployment-amber">staging &lt;1&gt;</span>'
        in console.get("/admin/").content.decode()
    )
    settings.ENVIRONMENT_NAME = ""
    assert 'class="deployment' not in console.get("/admin/").content.decode()


def test_operations_show_runs_tables_and_queue(console, amara):
    from coach.models import BackfillRun

    run = BackfillRun.objects.create(
        source="command",
        actor="a",
        version="0",
        files='[{"store": "profiles", "name": "p", "records": 10}]',
        counts='{"profiles": {"read": 4, "rejected": 1}}',
    )
    page = console.get("/admin/coach/backfillrun/operations/").content.decode()
    assert f">run {run.pk}</a>" in page
    assert "4 of 10" in page
    assert "all applied" in page


def test_a_role_that_may_not_compare_the_schema_is_told_so(console, monkeypatch):
    def refuse():
        raise schema_drift.NotComparable("The role reader may not create a schema")

    monkeypatch.setattr(schema_drift, "differences", refuse)
    page = console.get("/admin/coach/backfillrun/operations/?schema=1").content.decode()
    assert "The role reader may not create a schema" in page


def test_the_demo_account_is_kept_and_gets_a_new_password(db, settings, capsys):
    from django.contrib.auth import authenticate
    from django.core.management import CommandError, call_command

    passwords = []
    for _ in range(2):
        settings.DEBUG = True
        call_command("demo_staff")
        passwords.append(capsys.readouterr().out.split("password: ")[1].strip())
    assert authenticate(username="staff", password=passwords[1]).is_superuser
    assert authenticate(username="staff", password=passwords[0]) is None
    settings.DEBUG = False
    with pytest.raises(CommandError, match="ARCADIA_DEBUG"):
        call_command("demo_staff")


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_sign_in_leads_to_no_other_site(client, staff, address):
    user = staff("viewer")
    user.set_password("a password")
    user.save()
    sent = {"username": "viewer", "password": "a password", "next": address}
    answer = client.post("/admin/login/", sent, follow=True)
    assert (answer.request["PATH_INFO"], answer.status_code) == ("/admin/", 200)
