"""The log: JSON lines with the request's id, and nothing that a learner or a client wrote."""

import json
import logging

import pytest
from django.db import IntegrityError

from coach import logs, telemetry
from coach.services.operations import tokens
from coach.tests import cast

SECRETS = ("amara", "Read any query plan", "a secret note", "arcadia_")


@pytest.fixture
def lines():
    """Everything that is logged, as production writes it."""
    written = []

    class Collect(logging.Handler):
        def emit(self, record):
            written.append(self.format(record))

    handler = Collect()
    handler.setFormatter(logs.JSONLines())
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in written]
    root.removeHandler(handler)


@pytest.mark.django_db
def test_each_request_is_one_line_with_its_route_and_id(client, lines):
    cast.learner(cast.FELIX)
    answer = client.get("/api/profile/felix?secret=1")

    [line] = [line for line in lines() if line["logger"] == "coach.requests"]
    assert line["request_id"] == answer["X-Request-ID"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "api/profile/<str:username>", 200)
    assert line["duration_ms"] > 0


@pytest.mark.django_db
def test_probes_are_worth_a_line_only_when_they_fail(client, lines):
    client.get("/healthz")

    assert lines() == []


@pytest.mark.parametrize("given", ["abc", "3f2c-77.a:b_c", "x" * 128])
def test_a_sane_id_of_the_client_is_kept(client, given):
    assert client.get("/healthz", headers={"x-request-id": given})["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", " ", "a b", "x" * 129, "é", '"', "a\r\nSet-Cookie: b=c", "-a", "{}"])
def test_any_other_is_replaced(client, given):
    answered = client.get("/healthz", headers={"x-request-id": given})["X-Request-ID"]

    assert answered != given
    assert len(answered) == 16


@pytest.mark.django_db
def test_nothing_a_learner_or_client_wrote_is_logged(client, lines, settings):
    client.raise_request_exception = False
    cast.learner(cast.AMARA)
    token = tokens.create(name="app", by="test").text
    headers = {"authorization": f"Bearer {token}"}
    body = {
        "responses": [{"task_id": "sql-talk", "response": "a secret note"}],
        "metadata": {"k": "a secret note"},
    }
    client.post(
        "/api/onboarding/amara/assessment/submissions", body, content_type="application/json", headers=headers
    )
    client.post("/api/session/chat", {"message": "a secret note"}, content_type="application/json")
    client.post(
        "/api/onboarding/amara/assessment/submissions", "a secret note{", content_type="application/json"
    )
    client.get("/api/profile/amara/unknown")
    client.get("/admin/amara")

    assert lines()
    for line in lines():
        assert not [secret for secret in SECRETS if secret in json.dumps(line)], line


@pytest.mark.django_db
def test_an_unexpected_error_shows_its_kind_and_place_but_not_its_words(client, lines, monkeypatch):
    from coach.services import schedules

    def broken(**_):
        raise RuntimeError("a secret note") from IntegrityError("Key (username)=(amara) already exists.")

    monkeypatch.setattr(schedules, "read", broken)
    answer = client.get("/api/profile/amara/schedule")

    assert answer.status_code == 500
    [line] = [line for line in lines() if line["level"] == "ERROR" and "error" in line]
    assert line["request_id"] == answer["X-Request-ID"]
    assert line["error"]["kind"] == "builtins.RuntimeError"
    assert line["error"]["cause"]["kind"] == "django.db.utils.IntegrityError"
    assert any("test_logs.py" in frame and "broken" in frame for frame in line["error"]["frames"])
    assert "secret" not in json.dumps(lines())
    assert "amara" not in json.dumps(lines())


def test_a_line_cannot_be_forged(lines):
    logging.getLogger("coach").warning('one\n{"level": "forged"}')

    [line] = lines()
    assert line["level"] == "WARNING"


def test_an_event_shows_its_members(lines):
    telemetry.emit("schedule_generation", changed=True)

    [line] = lines()
    assert (line["message"], line["changed"]) == ("schedule_generation", True)
