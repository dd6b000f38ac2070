"""Pages of other sites change nothing, on any route; all other clients are served."""

import pytest

from coach.models import LearnerProfile
from coach.tests import cast
from coach.tests.hostile import routes

pytestmark = pytest.mark.django_db

PAGE = {"Origin": "https://evil.example"}
WRITES = [*routes.posts(), *routes.UPLOADS, "/admin/login/", "/admin/coach/learnerprofile/"]


@pytest.fixture
def amara():
    return cast.learner(cast.AMARA)


def write(client, path="/api/session/reset", **headers):
    return client.generic("POST", path, "{}", content_type="text/plain", headers=headers)


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    "page", [PAGE, {"Origin": "null"}, {"Origin": "http://["}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_page_of_another_site_writes_nowhere(client, amara, path, page):
    assert write(client, path, **page).status_code == 403
    assert LearnerProfile.objects.count() == 1


def test_nor_does_it_delete(client, amara):
    path = "/api/onboarding/amara/assessment/attachments/a"
    assert client.delete(path, headers=PAGE).status_code == 403


@pytest.mark.parametrize("path", ["/api/profile/amara", "/api/profile/a%0Ab", "/nowhere"])
def test_reading_stays_open(client, amara, path):
    assert client.get(path, headers=PAGE)["Access-Control-Allow-Origin"] == "*"
    assert "origin" in client.get(path)["Vary"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": ""},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://testserver"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_clients_without_a_page_and_our_own_pages_write(client, headers):
    body = client.generic(
        "POST", "/api/session/reset", "{}", content_type="application/json", headers=headers
    )
    assert body.status_code == 204


def test_a_named_origin_writes(client, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    answer = client.generic(
        "POST",
        "/api/session/reset",
        "{}",
        content_type="application/json",
        headers={"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 204
    assert write(client, **PAGE).status_code == 403
