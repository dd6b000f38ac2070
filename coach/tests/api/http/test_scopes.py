"""What a token allows, and what belongs to it, on every route."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from coach.models import ChatFile, ChatThread, LearnerProfile, SessionAttachment
from coach.services.operations import tokens
from coach.tests import cast
from coach.tests.hostile import routes

pytestmark = pytest.mark.django_db

CREATE = {
    "type": "threads.create",
    "params": {
        "input": {
            "content": [{"type": "input_text", "text": "hello"}],
            "attachments": [],
            "inference_options": {},
        }
    },
}
FILE = {"file_id": "f", "name": "n", "mime_type": "text/plain", "size": 1}


@pytest.fixture(autouse=True)
def learners(settings):
    settings.AGENT = "offline"
    settings.DEBUG_ENDPOINTS = True
    cast.learner(cast.AMARA)
    cast.learner(cast.FELIX)


def header(name, **scope):
    return {"authorization": f"Bearer {tokens.create(name=name, by='test', **scope).text}"}


def send(client, path, body, headers):
    answer = client.post(path, json.dumps(body), content_type="application/json", headers=headers)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer


READS = [
    "/api/profile/{}",
    "/api/profile/{}/schedule",
    "/api/profile/{}/elo-plan",
    "/api/onboarding/{}",
    "/api/onboarding/{}/status",
    "/api/onboarding/{}/assessment/submissions",
    "/api/onboarding/{}/assessment/attachments",
    "/api/onboarding/{}/assessment/attachments/a/download",
]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("name", ["felix", "nobody", "FELIX%20"])
def test_a_token_for_one_learner_reads_no_other(client, path, name):
    only_amara = header("desk", learner=" AMARA ")

    assert client.get(path.format(name), headers=only_amara).status_code == 403
    assert client.get(path.format("Amara"), headers=only_amara).status_code != 403


def about(name, value):
    """A body with every username in it replaced."""
    if isinstance(value, dict):
        return {key: name if key == "username" else about(name, part) for key, part in value.items()}
    return value


@pytest.mark.parametrize("path", [*routes.posts(), *routes.UPLOADS])
def test_a_token_for_one_learner_changes_no_other(client, path):
    before = LearnerProfile.objects.filter(username="felix").values().get()
    body = about("felix", routes.SOUND.get(path, {"item_id": "x", "username": "felix"}))
    target = path.replace("amara", "felix")
    answer = send(client, target, body, header("desk", learner="amara"))

    assert LearnerProfile.objects.filter(username="felix").values().get() == before
    if "felix" in target or "felix" in json.dumps(body) or path in routes.UPLOADS:
        # A form that is none is refused before anybody is looked for.
        assert answer.status_code == (422 if path in routes.UPLOADS else 403)


def test_a_token_for_one_learner_makes_no_other(client):
    body = {"username": "eve", "goal": "x"}

    assert send(client, "/api/onboarding/plan", body, header("desk", learner="amara")).status_code == 403
    assert not LearnerProfile.objects.filter(username="eve").exists()


@pytest.mark.parametrize("path", ["/api/developer/submissions", "/api/developer/submissions?username=amara"])
def test_what_shows_all_learners_is_not_for_a_token_of_one(client, path):
    assert client.get(path, headers=header("desk", learner="amara")).status_code == 403


@pytest.mark.parametrize("path", [*routes.posts(), *routes.UPLOADS])
def test_a_token_that_only_reads_changes_nothing(client, path):
    reader = header("report", read_only=True)

    assert send(client, path, routes.SOUND.get(path, {}), reader).status_code == 403
    assert client.get("/api/profile/amara", headers=reader).status_code == 200
    assert client.delete("/api/onboarding/amara/assessment/attachments/a", headers=reader).status_code == 403


def protocol(client, headers, kind, **params):
    return send(client, "/chatkit", {"type": kind, "params": params}, headers)


@pytest.mark.django_db(transaction=True)
def test_threads_belong_to_the_token_that_made_them(client):
    one, other = header("one"), header("other")
    send(client, "/chatkit", CREATE, one)
    thread = ChatThread.objects.get().thread_id
    listed = {"limit": 10, "order": "desc"}

    assert [row["id"] for row in protocol(client, one, "threads.list", **listed).json()["data"]] == [thread]
    for stranger in (other, {}):
        assert protocol(client, stranger, "threads.list", **listed).json()["data"] == []
        for kind in ("threads.get_by_id", "threads.delete", "items.list"):
            assert protocol(client, stranger, kind, thread_id=thread, **listed).status_code == 404
    assert ChatThread.objects.count() == 1


def test_files_belong_to_the_token_that_uploaded_them(client):
    one, other = header("one"), header("other")
    client.post("/api/chatkit/upload", {"file": SimpleUploadedFile("a.txt", b"x")}, headers=one)
    stored = json.loads(ChatFile.objects.get().file)
    stored["openai_file_id"] = "file-at-the-provider"
    ChatFile.objects.update(file=json.dumps(stored))
    attached = {**FILE, "file_id": stored["file_id"], "openai_file_id": "file-at-the-provider"}
    for headers in (one, other):
        body = {"message": "m", "session_id": "s", "attachments": [attached]}
        send(client, "/api/session/chat", body, headers)
    kept = {row.owner: row.document.openai_file_id for row in SessionAttachment.objects.all()}

    assert kept == {"one": "file-at-the-provider", "other": None}


def test_sessions_belong_to_the_token_that_began_them(client):
    one, other = header("one"), header("other")
    send(client, "/api/session/chat", {"message": "m", "session_id": "s", "attachments": [FILE]}, one)
    send(client, "/api/session/reset", {}, other)
    send(client, "/api/session/reset", {"session_id": "s"}, other)
    assert SessionAttachment.objects.count() == 1

    send(client, "/api/session/reset", {}, one)
    assert not SessionAttachment.objects.exists()
