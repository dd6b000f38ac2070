"""Every recorded case, replayed in process: the store goes through the backfill, the requests through the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from coach.models import MemoryRecord
from coach.tests.contract import crossing, replay, reset

FOLDER = Path(__file__).parent
CASES = replay.find_cases([str(FOLDER / "cases")])

client = Client(raise_request_exception=False)


def ask(step: dict[str, Any], variables: dict[str, Any]) -> replay.Response:
    """Send a step's request through the test client instead of a socket."""
    method, target, body, headers = replay.build_request(step["request"], variables)
    content_type = headers.pop("Content-Type", "")
    with crossing.refused():
        answer = client.generic(method, target, data=body or b"", content_type=content_type, headers=headers)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return replay.Response(
        answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, content
    )


def differences(case: replay.Case) -> list[str]:
    """What is not as recorded, step by step; captured values are carried along."""
    variables: dict[str, Any] = {}
    found: list[str] = []
    for step in case.steps:
        response = ask(step, variables)
        for name, path in (step.get("capture") or {}).items():
            variables[name] = replay.extract(response.json(), path)
        problems = replay.check_response(case, step, response, variables)
        found.extend(f"{step['name']}: {problem}" for problem in problems)
    return found


def test_every_recorded_case_is_here():
    assert sum(len(case.steps) for case in CASES) == 475


@pytest.mark.django_db
def test_a_statement_that_names_no_learner_is_noticed():
    with pytest.raises(AssertionError, match="coach_memoryrecord"), crossing.refused():
        MemoryRecord.objects.filter(note_id="a").exists()
    with crossing.refused():
        MemoryRecord.objects.filter(note_id="a", learner=1).exists()
        MemoryRecord.objects.filter(learner__username="a").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_service_answers_as_recorded(case):
    reset.reset(**{kind: str(case.store_path(kind) or "") for kind in replay.STORE_KINDS})

    assert differences(case) == []
