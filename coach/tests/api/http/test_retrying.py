"""Requests that are repeated under an Idempotency-Key: one effect, and the same answer."""

import datetime as dt
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from coach import attachments as storage
from coach.documents.base import utc_now
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    AuditEvent,
    ChatFile,
    ChatItem,
    ChatThread,
    IdempotencyKey,
    LearnerProfile,
    ScheduleItem,
    SessionAttachment,
)
from coach.services import schedules
from coach.services.keeping import erasing
from coach.services.operations import tokens
from coach.tests import cast
from coach.tests.hostile import routes

EFFECTS = (
    LearnerProfile,
    AssessmentSubmission,
    AttachmentMetadata,
    AuditEvent,
    ChatFile,
    ChatItem,
    ChatThread,
    ScheduleItem,
    SessionAttachment,
)
LINKS = "/api/onboarding/amara/assessment/attachments/links"
MESSAGE = {
    "type": "threads.create",
    "params": {
        "input": {
            "content": [{"type": "input_text", "text": "hello"}],
            "attachments": [],
            "inference_options": {},
        }
    },
}
PROGRESS = "/api/session/schedule/"


def everything():
    return [list(model.objects.order_by("pk").values()) for model in EFFECTS]


@pytest.fixture
def amara(settings, transactional_db):
    settings.AGENT, settings.DEBUG_ENDPOINTS = "offline", True
    learner = cast.learner(cast.AMARA)
    schedules.read(username="amara")
    return learner


def sound(path):
    if path.startswith(PROGRESS):
        item = ScheduleItem.objects.exclude(kind="milestone").order_by("position").first()
        return {"username": "amara", "item_id": item.item_id}
    if path.endswith("adjust"):
        return {"item_id": ScheduleItem.objects.order_by("position").first().item_id, "days": 2}
    return MESSAGE if path == "/chatkit" else routes.SOUND[path]


def send(client, path, body=None, key="k", **headers):
    headers |= {"idempotency-key": key} if key else {}
    if path in routes.UPLOADS:
        form = {"file": SimpleUploadedFile("a.txt", body or b"hello", "text/plain"), "description": "é"}
        answer = client.post(path, form, headers=headers)
    else:
        text = json.dumps(body if body is not None else sound(path))
        answer = client.post(path, text, content_type="application/json", headers=headers)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, content, answer.get("Content-Type"), answer.get("Error-Code")


@pytest.mark.parametrize("path", [*routes.posts(), *routes.UPLOADS])
def test_a_repeated_request_has_one_effect_and_the_same_answer(client, amara, path):
    first = send(client, path, body := None if path in routes.UPLOADS else sound(path))
    after = everything()

    assert first[0] < 300
    assert send(client, path, body) == first
    assert everything() == after


@pytest.mark.parametrize("path", [LINKS, *routes.UPLOADS])
def test_without_the_header_each_request_counts(client, amara, path):
    for key in (None, "first", "second"):
        assert send(client, path, key=key)[0] < 300

    assert AttachmentMetadata.objects.count() + ChatFile.objects.count() == 3


def test_a_key_belongs_to_one_request(client, amara):
    upload = routes.UPLOADS[0]
    send(client, LINKS)
    send(client, upload, b"one", key="file")
    before = everything()

    other_body = send(client, LINKS, {"url": "https://b.example"})
    other_route = send(client, "/api/onboarding/amara/assessment/status", {"status": "pending"})
    other_query = send(client, f"{LINKS}?again=1", routes.SOUND[LINKS])
    other_file = send(client, upload, b"two", key="file")

    for answer in (other_body, other_route, other_query, other_file):
        assert answer[0] == 422
        assert answer[3] == "key_reused"
    assert everything() == before


@pytest.mark.parametrize("key", ["", "  ", "k" * 256])
def test_an_unusable_key_is_refused(client, amara, key):
    answer = client.post(LINKS, routes.SOUND[LINKS], "application/json", headers={"idempotency-key": key})

    assert (answer.status_code, answer["Error-Code"]) == (422, "unusable_key")
    assert not AttachmentMetadata.objects.exists()


def test_each_caller_has_keys_of_its_own(client, amara):
    for name in ("desk", "phone"):
        headers = {"authorization": f"Bearer {tokens.create(name=name, by='test').text}"}
        assert send(client, LINKS, **headers)[0] == 201

    assert AttachmentMetadata.objects.count() == 2


def test_a_request_at_work_keeps_repetitions_away_until_its_time_is_over(client, amara):
    first = send(client, LINKS)
    unanswered = {"status": None, "busy_until": utc_now() + dt.timedelta(seconds=60)}
    IdempotencyKey.objects.update(**unanswered)

    waiting = client.post(LINKS, routes.SOUND[LINKS], "application/json", headers={"idempotency-key": "k"})
    assert (waiting.status_code, waiting["Error-Code"], waiting["Retry-After"]) == (409, "still_at_work", "5")

    IdempotencyKey.objects.update(busy_until=utc_now())
    taken_over = send(client, LINKS)
    assert taken_over[0] == 201
    assert taken_over != first


