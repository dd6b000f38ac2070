"""Each role on each screen and each action: who may, and who is refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from coach.models import AuditEvent, BackfillFinding, BackfillRun, LearnerProfile, MemoryUpload, RecordVersion
from coach.tests.admin.conftest import MODELS, ROLES

EDITORS = ("coach", "superuser")
OPERATORS = ("operator", "superuser")
ALL = "learnerprofile assessmentsubmission attachmentmetadata".split()


def named(model) -> str:
    return model._meta.model_name


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_every_list_and_page(as_role, amara, role):
    run = BackfillRun.objects.create(source="command", actor="a", version="0")
    BackfillFinding.objects.create(run=run, outcome="rejected", store="profiles", place="$.x", code="invalid")
    AuditEvent.objects.create(learner=amara, username="amara", actor="client", action="learner.told")
    MemoryUpload.objects.create(learner=amara, note_id="n1", vector_store_id="vs", idempotency_key="k")
    RecordVersion.objects.create(learner=amara, kind="note", natural_key="n1", actor="a", document="{}")
    client = as_role(role)
    for model in MODELS:
        assert client.get(f"/admin/coach/{named(model)}/").status_code == 200, model
        page = client.get(f"/admin/coach/{named(model)}/{model.objects.first().pk}/change/", follow=True)
        assert page.status_code == 200, model
    assert client.get("/admin/coach/backfillrun/operations/").status_code == 200
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("role", ROLES)
def test_nobody_adds_or_changes_what_is_history(as_role, amara, role):
    client = as_role(role)
    for model in set(MODELS) - {LearnerProfile}:
        assert client.get(f"/admin/coach/{named(model)}/add/").status_code == 403, model
        if row := model.objects.first():
            assert client.post(f"/admin/coach/{named(model)}/{row.pk}/change/", {}).status_code == 403, model
            assert (
                client.post(f"/admin/coach/{named(model)}/{row.pk}/delete/", {"post": "yes"}).status_code
                == 403
            ), model
    assert client.get("/admin/coach/learnerprofile/add/").status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_profiles_are_edited_by_coaches(as_role, amara, role):
    client, page = as_role(role), f"/admin/coach/learnerprofile/{amara.pk}/"
    shown = client.get(page).content.decode()
    assert ("Edit profile" in shown) == (role in EDITORS)
    sent = client.post(f"{page}change/", {"goal": "x", "seen": "{}"})
    assert (sent.status_code == 403) == (role not in EDITORS)
    document = client.post(f"{page}documents/elo_snapshot/", {"elo_snapshot": "{"})
    assert (document.status_code == 403) == (role not in EDITORS)


@pytest.mark.parametrize("role", ROLES)
def test_schedules_are_regenerated_by_coaches(as_role, amara, role):
    client = as_role(role)
    sent = client.post(f"/admin/coach/learnerprofile/{amara.pk}/regenerate/")
    assert (sent.status_code == 403) == (role not in EDITORS)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("model", ALL)
def test_stores_are_imported_by_operators(as_role, db, role, model):
    client = as_role(role)
    allowed = role in OPERATORS
    assert (client.get(f"/admin/coach/{model}/import/").status_code == 200) == allowed
    upload = {
        "import_file": SimpleUploadedFile("s.json", b"{}"),
        "on_conflict": "report",
        "format": "0",
        "resource": "0",
    }
    assert (client.post(f"/admin/coach/{model}/import/", upload).status_code == 200) == allowed
    confirmed = client.post(f"/admin/coach/{model}/process_import/", {"import_file_name": "x"})
    assert (confirmed.status_code == 403) == (not allowed)
    assert ("Import a store" in client.get(f"/admin/coach/{model}/").content.decode()) == allowed


@pytest.mark.parametrize("role", ROLES)
def test_reject_files_are_read_by_operators(as_role, db, role):
    run = BackfillRun.objects.create(source="admin", actor="a", version="0")
    expected = 404 if role in OPERATORS else 403
    assert as_role(role).get(f"/admin/coach/backfillrun/{run.pk}/rejects/").status_code == expected


ACTIONS = {
    "learnerprofile": {
        "viewer": set(),
        "coach": {"regenerate", "consume"},
        "operator": {"export"},
        "superuser": {"export", "regenerate", "consume", "delete_learners"},
    },
    "assessmentsubmission": {
        "viewer": set(),
        "coach": set(),
        "operator": {"export"},
        "superuser": {"export"},
    },
    "attachmentmetadata": {
        "viewer": set(),
        "coach": set(),
        "operator": {"export"},
        "superuser": {"export", "remove"},
    },
    "memoryupload": {"viewer": set(), "coach": set(), "operator": {"requeue"}, "superuser": {"requeue"}},
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("model", ACTIONS)
def test_actions_are_offered_to_those_who_may(as_role, amara, role, model):
    MemoryUpload.objects.create(learner=amara, note_id="n1", vector_store_id="vs", idempotency_key="k")
    response = as_role(role).get(f"/admin/coach/{model}/")
    form = response.context["action_form"]
    offered = {value for value, _ in form.fields["action"].choices if value} if form else set()
    assert offered == ACTIONS[model][role]


@pytest.mark.parametrize("role", ["viewer", "coach", "operator"])
def test_an_action_that_is_not_offered_is_not_done(as_role, amara, role):
    before = LearnerProfile.objects.count()
    for action in {"export", "regenerate", "consume", "delete_learners", "delete_selected"} - ACTIONS[
        "learnerprofile"
    ][role]:
        as_role(role).post(
            "/admin/coach/learnerprofile/",
            {
                "action": action,
                "_selected_action": [amara.pk],
                "confirmed_count": "1",
                "choice": "json",
                "index": "0",
            },
        )
    assert LearnerProfile.objects.count() == before
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("role", ROLES)
def test_learners_are_deleted_by_those_who_were_given_it_in_person(as_role, amara, role):
    client = as_role(role)
    sent = client.post(f"/admin/coach/learnerprofile/{amara.pk}/delete/", {"post": "yes"})
    assert (sent.status_code == 403) == (role != "superuser")
    assert LearnerProfile.objects.exists() == (role != "superuser")


@pytest.mark.parametrize("role", ROLES)
def test_stores_are_exported_by_operators(as_role, amara, role):
    shown = as_role(role).get(f"/admin/coach/learnerprofile/{amara.pk}/").content.decode()
    assert ("Export as a legacy store" in shown) == (role in OPERATORS)


@pytest.mark.parametrize("path", ["", "1/", "import/", "1/json/", "1/documents/elo_snapshot/", "1/stores/"])
def test_strangers_are_sent_to_the_login(client, db, path):
    response = client.get(f"/admin/coach/learnerprofile/{path}")
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_staff_without_a_role_see_nothing(db, client, django_user_model):
    user = django_user_model.objects.create(username="newcomer", is_staff=True)
    client.force_login(user)
    for path in ("learnerprofile/", "learnerprofile/1/", "backfillrun/operations/", "learnerprofile/import/"):
        assert client.get(f"/admin/coach/{path}").status_code == 403
    assert "Import profiles" not in client.get("/admin/").content.decode()


def test_making_the_roles_again_changes_nothing(staff, groups):
    import importlib

    from django.apps import apps
    from django.contrib.auth.models import Group

    before = {
        group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()
    }
    importlib.import_module("coach.migrations.0004_roles").add_roles(
        apps, SimpleNamespace(connection=connection)
    )
    after = {
        group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()
    }
    assert before == after
    assert set(before) >= {"viewer", "coach", "operator"}
