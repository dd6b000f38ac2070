"""Each member of staff reads times, and writes them, in the zone of their choice."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client

from coach.models import ApiToken, AssessmentSubmission, AuditEvent, LearnerProfile, StaffPreference
from coach.services.operations import tokens

pytestmark = pytest.mark.django_db

# Just before midnight of the old year, which is the new year farther east.
MIDNIGHT = dt.datetime(2025, 12, 31, 23, 30, tzinfo=dt.UTC)


@pytest.fixture
def in_tokyo(console, staff):
    console.post("/admin/coach/learnerprofile/preferences/", {"timezone": "Asia/Tokyo"})
    return console


def times(answer) -> list[str]:
    return re.findall(r"<time [^>]*>([^<]*)</time>", answer.text)


def test_a_zone_is_chosen_and_survives_a_new_login(console, staff):
    page = console.post(
        "/admin/coach/learnerprofile/preferences/", {"timezone": "Europe/Berlin"}, follow=True
    )
    assert re.search(r"It is now <time [^>]*>\d+ \w+ \d{4}, \d\d:\d\d CES?T</time>", page.text)
    other = Client()
    other.force_login(staff("superuser"))
    assert "Times in Europe/Berlin" in other.get("/admin/").text


def test_without_a_choice_times_are_in_the_zone_of_the_settings(console, amara):
    assert "Times in UTC" in console.get("/admin/").text
    AssessmentSubmission.objects.update(submitted_at=MIDNIGHT)
    assert "31 Dec 2025, 23:30 UTC" in times(console.get("/admin/coach/assessmentsubmission/"))


def test_a_zone_that_does_not_exist_is_refused(console, staff):
    page = console.post("/admin/coach/learnerprofile/preferences/", {"timezone": "Mars/Olympus"})
    assert "Mars/Olympus is not one of the available choices" in page.text
    assert not StaffPreference.objects.exists()


def test_lists_pages_dates_and_filters_follow_the_zone(in_tokyo, amara):
    AssessmentSubmission.objects.update(submitted_at=MIDNIGHT)
    for address in (
        "/admin/coach/assessmentsubmission/?submitted_at__year=2026&submitted_at__month=1&submitted_at__day=1",
        f"/admin/coach/assessmentsubmission/{amara.submissions.first().pk}/change/",
        f"/admin/coach/learnerprofile/{amara.pk}/",
    ):
        assert "1 Jan 2026, 08:30 JST" in times(in_tokyo.get(address)), address
    steps = re.search(r"date-steps.*?</nav>", in_tokyo.get("/admin/coach/assessmentsubmission/").text, re.S)
    assert "year=2026" in steps[0]
    assert "year=2025" not in steps[0]


def test_django_s_own_pages_name_the_zone(in_tokyo):
    tokens.create(name="desktop", by="staff boss")
    ApiToken.objects.update(created_at=MIDNIGHT)
    page = in_tokyo.get(f"/admin/coach/apitoken/{ApiToken.objects.get().pk}/change/").text
    assert "1 Jan 2026, 08:30 JST" in page


def test_forms_read_times_in_the_zone(in_tokyo):
    in_tokyo.post(
        "/admin/coach/apitoken/add/",
        {"name": "desktop", "learner": "", "expires_at_0": "2040-01-01", "expires_at_1": "09:00"},
    )
    assert ApiToken.objects.get().expires_at == dt.datetime(2040, 1, 1, 0, 0, tzinfo=dt.UTC)


def test_a_time_at_the_end_of_the_calendar_is_shown_in_utc(in_tokyo, amara):
    LearnerProfile.objects.update(last_updated=dt.datetime.max.replace(tzinfo=dt.UTC))
    AuditEvent.objects.create(at=dt.datetime.min.replace(tzinfo=dt.UTC), actor="a", action="learner.edited")
    assert "31 Dec 9999" in times(in_tokyo.get("/admin/coach/learnerprofile/"))
    assert in_tokyo.get("/admin/coach/auditevent/?at__year=1").status_code == 200


def test_the_api_knows_no_zone(in_tokyo, amara):
    assert in_tokyo.get("/api/profile/amara").text.count("Z") > 0
    assert "+09:00" not in in_tokyo.get("/api/profile/amara").text
