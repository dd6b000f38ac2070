"""Every screen and action of the console, as every role, with the transactions of production: nothing fails.

Screens and actions are found in the admin itself, so that a new one is tested without being named here.
"""

from __future__ import annotations

import itertools

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import RequestFactory

from coach.models import BackfillFinding, BackfillRun, ExportRun, LearnerProfile, MemoryUpload
from coach.services.operations import tokens
from coach.tests import cast
from coach.tests.admin.conftest import ROLES
from coach.tests.legacy import people

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql("SQLite knows neither row locks nor failed transactions"),
]

# What the parts of an address may be besides the key of a row.
PARTS = {"column": "elo_snapshot", "document": "elo_snapshot", "name": "elo_snapshot"}
EVERYTHING = {"post": "yes", "confirmed_count": "1", "seen": "{}", "elo_snapshot": "{}"}
# They leave nothing to look at for those that follow.
LAST = ("delete", "logout", "password")


@pytest.fixture
def something_of_everything(amara):
    run = BackfillRun.objects.create(source="command", actor="a", version="0")
    BackfillFinding.objects.create(
        run=run, outcome="rejected", store="profiles", place="$.x", code="invalid", record='{"goal": 5}'
    )
    MemoryUpload.objects.create(learner=amara, note_id="n1", vector_store_id="vs", idempotency_key="k")
    tokens.create(name="desktop", by="staff boss")
    ExportRun.objects.create(what="learnerprofile", form="json", keys="[]", state="queued", actor="a")


def screens():
    """The address of each pattern of the console, with the model whose row it needs, if any."""
    found = []
    for pattern in admin.site.get_urls():
        for part in getattr(pattern, "url_patterns", [pattern]):
            prefix = str(pattern.pattern) if part is not pattern else ""
            found.append(prefix + str(part.pattern))
    return sorted(found, key=lambda address: any(word in address for word in LAST))


def filled(address: str, number: int) -> str:
    model = next(
        (m for m in admin.site._registry if address.startswith(f"{m._meta.app_label}/{m._meta.model_name}/")),
        None,
    )
    row = model._default_manager.order_by("pk").first() if model else None
    if model is LearnerProfile and row is None:
        row = cast.learner(cast.FELIX, username=f"felix-{number}")
    pieces = []
    for piece in address.replace("$", "").split("/"):
        if piece.startswith("<"):
            named = piece.strip("<>").rpartition(":")[2]
            piece = PARTS.get(named, str(row.pk) if row else "1")
        pieces.append(piece)
    return "/admin/" + "/".join(pieces)


@pytest.mark.parametrize("role", ROLES)
def test_no_screen_fails_whatever_is_sent_to_it(as_role, something_of_everything, role):
    client, number = as_role(role), itertools.count()
    for address in screens():
        if "(?P" in address or address.startswith(("login", "logout")):
            continue
        for sent in (None, {}, EVERYTHING):
            path = filled(address, next(number))
            answer = client.get(path) if sent is None else client.post(path, sent)
            answer.close()
            assert answer.status_code < 500, (path, sent)


@pytest.mark.parametrize("role", ROLES)
def test_no_action_fails_asked_or_confirmed(as_role, staff, something_of_everything, role):
    client, user, number = as_role(role), staff(role), itertools.count()
    for model, model_admin in admin.site._registry.items():
        request = RequestFactory().get("/")
        request.user = user
        for action in sorted(model_admin.get_actions(request), key=lambda name: "delete" in name):
            for confirmed in ({}, {"confirmed_count": "1"}, {"confirmed_count": "1", "choice": "csv"}):
                if model is LearnerProfile and not model.objects.exists():
                    cast.learner(cast.FELIX, username=f"felix-{next(number)}")
                row = model._default_manager.first()
                chosen = {"action": action, ACTION_CHECKBOX_NAME: [row.pk if row else 1], "index": "0"}
                path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
                answer = client.post(path, {**chosen, **confirmed})
                answer.close()
                assert answer.status_code < 500, (path, action)


def test_a_learner_is_deleted_from_its_page(as_role, amara):
    cast.learner(cast.FELIX, memory_records=[people.note("n9")])
    page = f"/admin/coach/learnerprofile/{amara.pk}/delete/"
    as_role("superuser").post(page, {"post": "yes"})

    assert list(LearnerProfile.objects.values_list("username", flat=True)) == ["felix"]
