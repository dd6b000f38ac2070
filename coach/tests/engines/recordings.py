"""Recorded exchanges, for tests that drive the engines with them directly, without HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coach.documents.curriculum import Category, Curriculum
from coach.documents.profile import Profile

_CONTRACT = Path(__file__).parents[1] / "contract"


@dataclass(frozen=True)
class Exchange:
    """One recorded request and answer, and the learner as the store held them before the case began."""

    name: str
    method: str
    path: str
    sent: Any
    answer: Any
    learner: Profile

    def __str__(self) -> str:
        return self.name


def exchanges(method: str, path: str, *folders: str) -> list[Exchange]:
    """The successful exchanges about stored learners in these folders of cases.

    `path` is a route with {u} for the learner, for example "/api/profile/{u}/elo-plan".
    """
    return [
        exchange
        for folder in folders
        for case in sorted((_CONTRACT / "cases" / folder).glob("*.json"))
        for exchange in _of_case(case)
        if (exchange.method, exchange.path) == (method, path.replace("{u}", exchange.learner.username))
    ]


def _of_case(path: Path) -> Iterator[Exchange]:
    case = json.loads(path.read_text(encoding="utf-8"))
    learners = _learners(path, case)
    for step in case["steps"]:
        request, expected = step["request"], step["expect"]
        learner = next((learners[part] for part in request["path"].split("/") if part in learners), None)
        if learner is not None and expected["status"] in (200, 201) and "json" in expected:
            yield Exchange(
                name=f"{case['name']}: {step['name']}",
                method=request["method"],
                path=request["path"],
                sent=request.get("json"),
                answer=expected["json"],
                learner=learner,
            )


def _learners(path: Path, case: dict[str, Any]) -> dict[str, Profile]:
    stores = case.get("stores") or {}
    if "profiles" not in stores:
        return {}
    records = json.loads((path.parent / stores["profiles"]).read_text(encoding="utf-8"))
    learners: dict[str, Profile] = {}
    for record in records.values() if isinstance(records, dict) else records:
        try:
            learner = Profile.model_validate(record)
        except ValidationError:
            continue  # stores hold unusable records on purpose
        learners[learner.username] = learner
    return learners


# --- what the contract compares exactly -------------------------------------------------------------


def category_facts(category: Category | dict[str, Any]) -> tuple[Any, ...]:
    """What the contract compares of a category."""
    shown = category.to_object() if isinstance(category, Category) else category
    return tuple(shown[name] for name in ("key", "label", "weight", "focus_areas", "starting_rating"))


def module_facts(curriculum: Curriculum | dict[str, Any]) -> list[tuple[Any, ...]]:
    """What the contract compares of a curriculum's modules."""
    shown = curriculum.to_object() if isinstance(curriculum, Curriculum) else curriculum
    names = ("module_id", "category_key", "estimated_minutes", "tier", "prerequisite_module_ids")
    return [tuple(module[name] for name in names) for module in shown["modules"]]


def grading_facts(grading: dict[str, Any]) -> dict[str, Any]:
    """What the contract compares of a provisional grading."""
    results = ("task_id", "category_key", "task_type", "score", "confidence", "rubric")
    outcomes = ("category_key", "average_score", "initial_rating", "starting_rating", "rating_delta")
    return {
        "results": [tuple(result[name] for name in results) for result in grading["task_results"]],
        "outcomes": [tuple(outcome[name] for name in outcomes) for outcome in grading["category_outcomes"]],
    }
