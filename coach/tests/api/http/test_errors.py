"""What errors carry beside their text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coach.api.http import errors
from coach.tests import cast

pytestmark = pytest.mark.django_db


def problem(answer, status):
    assert answer.status_code == status
    return answer.json()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/profile/nobody", 404, "learner_not_found"),
        ("get", "/api/profile/felix/elo-plan", 404, "nothing_here"),
        ("get", "/api/profile/felix/schedule", 400, "cannot_schedule"),
        ("get", "/nowhere", 404, "not_found"),
        ("delete", "/api/profile/felix", 405, "method_not_allowed"),
        ("get", "/api/profile/%20", 422, "unusable_path"),
    ],
)
def test_a_text_has_a_code_in_a_header_and_the_recorded_body(client, method, path, status, code):
    cast.learner(cast.FELIX)
    answer = getattr(client, method)(path)
    assert problem(answer, status).keys() == {"detail"}
    assert answer["Error-Code"] == code


def test_a_list_of_faults_has_none(client):
    answer = client.post("/api/session/lesson", {}, content_type="application/json")
    found = problem(answer, 422)
    assert found.keys() == {"detail"}
    assert not answer.has_header("Error-Code")


def test_what_may_pass_says_when_to_come_back(client, monkeypatch):
    from coach.tests.services.test_schedules import UNBUILDABLE

    cast.learner(UNBUILDABLE)
    adjust = "/api/profile/felix/schedule/adjust"
    answer = client.post(adjust, {"item_id": "lesson-x"}, content_type="application/json")
    problem(answer, 503)
    assert answer["Error-Code"] == "cannot_reschedule"
    assert int(answer["Retry-After"]) > 0


def test_every_code_is_listed_for_clients():
    listed = set(re.findall(r"^\| `(\w+)` \|", Path("docs/api.md").read_text(), re.MULTILINE))
    source = Path(errors.__file__).read_text()
    assert {code for _, code in errors._ANSWERS.values()} | set(re.findall(r'code="(\w+)"', source)) <= listed
