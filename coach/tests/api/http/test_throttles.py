import concurrent.futures
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from coach.admin.access import login
from coach.models import ThrottleWindow
from coach.services.operations import throttles
from coach.tests import cast

pytestmark = pytest.mark.django_db

FILES = "/api/onboarding/amara/assessment/attachments/files"
LINKS = "/api/onboarding/amara/assessment/attachments/links"
SUBMISSIONS = "/api/onboarding/amara/assessment/submissions"


@pytest.fixture
def amara():
    return cast.learner(cast.AMARA)


@pytest.fixture
def two_a_minute(settings):
    rates = {"uploads": (2, 60), "submissions": (2, 60), "login": (20, 3600)}
    settings.THROTTLES = rates
    return rates


def upload(client, **headers):
    return client.post(FILES, {"file": SimpleUploadedFile("a.txt", b"a")}, headers=headers)


def link(client):
    return client.post(LINKS, {"url": "https://a.example"}, content_type="application/json")


def submit(client):
    body = {"responses": [{"task_id": "sql-talk", "response": "Rows."}]}
    return client.post(SUBMISSIONS, json.dumps(body), content_type="application/json")


def test_uploads_of_one_client_are_limited(client, amara, two_a_minute):
    first, last = upload(client), upload(client)
    assert [first.status_code, last.status_code] == [201, 201]
    assert first["RateLimit-Policy"] == '"uploads";q=2;w=60'
    assert first["RateLimit"].startswith('"uploads";r=1;t=')
    assert last["RateLimit"].startswith('"uploads";r=0;t=')

    refused = upload(client)

    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60
    assert refused["RateLimit"].startswith('"uploads";r=0;t=')
    assert refused["Error-Code"] == "throttled"


def test_links_count_as_uploads(client, amara, two_a_minute):
    assert [link(client).status_code for _ in range(3)] == [201, 201, 429]


def test_every_route_with_a_limit_says_so_in_the_description(client):
    description = client.get("/openapi.json").json()
    operations = [operation for path in description["paths"].values() for operation in path.values()]
    assert {entry["operationId"] for entry in operations if "429" in entry["responses"]} == {
        "linkAttachment",
        "submitAnswers",
        "uploadAttachment",
        "uploadChatFile",
    }


def test_submissions_have_a_limit_of_their_own(client, amara, two_a_minute):
    assert [upload(client).status_code for _ in range(2)] == [201, 201]
    assert [submit(client).status_code for _ in range(3)] == [201, 201, 429]


def test_reading_is_not_limited(client, amara, two_a_minute):
    assert {client.get(SUBMISSIONS).status_code for _ in range(5)} == {200}


def test_another_client_is_not_held_up(client, amara, two_a_minute):
    for _ in range(3):
        upload(client)

    assert client.post(
        FILES, {"file": SimpleUploadedFile("a.txt", b"a")}, REMOTE_ADDR="192.0.2.7"
    ).status_code == 201  # fmt: skip


def test_a_forwarded_address_is_believed_only_of_our_own_proxies(client, amara, two_a_minute, settings):
    for number in range(2):
        upload(client, **{"x-forwarded-for": f"192.0.2.{number}"})

    assert upload(client, **{"x-forwarded-for": "192.0.2.99"}).status_code == 429


def test_on_a_developers_machine_there_are_no_limits(client, amara):
    assert {upload(client).status_code for _ in range(20)} == {201}
    assert not ThrottleWindow.objects.exists()


def test_a_window_begins_anew_when_it_is_over(two_a_minute):
    assert [throttles.use(scope="uploads", who="a", rate=(1, 60)).left for _ in range(2)] == [0, -1]
    ThrottleWindow.objects.update(started=1)

    assert throttles.use(scope="uploads", who="a", rate=(1, 60)).left == 0


def test_no_address_is_kept(client, amara, two_a_minute):
    upload(client)

    assert "127.0.0.1" not in ThrottleWindow.objects.get().key


# --- signing in -----------------------------------------------------------------------------------


def sign_in(client, password, **extra):
    return client.post("/admin/login/?next=/admin/", {"username": "boss", "password": password}, **extra)


@pytest.fixture
def boss(django_user_model):
    return django_user_model.objects.create_superuser("boss", password="a right one")


def test_who_fails_too_often_is_refused_even_with_the_right_password(client, boss, two_a_minute):
    assert [sign_in(client, "wrong").status_code for _ in range(2)] == [200, 200]

    refused = sign_in(client, "a right one")

    assert b"Too many failed attempts" in refused.content
    assert "_auth_user_id" not in client.session


def test_somewhere_else_the_same_account_signs_in(client, boss, two_a_minute):
    for _ in range(3):
        sign_in(client, "wrong")

    assert sign_in(client, "a right one", REMOTE_ADDR="192.0.2.7").status_code == 302


def test_signing_in_rightly_does_not_count(client, boss, two_a_minute):
    for _ in range(5):
        assert sign_in(client, "a right one").status_code == 302


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_one_ipv6_network_is_one_client(one, other, same):
    assert (login.network(one) == login.network(other)) == same


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql("SQLite lets one connection write at a time")
def test_guesses_made_at_once_are_all_counted(settings):
    settings.THROTTLES = {**settings.THROTTLES, "login": (100, 3600)}

    def guess(number):
        try:
            data = {"username": "boss", "password": f"wrong {number}"}
            return "Too many" in Client().post("/admin/login/", data).content.decode()
        finally:
            connection.close()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        refused = list(pool.map(guess, range(40)))

    assert refused.count(False) == 10
