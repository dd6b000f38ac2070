"""What staff read where a page is refused, or is not there."""

from __future__ import annotations

import pytest
from django.db import connection
from django.urls import reverse

from coach.tests.admin.conftest import ROLES


@pytest.mark.parametrize(
    ("role", "path", "permission", "groups"),
    [
        ("viewer", "assessmentsubmission/{submission}/grade/", "coach.change_learnerprofile", ["coach"]),
        ("viewer", "learnerprofile/{pk}/stores/", "coach.export_stores", ["operator"]),
        ("viewer", "assessmentsubmission/import/", "coach.import_stores", ["operator"]),
        ("operator", "learnerprofile/{pk}/regenerate/", "coach.regenerate_schedules", ["coach"]),
    ],
)
def test_a_refusal_names_the_permission_the_groups_that_have_it_and_the_account(
    as_role, amara, role, path, permission, groups
):
    answer = as_role(role).get(
        f"/admin/coach/{path}".format(pk=amara.pk, submission=amara.submissions.first().pk)
    )
    assert answer.status_code == 403
    assert (
        f"{answer.context['permission'].content_type.app_label}.{answer.context['permission'].codename}"
        == (permission)
    )
    assert [group.name for group in answer.context["groups"]] == groups
    assert f"signed in as <strong>{role}</strong>" in answer.text
    assert 'id="header"' in answer.text


@pytest.mark.parametrize("role", ROLES)
def test_a_page_that_is_not_there_keeps_the_frame(as_role, role):
    answer = as_role(role).get("/admin/nothing/here/")
    assert answer.status_code == 404
    assert "/admin/nothing/here/" in answer.text
    assert f"signed in as <strong>{role}</strong>" in answer.text


def test_a_document_that_may_only_be_read_names_the_permission_to_edit(as_role, amara):
    answer = as_role("viewer").post(f"/admin/coach/learnerprofile/{amara.pk}/documents/elo_snapshot/", {})
    assert answer.context["permission"].codename == "change_learnerprofile"


def test_a_failure_keeps_the_frame_says_who_you_are_and_asks_the_database_nothing(as_role, monkeypatch):
    asked: list[str] = []

    def fail():
        asked.clear()
        raise RuntimeError("told to nobody")

    client = as_role("coach")
    client.raise_request_exception = False
    monkeypatch.setattr("coach.admin.screens.operations._server", fail)
    with connection.execute_wrapper(lambda execute, sql, *rest: (asked.append(sql), execute(sql, *rest))[1]):
        answer = client.get("/admin/coach/backfillrun/operations/")
    assert answer.status_code == 500
    assert 'id="header"' in answer.text
    assert "signed in as <strong>coach</strong>" in answer.text
    assert f'href="{reverse("admin:index")}"' in answer.text
    assert "told to nobody" not in answer.text
    assert asked == []


def test_clients_of_the_api_get_json(client, db):
    assert client.get("/nothing/here").json()["detail"] == "Not Found"
