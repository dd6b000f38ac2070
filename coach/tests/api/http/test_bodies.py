"""Conventions of the contract that hold for every route."""

import json

import pytest

from coach.tests import cast

pytestmark = pytest.mark.django_db

JSON = "application/json"
RESET = "/api/session/reset"
ADJUST = "/api/profile/amara/schedule/adjust"


def faults(answer):
    assert answer.status_code == 422
    return [(fault["type"], fault["loc"]) for fault in answer.json()["detail"]]


def send(client, body, content_type="application/json"):
    return client.generic("POST", ADJUST, body, content_type=content_type)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", [("missing", ["body"])]),
        ("null", [("missing", ["body"])]),
        ("{", [("json_invalid", ["body", 1])]),
        ('{"item_id": ', [("json_invalid", ["body", 12])]),
        ("[" * 100_000, [("json_invalid", ["body", 0])]),
        ('{"reason": ' + '{"a": ' * 70 + "1" + "}" * 71, [("json_invalid", ["body", 0])]),
        ("1" * 5000, [("json_invalid", ["body", 0])]),
        ('"x"', [("model_attributes_type", ["body"])]),
        ("{}", [("missing", ["body", "item_id"])]),
        ('{"item_id": "x", "days": null}', [("int_type", ["body", "days"])]),
        ('{"item_id": "x", "days": 1.5}', [("int_from_float", ["body", "days"])]),
        ('{"item_id": "x", "days": 99.0}', [("less_than_equal", ["body", "days"])]),
        ('{"item_id": "x", "days": NaN}', [("finite_number", ["body", "days"])]),
        ('{"item_id": "a\\u0000b"}', [("string_unicode", ["body", "item_id"])]),
        ('{"item_id": "\\ud800"}', [("string_unicode", ["body", "item_id"])]),
    ],
)
def test_a_body_of_the_wrong_shape_is_described(client, body, expected):
    assert faults(send(client, body)) == expected


def test_an_escaped_backslash_before_u0000_is_text(client):
    assert send(client, json.dumps({"item_id": "\\u0000"})).status_code == 404


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/problem+json", ""])
def test_json_is_read_under_its_content_types(client, content_type):
    assert send(client, '{"item_id": "x"}', content_type).status_code == 404


def test_another_content_type_is_no_object(client):
    assert faults(send(client, '{"item_id": "x"}', "text/plain")) == [("model_attributes_type", ["body"])]


def test_a_body_of_more_than_two_mebibytes_is_refused(client):
    answer = send(client, json.dumps({"item_id": "x" * 2_200_000}))

    assert answer.status_code == 413
    assert "2 MiB" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH"])
def test_only_the_methods_of_the_table_are_served(client, method):
    assert client.generic(method, "/healthz").status_code == 405


def test_an_unknown_route_is_json_in_any_method(client):
    answer = client.delete("/api/nothing")

    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


def test_one_slash_too_many_is_redirected_with_the_query(client):
    answer = client.post("/api/profile/zo%C3%AB/schedule/?refresh=1")

    assert (answer.status_code, answer["Location"]) == (307, "/api/profile/zo%C3%AB/schedule?refresh=1")


@pytest.mark.parametrize("path", ["//evil.example/", "/api/profile/a//", "/api/nothing/"])
def test_nothing_else_is_redirected(client, path):
    assert client.generic("GET", path).status_code == 404


def test_route_names_are_case_sensitive(client):
    assert client.get("/API/profile/amara").status_code == 404


def test_a_preflight_is_answered_with_what_it_asked_for(client):
    answer = client.options(
        ADJUST,
        headers={
            "origin": "https://app.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,x-own",
        },
    )

    assert answer.status_code == 200
    assert answer["access-control-allow-origin"] == "*"
    assert answer["access-control-allow-headers"] == "content-type,x-own"
    assert answer["access-control-max-age"] == "600"


def test_a_preflight_without_an_origin_is_not_one(client):
    assert client.options(ADJUST, headers={"access-control-request-method": "POST"}).status_code == 405


def test_even_an_unexpected_error_is_json_and_carries_the_origin_header(client, monkeypatch):
    from coach.services import schedules

    def broken(**_):
        raise RuntimeError("nobody expected this")

    monkeypatch.setattr(schedules, "read", broken)
    client.raise_request_exception = False
    answer = client.get("/api/profile/amara/schedule", headers={"origin": "https://app.example"})

    assert (answer.status_code, answer.json()) == (
        500,
        {"detail": "Internal Server Error"},
    )
    assert answer["access-control-allow-origin"] == "*"


