"""What each route answers, and what is stored, when the model fails: in every way it can."""

import pytest
from django.test import Client

from coach.models import AssessmentSubmission, LearnerProfile, SessionAttachment
from coach.tests import cast, serving

pytestmark = pytest.mark.django_db

# How the model fails, and the status of the routes that must have it.
FAILURES = {
    "away": (None, 503),
    "slow": ({"text": "late", "delay": 1.5}, 503),
    "401": ({"status": 401}, 502),
    "429": ({"status": 429}, 502),
    "500": ({"status": 500}, 502),
    "malformed": ({"raw": '{"id": '}, 502),
    "cut off": ({"raw": '{"status": "incomplete", "output": []}'}, 502),
    "endless": ({"calls": [{"name": "progress_start", "arguments": {"total": 1}}]}, 502),
    "empty": ({"text": ""}, 502),
    "not JSON": ({"text": "Let me explain."}, 502),
    "misfit": ({"json": {"display": 5, "widgets": 5, "tracks": 5, "tasks": 5, "curriculum": 5}}, 502),
}
# To these chat has an answer: it shows them.
SHOWN_BY_CHAT = {"empty", "not JSON"}
FILE = {"file_id": "f1", "name": "n.txt", "mime_type": "text/plain", "size": 1}

client = Client()


def post(path, body):
    return client.post(path, body, content_type="application/json")


@pytest.fixture(params=FAILURES)
def failure(request, model, settings):
    answer, status = FAILURES[request.param]
    if answer is None:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{serving.free_port()}/v1"
    else:
        model.answers(answer, times=0)
    if request.param == "slow":
        settings.AGENT_TIMEOUT = 0.5
    return request.param, status


def test_a_plan_fails_with_what_was_told_and_inferred_kept(failure):
    _, status = failure
    answer = post(
        "/api/onboarding/plan", {"username": "nova", "goal": " Tide data ", "strengths": "patience"}
    )

    learner = LearnerProfile.objects.get()
    assert answer.status_code == status
    assert (learner.goal, learner.strengths) == ("Tide data", "patience")
    assert learner.inference is not None
    assert [track.track_id for track in learner.tracks] == ["foundations-programming", "foundations-data"]
    assert (learner.plan, learner.curriculum, learner.assessment) == (None, None, None)


def test_a_forced_plan_that_fails_leaves_the_plan_that_is_there(failure):
    before = cast.learner(cast.AMARA)
    answer = post("/api/onboarding/plan", {"username": "amara", "goal": "New goal", "force": True})

    after = LearnerProfile.objects.get()
    assert answer.status_code == failure[1]
    assert after.goal == "New goal"
    for column in ("elo_category_plan", "curriculum_plan", "onboarding_assessment", "elo_snapshot"):
        assert getattr(after, column) == getattr(before, column)


def test_a_submission_is_graded_provisionally(failure):
    cast.learner(cast.AMARA)
    answer = post(
        "/api/onboarding/amara/assessment/submissions",
        {"responses": [{"task_id": "sql-talk", "response": "all rows"}]},
    )

    row = AssessmentSubmission.objects.get()
    assert answer.status_code == 201
    assert row.graded_by == "provisional"
    assert answer.json()["grading"]["task_results"][0]["score"] == 0.5


@pytest.mark.parametrize("kind", ["lesson", "quiz", "milestone"])
def test_a_topic_fails_with_the_metadata_kept(failure, kind):
    answer = post(
        f"/api/session/{kind}",
        {"topic": "knots", "metadata": {"username": "nova", "goal": "Sail"}, "session_id": "s"},
    )

    learner = LearnerProfile.objects.get()
    assert answer.status_code == failure[1]
    assert answer.json()["detail"]
    assert (learner.goal, learner.sessions) == ("Sail", ["s"])


def test_a_chat_fails_with_metadata_and_attachments_kept(failure):
    name, status = failure
    metadata = {"username": "nova", "goal": "Sail"}
    answer = post("/api/session/chat", {"message": "hello", "metadata": metadata, "attachments": [FILE]})

    assert answer.status_code == (200 if name in SHOWN_BY_CHAT else status)
    assert LearnerProfile.objects.get().goal == "Sail"
    assert SessionAttachment.objects.get().document.name == "n.txt"


def test_an_upload_is_described_all_the_same(model):
    from django.core.files.uploadedfile import SimpleUploadedFile

    model.script.load([{"when": {"route": "files"}, "answer": {"status": 500}, "times": 0}])
    file = SimpleUploadedFile("n.txt", b" one\n two ", content_type="text/plain")
    answer = client.post("/api/chatkit/upload", {"file": file})

    assert answer.status_code == 200
    assert answer.json()["openai_file_id"] is None
    assert answer.json()["preview"] == "one two"


@pytest.mark.parametrize("route", ["lesson", "quiz", "milestone", "chat"])
def test_without_a_model_the_answer_is_502(settings, route):
    settings.OPENAI_API_KEY = ""

    assert post(f"/api/session/{route}", {"topic": "t", "message": "m"}).status_code == 502


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"], ids=["NUL", "surrogate"])
@pytest.mark.parametrize("route", ["plan", "lesson", "chat"])
def test_characters_that_cannot_be_stored_are_an_unusable_answer(model, route, text):
    envelope = f'{{"display": "{text}", "profile_summary": "{text}", "curriculum": {{"overview": ""}}}}'
    model.answers({"text": envelope}, times=0)
    path = "/api/onboarding/plan" if route == "plan" else f"/api/session/{route}"

    answer = post(path, {"username": "nova", "goal": "g", "topic": "t", "message": "m"})
    assert answer.status_code == 502
