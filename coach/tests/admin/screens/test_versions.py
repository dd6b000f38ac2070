"""What changed, and the way back: on the audit list, a learner's history, a run's page and the version itself."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from coach.models import AuditEvent, LearnerProfile, RecordVersion
from coach.models.versions import fingerprint
from coach.services import staff as services
from coach.services.keeping import versions
from coach.tests import cast
from coach.tests.admin.conftest import ROLES
from coach.tests.legacy import people
from coach.tests.services.test_schedules import UNBUILDABLE

pytestmark = pytest.mark.django_db(transaction=True)


def edit(user, **changes):
    row = LearnerProfile.objects.get(username="amara")
    seen = {name: fingerprint(getattr(row, name)) for name in changes}
    services.edit_learner(user=user, username="amara", changes=changes, seen=seen)
    return RecordVersion.objects.first()


def question(client, version):
    page = client.get(reverse("admin:coach_recordversion_put_back", args=[version.pk]))
    return page, re.search(r'name="seen" value="(\w+)"', page.content.decode())[1]


def answer(client, version, seen):
    address = reverse("admin:coach_recordversion_put_back", args=[version.pk])
    return client.post(address, {"seen": seen}, follow=True)


def goal():
    return LearnerProfile.objects.get(username="amara").goal


@pytest.mark.parametrize("role", ROLES)
def test_editors_put_back_and_everybody_reads(as_role, staff, amara, role):
    version = edit(staff("coach"), goal="new")
    client = as_role(role)
    page = client.get(f"/admin/coach/recordversion/{version.pk}/change/").content.decode()
    assert "Read any query plan." in page
    assert "new" in page
    may = role in ("coach", "superuser")
    assert ("Put back…" in page) == may
    address = reverse("admin:coach_recordversion_put_back", args=[version.pk])
    assert (client.get(address).status_code == 403) == (not may)
    seen = versions.mark(version, {"goal": "new"})
    assert (client.post(address, {"seen": seen}).status_code == 403) == (not may)
    assert goal() == ("Read any query plan." if may else "new")


def test_putting_back_asks_with_both_values_first(as_role, staff, amara):
    version = edit(staff("coach"), goal="new")
    client = as_role("coach")
    page, seen = question(client, version)
    assert page.content.decode().index("new") < page.content.decode().index("Read any query plan.")
    assert goal() == "new"
    answer(client, version, seen)
    assert goal() == "Read any query plan."


def test_a_row_that_moved_meanwhile_is_refused_with_both_values(as_role, staff, amara):
    version = edit(staff("coach"), goal="new")
    client = as_role("coach")
    _, seen = question(client, version)
    edit(staff("superuser"), goal="newest")
    refused = answer(client, version, seen).content.decode()
    assert "Nothing was written" in refused
    assert "newest" in refused
    assert goal() == "newest"
    assert "changed again since" in refused


def test_every_place_says_what_changed(as_role, staff, amara):
    edit(staff("coach"), goal="new goal here")
    client = as_role("viewer")
    for address in (
        f"/admin/coach/learnerprofile/{amara.pk}/",
        f"/admin/coach/learnerprofile/{amara.pk}/history/",
        "/admin/coach/auditevent/",
        f"/admin/coach/auditevent/{AuditEvent.objects.get(action='learner.edited').pk}/change/",
    ):
        page = client.get(address).content.decode()
        assert "$.goal" in page, address
        assert "Read any query plan." in page, address
        assert "new goal here" in page, address


def test_a_run_says_what_it_replaced(console, amara, upload, confirm):
    first = upload(console, "learnerprofile", {"felix": people.profile("felix")})
    confirm(console, "learnerprofile", first)
    second = upload(console, "learnerprofile", {"felix": people.profile("felix", goal="moved on")})
    page = confirm(console, "learnerprofile", second).content.decode()
    assert "felix&#x27;s goal" in page
    assert "moved on" in page


def test_a_later_change_is_not_taken_for_an_earlier_one(as_role, staff, amara):
    edit(staff("coach"), goal="second")
    edit(staff("coach"), goal="third")
    page = as_role("viewer").get(f"/admin/coach/learnerprofile/{amara.pk}/").content.decode()
    assert "Read any query plan.&#x27; → &#x27;second&#x27;" in page
    assert "second&#x27; → &#x27;third&#x27;" in page


def test_what_a_colleague_changed_yesterday_takes_two_filters(as_role, staff, amara):
    edit(staff("coach"), goal="today")
    client = as_role("viewer")
    page = client.get("/admin/coach/auditevent/").content.decode()
    assert "?who=staff+coach" in page
    assert "?when=yesterday" in page
    both = {"who": "staff coach", "when": "today", "what": "edited", "learner__id__exact": amara.pk}
    assert client.get("/admin/coach/auditevent/", both).context["cl"].result_count == 1
    for other in ({"who": "client"}, {"when": "yesterday"}, {"what": "plan"}, {"learner__id__exact": 0}):
        assert client.get("/admin/coach/auditevent/", both | other).context["cl"].result_count == 0, other
    assert client.get("/admin/coach/auditevent/", {"q": "staff coach"}).context["cl"].result_count == 1


def test_imports_and_exports_are_found_by_what_was_done(as_role, amara, upload, confirm):
    operator = as_role("operator")
    confirm(operator, "learnerprofile", upload(operator, "learnerprofile", {"kaz": people.profile("kaz")}))
    export = {"action": "export", "_selected_action": [amara.pk], "choice": "csv", "confirmed_count": "1"}
    operator.post("/admin/coach/learnerprofile/", export).close()
    AuditEvent.objects.create(learner=amara, username="amara", actor="a test", action="learner.edited")

    found = operator.get("/admin/coach/auditevent/", {"what": "import"}).context["cl"].queryset
    assert sorted(event.action for event in found) == ["data.exported", "import.confirmed"]


def test_regenerating_one_schedule_asks_first(as_role, amara):
    client, address = as_role("coach"), f"/admin/coach/learnerprofile/{amara.pk}/regenerate/"
    before = amara.to_document().curriculum_schedule
    assert "can be put back" in client.get(address).content.decode()
    assert LearnerProfile.objects.get(pk=amara.pk).to_document().curriculum_schedule == before
    client.post(address)
    assert RecordVersion.objects.get().before["curriculum_schedule"]["items"]


def test_a_schedule_that_could_not_be_made_is_shown_as_such(as_role, db):
    learner = cast.learner(UNBUILDABLE)
    client, page = as_role("coach"), f"/admin/coach/learnerprofile/{learner.pk}/"
    client.post(f"{page}regenerate/")
    history = client.get(f"{page}history/").content.decode()
    assert "could not be generated" in history
    assert "Schedule generated" not in history
    assert "Regenerated the schedule" not in str(list(LogEntry.objects.values_list("change_message")))
