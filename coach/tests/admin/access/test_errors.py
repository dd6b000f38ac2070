"""What staff read where a page is refused, or is not there."""

from __future__ import annotations

import pytest

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


def test_clients_of_the_api_get_json(client, db):
    assert client.get("/nothing/here").json()["detail"] == "Not Found"
