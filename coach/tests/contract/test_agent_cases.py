"""Every recorded case of the routes that ask a language model, replayed in process against the stand-in."""

from __future__ import annotations

from typing import Any

import pytest

from coach.tests.contract import replay, reset
from coach.tests.contract.test_cases import FOLDER, ask

CASES = replay.find_cases([str(FOLDER / "agent-cases")])


def differences(case: replay.Case, model: Any) -> list[str]:
    """What is not as recorded, of the answers and of what the model was asked."""
    variables: dict[str, Any] = {}
    found = []
    model.script.load(case.document.get("model", {}).get("script", []))
    for step in case.steps:
        if "model" in step:
            model.script.load(step["model"]["script"])
        before = len(model.requests)
        response = ask(step, variables)
        for name, path in (step.get("capture") or {}).items():
            variables[name] = replay.extract(response.json(), path)
        problems = list(replay.check_response(case, step, response, variables))
        if "expect_model" in step:
            expected = replay.substitute(step["expect_model"], variables)
            problems += replay.check_model(expected, model.requests[before:])
        found.extend(f"{step['name']}: {problem}" for problem in problems)
    return found


def test_every_recorded_case_is_here():
    assert sum(len(case.steps) for case in CASES) == 159


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_coach_answers_as_recorded(case, model):
    reset.reset(**{kind: str(case.store_path(kind) or "") for kind in replay.STORE_KINDS})

    assert differences(case, model) == []