def test_developer_routes_are_hidden_where_the_configuration_says_so(client, settings):
    settings.DEBUG_ENDPOINTS = False

    assert client.get("/api/developer/submissions").status_code == 404
    assert (
        client.post("/api/developer/reset", {"username": "x"}, content_type="application/json").status_code
        == 404
    )


def test_whatever_a_client_accepts_it_gets_json(client):
    cast.learner(cast.FELIX)
    answer = client.get("/api/profile/felix", headers={"accept": "text/html"})

    assert answer["Content-Type"] == "application/json"


SUBMISSIONS = "/api/onboarding/amara/assessment/submissions"


def test_of_many_faults_a_hundred_are_listed_and_the_rest_counted(client):
    body = json.dumps({"responses": [{"task_id": 1, "response": 2}] * 5_000})
    answer = client.generic("POST", SUBMISSIONS, body, content_type="application/json")
    listed = answer.json()["detail"]

    assert len(listed) == 101
    assert listed[-1]["type"] == "too_many_faults"
    assert "9900 more" in listed[-1]["msg"]


@pytest.mark.parametrize(
    "body",
    [
        {"responses": [1] * 10_001},
        {"responses": [{"task_id": "a", "response": "b"}], "metadata": {f"k{n}": 1 for n in range(10_001)}},
    ],
)
def test_a_list_or_object_without_end_is_refused_as_a_whole(client, body):
    answer = client.generic("POST", SUBMISSIONS, json.dumps(body), content_type="application/json")

    assert [kind for kind, _ in faults(answer)] == ["value_error"]


@pytest.mark.parametrize(
    "entry",
    ["x" * 100_000, {"task_id": "x" * 100_000}, {"y" * 100_000: 1}, ["x"] * 50_000, [[["x" * 9]] * 9_999]],
)
def test_what_a_client_sent_is_quoted_in_brief(client, entry):
    body = {"responses": [entry], "metadata": {"k" * 100_000: 1}}
    answer = client.generic("POST", SUBMISSIONS, json.dumps(body), content_type="application/json")

    assert answer.status_code == 422
    assert len(answer.content) < 2_000


def test_a_short_value_is_quoted_as_it_is(client):
    assert send(client, '{"item_id": {"a": [1, null]}}').json()["detail"][0]["input"] == {"a": [1, None]}


@pytest.mark.parametrize("text", ['"\\ud800"', '{"a": ["\\ud83d"]}'])
def test_half_a_surrogate_pair_does_no_harm_where_nobody_reads_it(client, text):
    assert client.generic("POST", RESET, f'{{"extra": {text}}}', content_type=JSON).status_code == 204
    metadata = f'{{"topic": "t", "metadata": {{"x": {text}}}}}'
    assert client.generic("POST", "/api/session/lesson", metadata, content_type=JSON).status_code == 422


@pytest.mark.parametrize(
    ("body", "kind", "quoted"), [("hällo", "text/plain", "hällo"), ('{"item_id": NaN}', JSON, "NaN")]
)
def test_what_a_client_sent_is_quoted_in_its_own_words(client, body, kind, quoted):
    assert send(client, body, kind).json()["detail"][0]["input"] == quoted


def test_an_answer_without_a_body_has_no_content_type(client):
    done = client.generic("POST", RESET, "{}", content_type=JSON)
    moved = client.get("/healthz/")
    assert (done.status_code, moved.status_code) == (204, 307)
    assert not done.has_header("Content-Type")
    assert not moved.has_header("Content-Type")


@pytest.mark.parametrize("origin", ["", "null", "https://client.example"])
def test_every_origin_is_answered_alike_an_empty_one_too(client, settings, origin):
    settings.CORS_ALLOW_ALL_ORIGINS = True
    asked = {"origin": origin, "access-control-request-method": "POST"}
    assert client.get("/healthz", headers={"origin": origin})["Access-Control-Allow-Origin"] == "*"
    assert client.options("/api/session/chat", headers=asked).status_code == 200


def test_a_nul_in_a_query_is_not_called_a_path(client, settings):
    settings.DEBUG_ENDPOINTS = True
    answer = client.get("/api/developer/submissions?username=%00")
    assert answer.status_code == 422
    assert "path" not in answer.json()["detail"]
