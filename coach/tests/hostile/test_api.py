"""Requests of the API that are meant to harm, and how they are answered."""

import gzip
import io
import json

import pytest
from django.test import Client

from coach.models import LearnerProfile
from coach.services.operations import tokens
from coach.tests import cast

pytestmark = pytest.mark.django_db

ADJUST = "/api/profile/amara/schedule/adjust"
SUBMISSIONS = "/api/onboarding/amara/assessment/submissions"
ATTACHMENTS = "/api/onboarding/amara/assessment/attachments"


def send(client, body, content_type="application/json", path=ADJUST, **headers):
    return client.generic("POST", path, body, content_type=content_type, headers=headers)


def kinds(answer):
    assert answer.status_code == 422
    return {fault["type"] for fault in answer.json()["detail"]}


@pytest.mark.parametrize(
    "path", ["/static/../arcadia/settings.py", "/static/%2e%2e/manage.py", "/..%2f..%2fetc/passwd"]
)
def test_traversal_in_the_address_finds_nothing(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "body", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000, '{"a":[' * 40 + "]}" * 40]
)
def test_a_hundred_thousand_brackets_are_a_fault_of_the_body(client, body):
    assert kinds(send(client, body)) == {"json_invalid"}


@pytest.mark.parametrize(
    "number", ["9" * 4000, "9" * 5000, "1e400", "-1e400", "1E+999999999", "NaN", "Infinity", "9" * 19]
)
def test_huge_numbers_are_faults_of_their_members(client, amara, number):
    answer = send(client, '{"item_id": "x", "days": ' + number + "}")

    assert answer.status_code == 422
    json.loads(answer.content, parse_constant=lambda word: pytest.fail(f"{word} in the answer"))


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800", "\\udfff\\ud800"])
def test_what_no_database_keeps_is_refused(client, amara, text):
    body = '{"responses": [{"task_id": "sql-talk", "response": "' + text + '"}]}'

    assert kinds(send(client, body, path=SUBMISSIONS)) == {"string_unicode"}


@pytest.mark.parametrize(
    "path", ["/api/profile/a%00b", "/api/profile/%00", f"{ATTACHMENTS}/%00/download", "/api/%00"]
)
def test_nul_in_an_address_is_refused(client, path):
    assert client.get(path).status_code in (404, 422)


def test_a_body_beyond_two_mebibytes_is_refused_unread(client):
    assert send(client, b"[" + b"1," * 1_100_000 + b"1]").status_code == 413


def test_many_members_of_one_name_count_once(client, amara):
    assert send(client, '{"item_id": "x",' * 1 + '"days": 1,' * 50_000 + '"days": 2}').status_code == 404


@pytest.mark.parametrize("character", ["\u202e", "\u200f", "\u2066", "\u061c", "\x07", "\x7f", "\x85"])
def test_bidirectional_and_control_characters_are_in_nobodys_name(client, character):
    body = json.dumps({"username": f"am{character}ara", "goal": "x"})

    assert send(client, body, path="/api/onboarding/plan").status_code == 422
    assert not LearnerProfile.objects.exists()


@pytest.mark.parametrize("name", ["аmara", "ａmara", "amarа", "amara\u200b", "ämara"])
def test_a_name_that_only_looks_the_same_is_somebody_else(client, amara, name):
    assert client.get(f"/api/profile/{name}").status_code == 404


def test_two_spellings_of_one_name_are_one_learner(client):
    cast.learner(cast.FELIX, username="zoë")

    assert client.get("/api/profile/ZOE\u0308").status_code == 200


def test_a_compressed_body_is_not_decompressed(client, amara):
    bomb = gzip.compress(b'{"item_id": "' + b"x" * 50_000_000 + b'"}')
    assert len(bomb) < 100_000

    answer = send(client, bomb, **{"content-encoding": "gzip"})

    assert kinds(answer) == {"json_invalid"}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "x" * 500,
        "a/b; c=\x01",
    ],
)
def test_another_content_type_is_not_read_as_json(client, amara, content_type):
    assert send(client, '{"item_id": "x"}', content_type).status_code == 422


def test_external_entities_are_not_even_parsed(client, amara):
    body = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'

    answer = send(client, body, "application/xml")
    assert answer.status_code == 422
    assert "root:" not in answer.content.decode()


class Stalling(io.BytesIO):
    """A body of which nothing more comes."""

    def read(self, *_):
        raise TimeoutError("timed out")


@pytest.mark.parametrize(
    ("path", "content_type"),
    [(ADJUST, "application/json"), (f"{ATTACHMENTS}/files", "multipart/form-data; boundary=x")],
)
def test_a_slow_body_is_answered_with_408(client, amara, path, content_type):
    body = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": "100", "wsgi.input": Stalling()}

    assert client.generic("POST", path, **body).status_code == 408


@pytest.mark.parametrize(
    "path",
    ["/api/profile/a%0d%0aSet-Cookie:%20b=c/schedule/", "/healthz/?a=%0d%0aX: y", "/healthz/?\r\nX: y"],
)
def test_a_redirect_cannot_be_made_to_carry_headers(client, path):
    answer = client.get(path)

    assert "\r" not in answer.get("Location", "")
    assert "\n" not in answer.get("Location", "")
    assert "Set-Cookie" not in answer


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example/", "/%2f%2fevil.example/", "/healthz//evil.example/"]
)
def test_no_redirect_leads_to_another_site(client, path):
    assert not client.get(path).get("Location", "/").startswith(("//", "/\\", "http"))


def test_a_host_that_is_not_ours_is_refused(settings):
    settings.ALLOWED_HOSTS = ["coach.example"]

    assert (
        Client(raise_request_exception=False).get("/healthz", headers={"host": "evil.example"}).status_code
        == 400
    )


@pytest.mark.parametrize("path", ["/healthz", "/api/profile/amara", "/admin/login/", "/no/such"])
def test_every_answer_says_that_its_type_is_meant(client, amara, path):
    assert client.get(path)["X-Content-Type-Options"] == "nosniff"


def test_a_forged_token_opens_nothing(client, amara, settings):
    settings.REQUIRE_API_TOKEN = True
    real = tokens.create(name="app", by="test").text
    key = real.split("_")[1]

    for forged in (
        f"arcadia_{key}_{'A' * 43}",
        f"arcadia_{'0' * 12}_{real.split('_', 2)[2]}",
        real[:-1],
        "' OR 1=1 --",
    ):
        assert (
            client.get("/api/profile/amara", headers={"authorization": f"Bearer {forged}"}).status_code == 401
        )
