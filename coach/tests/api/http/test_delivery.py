"""Entity tags, compression and caching of JSON answers."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client

from coach.tests import cast

pytestmark = pytest.mark.django_db

PROFILE = "/api/profile/amara"


@pytest.fixture(autouse=True)
def amara():
    return cast.learner(cast.AMARA)


def test_a_client_that_has_the_answer_gets_304_without_a_body(client):
    first = client.get(PROFILE)
    again = client.get(PROFILE, headers={"if-none-match": first["ETag"], "origin": "https://a.example"})

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert again["Cache-Control"] == first["Cache-Control"] == "private, no-cache"
    assert again.has_header("Access-Control-Allow-Origin")


def test_the_session_of_a_member_of_staff_is_not_asked_for(admin_client, django_assert_num_queries):
    with django_assert_num_queries(3):
        anonymous = Client().get(PROFILE)
    with django_assert_num_queries(3):
        answer = admin_client.get(PROFILE)

    assert (answer.content, answer["Vary"]) == (anonymous.content, anonymous["Vary"])
    assert not answer.cookies


def test_reading_knows_no_failed_precondition(client):
    asked = {"if-match": '"other"', "if-none-match": '"another"'}
    answer = client.get(PROFILE, headers=asked)
    assert (answer.status_code, answer.content) == (200, client.get(PROFILE).content)


def test_a_changed_answer_has_another_tag(client):
    first = client.get(PROFILE)
    client.get(f"{PROFILE}/schedule")
    again = client.get(PROFILE, headers={"if-none-match": first["ETag"]})

    assert again.status_code == 200
    assert again["ETag"] != first["ETag"]


def test_json_is_compressed_where_the_client_asks(client):
    plain = client.get(PROFILE)
    packed = client.get(PROFILE, headers={"accept-encoding": "gzip"})

    assert not plain.has_header("Content-Encoding")
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 2
    assert "Accept-Encoding" in plain["Vary"]
    assert "Accept-Encoding" in packed["Vary"]


def test_the_tag_of_a_compressed_answer_serves_both_forms(client):
    packed = client.get(PROFILE, headers={"accept-encoding": "gzip"})
    for accepted in ("gzip", "identity"):
        asked = {"accept-encoding": accepted, "if-none-match": packed["ETag"]}
        assert client.get(PROFILE, headers=asked).status_code == 304


@pytest.mark.parametrize("refusal", ["gzip;q=0", "br, gzip ; q=0.000", "GZIP;Q=0.0, identity"])
def test_who_refuses_compression_gets_none(client, refusal):
    client.get(f"{PROFILE}/schedule")
    assert not client.get(PROFILE, headers={"accept-encoding": refusal}).has_header("Content-Encoding")


def test_what_is_small_is_not_compressed(client):
    answer = client.get("/healthz", headers={"accept-encoding": "gzip"})
    assert not answer.has_header("Content-Encoding")


def test_errors_and_writes_have_no_tag(client):
    assert not client.get("/api/profile/nobody").has_header("ETag")
    reset = client.post("/api/session/reset", {}, content_type="application/json")
    assert not reset.has_header("ETag")


def test_pages_are_left_as_they_are(client):
    answer = client.get("/admin/login/", headers={"accept-encoding": "gzip"})
    assert not answer.has_header("Content-Encoding")
    assert not answer.has_header("ETag")
