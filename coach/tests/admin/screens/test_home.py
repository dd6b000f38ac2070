"""The first page: each number is that of the rows that its list shows, and work that was done is gone from it."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db.models import Q

from coach.documents.submissions import Submission
from coach.models import (
    AuditEvent,
    BackfillFinding,
    BackfillRun,
    CurriculumSchedule,
    MemoryUpload,
)
from coach.services import schedules
from coach.tests import cast
from coach.tests.legacy import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(console) -> None:
    """One piece of work of every kind, and some that is done."""
    cache.clear()
    amara = cast.learner(cast.AMARA)
    first, last = (
        BackfillRun.objects.create(source="command", actor="a", version="0", state=state)
        for state in ("done", "running")
    )
    for run, outcome, key in (
        (first, "conflict", "amara"),
        (last, "rejected", "felix"),
        (first, "rejected", "ngozi"),
        (last, "rejected", ""),
    ):
        BackfillFinding.objects.create(
            run=run, outcome=outcome, store="profiles", place="$", natural_key=key, code="invalid"
        )
    BackfillFinding.objects.filter(natural_key="ngozi").resolve("mended", by="staff boss", run=last)
    schedules.read(username=amara.username)
    CurriculumSchedule.objects.update(is_stale=True)
    cast.submission(amara, Submission.model_validate(people.submission("waiting", "amara")))
    MemoryUpload.objects.create(note_id="n", vector_store_id="v", idempotency_key="k", state="dead")


def work(console) -> dict[str, tuple[str, str]]:
    response = console.get("/admin/")
    assert response.status_code == 200
    return {kind.words: (kind.shown, kind.link) for kind in response.context["open_work"]}


def test_each_number_is_that_of_its_list(console, busy, client):
    client.logout()
    client.post("/admin/login/", {"username": "nobody", "password": "guess"})
    found = work(console)
    assert {words: number for words, (number, _) in found.items()} == {
        "Conflicts": "1",
        "Rejected records": "2",
        "Ungraded submissions": "1",
        "Stale schedules": "1",
        "Uploads given up": "1",
        "Failed sign-ins": "1",
        "Imports at work": "1",
    }
    for number, link in found.values():
        assert str(console.get(link).context["cl"].result_count) == number, link


def test_work_that_is_done_is_gone(console, busy):
    BackfillFinding.objects.open().resolve("set_aside", by="staff boss")
    numbers = {words: number for words, (number, _) in work(console).items()}
    assert (numbers["Conflicts"], numbers["Rejected records"]) == ("0", "0")


def test_a_failed_sign_in_keeps_no_name_that_is_nobodys(client, staff):
    viewer = staff("viewer")
    for name in (viewer.username, "my-secret-password"):
        client.post("/admin/login/", {"username": name, "password": "guess"})
    actors = AuditEvent.objects.filter(action="sign_in.failed").values_list("actor", flat=True)
    assert sorted(actors) == [f"staff {viewer.username}", "unknown"]


def test_a_number_beyond_a_thousand_is_not_counted(console, monkeypatch):
    monkeypatch.setattr("coach.admin.screens.home.MOST", 2)
    for number in range(4):
        MemoryUpload.objects.create(
            note_id="n", vector_store_id="v", idempotency_key=str(number), state="dead"
        )
    assert work(console)["Uploads given up"][0] == "2+"


def test_a_number_follows_the_filter_of_its_list(console, busy, monkeypatch):
    nothing = {"nobody": ("nobody", Q(pk=None))}
    monkeypatch.setattr("coach.admin.changelist.filters.GraderFilter.choices_of", nothing)
    assert work(console)["Ungraded submissions"][0] == "0"
