"""The jobs of coaches, each from its first page to what a client of the API then sees."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def served(live_server: Any) -> Any:
    """Asks the API as a client does."""

    def ask(path: str) -> Any:
        with urllib.request.urlopen(live_server.url + path, timeout=10) as answer:
            return json.load(answer)

    return ask


@pytest.fixture
def coach(open_console: Any, theme: str) -> Any:
    """A window in which a coach is signed in."""
    console = open_console(color_scheme=theme)
    console.log_in("coach")
    return console


def put_back(page: Page) -> None:
    """From a learner's page: the newest change in History."""
    page.get_by_role("link", name="History").click()
    page.click("a.put-back >> nth=0")
    page.click("input[value='Put back']")
    expect(page.locator(".messagelist")).to_contain_text("was put back")


def test_an_edit_is_read_and_put_back(coach, open_console, amara, served, theme):
    before = served("/api/profile/amara")
    address = f"/admin/coach/learnerprofile/{amara.pk}/"
    page = coach.open(address)
    page.click("text=Edit profile")
    page.fill("#id_goal", "Sail around the world.")
    page.click("input[name=_save]")
    assert served("/api/profile/amara")["goal"] == "Sail around the world."
    viewer = open_console(color_scheme=theme)
    viewer.log_in("viewer")
    read = viewer.open(address)
    read.get_by_role("link", name="History").click()
    expect(read.locator("table.changes >> nth=0")).to_contain_text(before["goal"])
    expect(read.locator("table.changes >> nth=0")).to_contain_text("Sail around the world.")
    expect(read.locator("a.put-back")).to_have_count(0)
    coach.open(address)
    put_back(page)
    after = served("/api/profile/amara")
    assert after.pop("last_updated") != before.pop("last_updated")
    assert after == before


def test_a_regenerated_schedule_is_undone(coach, amara, served):
    before = served("/api/profile/amara/schedule")
    address = f"/admin/coach/learnerprofile/{amara.pk}/"
    page = coach.open(address)
    page.click("text=Regenerate schedule")
    assert served("/api/profile/amara/schedule") == before
    page.click("input[value^=Regenerate]")
    expect(page.locator(".messagelist")).to_be_visible()
    assert served("/api/profile/amara/schedule") != before
    coach.open(address)
    put_back(page)
    assert served("/api/profile/amara/schedule") == before


def test_a_submission_is_graded_by_hand_and_the_api_serves_it(coach, amara, served):
    row = amara.submissions.exclude(submission_id="sub-graded").order_by("id")[0]
    page = coach.open(f"/admin/coach/assessmentsubmission/{row.pk}/change/")
    page.get_by_role("link", name="Grade").click()
    page.click("text=Store the grade")
    expect(page.locator(".errornote")).to_contain_text("The grade was not stored.")
    for box in page.locator("input[name$=-score]").all():
        box.fill("80")
    for box in page.locator("textarea[name$=feedback]").all():
        box.fill("Clear and complete.")
    page.click("text=Store the grade")
    expect(page.locator(".messagelist")).to_be_visible()
    [graded] = [
        submission
        for submission in served("/api/onboarding/amara/assessment/submissions")
        if submission["submission_id"] == row.submission_id
    ]
    assert graded["grading"]["overall_feedback"] == "Clear and complete."
    assert {task["score"] for task in graded["grading"]["task_results"]} == {0.8}
