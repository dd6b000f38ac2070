"""A learner's progress, as clients see it."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from coach.documents.schedule import NO_PROGRESS, ServedSchedule
from coach.models import AuditEvent, LearnerProfile, ScheduleItem
from coach.tests import cast

pytestmark = pytest.mark.django_db

FIRST, CHECK, MILESTONE = "lesson-joins", "quiz-joins", "milestone-sql-reading"


@pytest.fixture
def offline(settings):
    settings.AGENT = "offline"


@pytest.fixture
def amara(client):
    learner = cast.learner(cast.AMARA)
    client.get("/api/profile/amara/schedule")
    return learner


def ask(client, action, item_id=FIRST, status=200, **members):
    body = {"username": " Amara ", "item_id": item_id, **members}
    answer = client.post(f"/api/session/schedule/{action}", body, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def shown(client):
    return client.get("/api/profile/amara/schedule").json()


def item(schedule, item_id):
    (found,) = [item for item in schedule["items"] if item["item_id"] == item_id]
    return found


def test_a_launched_item_is_in_progress_and_opens_with_content_of_its_kind(client, amara, offline):
    answer = ask(client, "launch", session_id="s1")

    assert answer["item"] == item(answer["schedule"], FIRST) == item(shown(client), FIRST)
    assert answer["item"]["launch_status"] == "in_progress"
    assert answer["item"]["active_session_id"] == answer["content"]["session_id"] == "s1"
    assert answer["item"]["last_completed_at"] is None
    content = answer["content"]
    assert [content["kind"], content["quiz"], content["milestone"]] == ["lesson", None, None]
    assert answer["item"]["title"] in content["lesson"]["display"]


def test_a_launch_without_a_session_begins_one(client, amara, offline):
    first, second = (ask(client, "launch")["content"]["session_id"] for _ in range(2))
    assert first
    assert first != second
    assert LearnerProfile.objects.get().sessions == [first, second]


def test_only_items_with_progress_show_it(client, amara):
    before = shown(client)
    after = ask(client, "complete")

    assert item(after, FIRST).keys() - item(before, FIRST).keys() == NO_PROGRESS.keys()
    others = [entry for entry in after["items"] if entry["item_id"] != FIRST]
    assert others == [entry for entry in before["items"] if entry["item_id"] != FIRST]


def test_completing_twice_changes_nothing(client, amara):
    first = ask(client, "complete", session_id="s")
    assert item(first, FIRST)["active_session_id"] == "s"
    assert ask(client, "complete", session_id="other") == first == shown(client)
    assert AuditEvent.objects.filter(action="schedule.completed").count() == 1


def test_reopening_undoes_a_completion(client, amara, offline):
    before = shown(client)
    ask(client, "complete")
    assert ask(client, "reopen") == before == ask(client, "reopen")

    launched = ask(client, "launch")["schedule"]
    ask(client, "complete")
    assert ask(client, "reopen") == launched


def test_a_milestone_waits_for_the_lessons_and_quizzes_before_it(client, amara, offline):
    refused = ask(client, "launch", MILESTONE, status=409)["detail"]
    assert refused["code"] == "milestone_locked"
    assert item(shown(client), FIRST)["title"] in refused["message"]
    assert "launch_status" not in item(shown(client), MILESTONE)

    ask(client, "complete", FIRST)
    ask(client, "launch", MILESTONE, status=409)
    ask(client, "complete", CHECK)
    assert ask(client, "launch", MILESTONE)["content"]["milestone"]["intent"] == "milestone"


def test_a_forced_milestone_does_not_wait(client, amara, offline):
    assert ask(client, "launch", MILESTONE, force=True)["item"]["launch_status"] == "in_progress"


def test_an_item_whose_content_cannot_be_made_is_as_before(client, amara):
    before = shown(client)
    ask(client, "launch", status=502)
    assert shown(client) == before


def test_no_transaction_is_open_while_the_content_is_made(client, amara, offline, monkeypatch):
    from coach.agent.offline import coach

    depths = []
    topic = coach.topic
    outside = len(connection.savepoint_ids)
    monkeypatch.setattr(
        coach, "topic", lambda *a, **k: (depths.append(len(connection.savepoint_ids)), topic(*a, **k))[1]
    )
    ask(client, "launch")
    assert depths == [outside]


def test_a_completed_item_cannot_be_moved(client, amara):
    ask(client, "complete")
    body = json.dumps({"item_id": FIRST, "days": 3})
    answer = client.post("/api/profile/amara/schedule/adjust", body, content_type="application/json")
    assert answer.status_code == 422
    assert "reopen" in answer.json()["detail"]


def test_a_refresh_keeps_what_is_completed_and_moving_another_item_too(client, amara):
    completed = item(ask(client, "complete"), FIRST)
    refreshed = client.get("/api/profile/amara/schedule?refresh=true").json()
    assert item(refreshed, FIRST) == completed
    assert item(refreshed, CHECK)["prerequisites"] == []

    body = json.dumps({"item_id": MILESTONE, "days": 3})
    adjusted = client.post("/api/profile/amara/schedule/adjust", body, content_type="application/json").json()
    assert item(adjusted, FIRST) == completed


def test_what_is_stored_is_what_is_shown(client, amara, offline):
    ask(client, "launch")
    after = ask(client, "complete", CHECK)
    assert ServedSchedule.model_validate(after).items[0].launch_status == "in_progress"
    rows = ScheduleItem.objects.exclude(launch_status="pending").values_list("item_id", "launch_status")
    assert dict(rows) == {FIRST: "in_progress", CHECK: "completed"}


@pytest.mark.parametrize("action", ["launch", "complete", "reopen"])
@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"username": "nobody"}, 404),
        ({"item_id": "gone"}, 404),
        ({"item_id": " "}, 422),
        ({"username": " "}, 422),
        ({"username": "felix"}, 404),
        ({"item_id": None}, 422),
    ],
)
def test_what_cannot_be_done_is_refused(client, amara, offline, action, members, status):
    cast.learner(cast.FELIX)
    body = {"username": "amara", "item_id": FIRST, **members}
    answer = client.post(f"/api/session/schedule/{action}", body, content_type="application/json")
    assert answer.status_code == status