def test_who_was_overtaken_during_a_pause_changes_nothing_more(client, amara, settings):
    """The upload takes longer than its pause may: a repetition takes over, and the first one gives up."""

    def taken_over(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith('INSERT INTO "coach_idempotencykey"'):
            with connection.cursor() as cursor:
                cursor.execute("UPDATE coach_idempotencykey SET holder = 'another'")
        return result

    with connection.execute_wrapper(taken_over):
        answer = send(client, routes.UPLOADS[0])

    assert (answer[0], answer[3]) == (409, "still_at_work")
    assert not AttachmentMetadata.objects.exists()
    assert IdempotencyKey.objects.get().holder == "another"


def test_a_failure_is_not_kept(client, amara, settings):
    settings.AGENT = "model"
    assert send(client, "/api/session/lesson")[0] == 502

    settings.AGENT = "offline"
    assert send(client, "/api/session/lesson")[0] == 200


def test_an_adjustment_that_was_stored_is_kept_although_it_failed(client, amara):
    LearnerProfile.objects.update(elo_category_plan=None, elo_snapshot="{}")
    day = ScheduleItem.objects.order_by("position").first().recommended_day_offset
    path, body = "/api/profile/amara/schedule/adjust", sound("adjust")

    first = send(client, path, body)

    assert first[0] == 503
    assert send(client, path, body) == first
    assert LearnerProfile.objects.get().adjustments == {body["item_id"]: day + 2}


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@pytest.mark.parametrize(
    ("path", "model", "statements"),
    [
        (LINKS, AttachmentMetadata, 5),
        (routes.UPLOADS[0], AttachmentMetadata, 8),
        ("/api/onboarding/amara/assessment/submissions", AssessmentSubmission, 12),
    ],
)
@pytest.mark.parametrize("kind", [Killed, RuntimeError])
def test_a_death_at_any_statement_and_a_repetition_leave_one_effect(
    client, amara, path, model, statements, kind
):
    client.raise_request_exception = kind is Killed

    def dying(execute, sql, params, many, context):
        nonlocal sent
        sent += 1
        if sent == deadly:
            raise kind
        return execute(sql, params, many, context)

    for deadly in range(1, 100):
        sent, key = 0, f"key {deadly}"
        try:
            with connection.execute_wrapper(dying):
                first = send(client, path, key=key)
        except Killed:
            first = None
        again = send(client, path, key=key)
        assert again[0] == 201
        assert model.objects.count() == deadly
        if sent < deadly:
            assert first == again
            break

    assert deadly > statements


def test_an_answer_is_kept_for_a_day(client, amara):
    first = send(client, LINKS)
    IdempotencyKey.objects.update(made_at=utc_now() - dt.timedelta(hours=24, seconds=1))
    assert IdempotencyKey.objects.expired().count() == 1

    assert send(client, LINKS) != first
    assert AttachmentMetadata.objects.count() == 2
    assert not IdempotencyKey.objects.expired().exists()


@pytest.mark.parametrize("path", [LINKS, "/api/onboarding/plan", "/api/session/chat", routes.UPLOADS[0]])
def test_answers_go_with_their_learner(client, amara, path):
    send(client, path)
    assert IdempotencyKey.objects.exists()

    send(client, "/api/developer/reset", {"username": "amara"}, key="reset")

    assert IdempotencyKey.objects.get().status == 204


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/onboarding/amara/assessment/submissions", {"responses": [{"response": "amara's secret"}]}),
        ("/api/onboarding/plan", {"username": "AMARA", "use_case": "amara's secret"}),
        ("/api/session/chat", {"metadata": {"username": "Amara"}, "message": ["amara's secret"]}),
    ],
)
def test_refusals_that_quote_a_learner_go_with_the_learner(client, amara, path, body):
    assert b"secret" in send(client, path, body)[1]

    send(client, "/api/developer/reset", {"username": "amara"}, key="reset")

    assert IdempotencyKey.objects.get().status == 204


def test_bytes_of_a_learner_who_is_erased_meanwhile_do_not_stay(client, amara, monkeypatch):
    upload, paths = storage.upload, []

    def overtaken(*given, **named):
        stored = upload(*given, **named)
        paths.append(stored.path)
        erasing.erase(username="amara")
        return stored

    monkeypatch.setattr(storage, "upload", overtaken)

    assert send(client, routes.UPLOADS[0])[0] == 409
    assert [storage.exists(path) for path in paths] == [False]


def test_a_message_whose_answer_broke_off_is_stored_once(client, amara):
    headers = {"idempotency-key": "k"}
    begun = client.post("/chatkit", json.dumps(MESSAGE), "application/json", headers=headers)
    events = iter(begun.streaming_content)
    while b"user_message" not in next(events):
        pass
    assert send(client, "/chatkit")[0] == 409
    begun.close()

    answer = send(client, "/chatkit")

    assert answer[0] == 200
    assert b"assistant_message" in answer[1]
    assert send(client, "/chatkit") == answer
    assert ChatThread.objects.count() == 1
    assert ChatItem.objects.filter(kind="user_message").count() == 1
