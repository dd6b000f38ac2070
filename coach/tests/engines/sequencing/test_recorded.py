"""What the service answered before, replayed through the engine without HTTP.

The recorded requests for schedules are walked through learner by learner, with the little that a request does
around the engine: it stores what came out. Texts are the engine's own; all else must come out as recorded.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from coach.documents.profile import Profile
from coach.documents.schedule import Schedule, served
from coach.documents.usernames import normalise
from coach.engines.sequencing import sequencer

CASES = Path(__file__).parents[2] / "contract" / "cases"
ROUTE = re.compile(r"/api/profile/(?P<username>[^/]+)/schedule(?P<adjust>/adjust)?")
TEXTS = {
    *("title", "summary", "focus_reason", "expected_outcome", "cadence_notes", "pacing_overview"),
    *("rationale", "headline", "objectives", "adjustment_notes"),
}


@dataclass
class Walk:
    """One learner on the way through the recorded requests."""

    profile: Profile
    schedule: Schedule | None = None

    def read(self, *, refresh: bool, now: dt.datetime) -> Schedule:
        if self.schedule is None or refresh:
            self._generate(self.profile.schedule_adjustments, now=now)
        return self.schedule

    def adjust(self, body: dict[str, Any], *, now: dt.datetime) -> Schedule:
        item = next(item for item in self.schedule.items if item.item_id == body["item_id"])
        present = item.recommended_day_offset
        day = present + body.get("days", 1)
        if body.get("target_day_offset") is not None:
            day = min(body["target_day_offset"], present + 21)
        self._generate({**self.profile.schedule_adjustments, item.item_id: day}, now=now)
        return self.schedule

    def _generate(self, adjustments: dict[str, int], *, now: dt.datetime) -> None:
        outcome = sequencer.generate(self.profile, previous=self.schedule, adjustments=adjustments, now=now)
        self.schedule = outcome.schedule
        if outcome.changed:
            self.profile = self.profile.model_copy(
                update={"schedule_adjustments": outcome.adjustments, "timezone": outcome.timezone}
            )


def walks(*, refused: bool) -> list[Any]:
    """Store, username and steps of each learner with recorded schedules, or with recorded refusals."""
    found = []
    for path in sorted(CASES.glob("*/*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if path.parent.name not in ("profile", "schedule", "sequencer") or "stores" not in case:
            continue
        store = path.parent / case["stores"]["profiles"]
        steps = [step for step in case["steps"] if ROUTE.fullmatch(step["request"]["path"])]
        steps = [step for step in steps if (is_refusal(step) if refused else is_answer(step))]
        for username in dict.fromkeys(username_of(step) for step in steps):
            own = [step for step in steps if username_of(step) == username]
            found.append(pytest.param(store, username, own, id=f"{path.stem}-{username}"))
    return found


def is_answer(step: dict[str, Any]) -> bool:
    return step["expect"]["status"] == 200 and not step["expect"]["json"]["is_stale"]


def is_refusal(step: dict[str, Any]) -> bool:
    """A generation that failed: nothing could be built, or the earlier schedule came back with a warning."""
    stale = step["expect"]["status"] == 200 and step["expect"]["json"]["is_stale"] and is_refresh(step)
    return stale or step["expect"]["status"] in (400, 503)


def username_of(step: dict[str, Any]) -> str:
    return normalise(ROUTE.fullmatch(step["request"]["path"])["username"])


def learner(store: Path, username: str) -> Walk:
    records = json.loads(store.read_text(encoding="utf-8"))
    record = next(record for record in records.values() if normalise(record["username"]) == username)
    profile = Profile.model_validate_json(json.dumps(record))
    return Walk(profile, profile.curriculum_schedule)


def is_refresh(step: dict[str, Any]) -> bool:
    return (step["request"].get("query") or {}).get("refresh") in ("true", "1")


def take(walk: Walk, step: dict[str, Any], *, now: dt.datetime) -> Schedule:
    if step["request"]["method"] == "POST":
        return walk.adjust(step["request"]["json"], now=now)
    return walk.read(refresh=is_refresh(step), now=now)


def facts(document: Any) -> Any:
    """The document without what engines word and without the times of rationales and warnings."""
    if isinstance(document, list):
        return [facts(element) for element in document]
    if not isinstance(document, dict):
        return document
    timed = "headline" in document or "message" in document
    left_out = TEXTS | ({"generated_at", "message"} if timed else set())
    return {name: instant(name, facts(value)) for name, value in document.items() if name not in left_out}


def instant(name: str, value: Any) -> Any:
    """Times as instants with their offsets, however they are spelled."""
    if name not in ("generated_at", "scheduled_for"):
        return value
    moment = dt.datetime.fromisoformat(value)
    return (moment, moment.utcoffset())


@pytest.mark.parametrize(("store", "username", "steps"), walks(refused=False))
def test_the_engine_answers_as_recorded(store: Path, username: str, steps: list[dict[str, Any]]) -> None:
    walk = learner(store, username)
    captured: dict[str, str] = {}
    for step in steps:
        expected = step["expect"]["json"]
        spelled = expected["generated_at"].strip("{}")
        expected = expected | {"generated_at": captured.get(spelled, spelled)}
        captured |= {name: expected[member] for name, member in step.get("capture", {}).items()}
        schedule = take(walk, step, now=dt.datetime.fromisoformat(expected["generated_at"]))
        assert facts(served(schedule).to_object()) == facts(expected), step["name"]


@pytest.mark.parametrize(("store", "username", "steps"), walks(refused=True))
def test_the_engine_refuses_as_recorded(store: Path, username: str, steps: list[dict[str, Any]]) -> None:
    profile = learner(store, username).profile
    with pytest.raises(sequencer.Unschedulable) as error:
        sequencer.generate(profile, previous=None, adjustments={}, now=dt.datetime.now(dt.UTC))
    warnings = [step["expect"]["json"]["warnings"][-1] for step in steps if step["expect"]["status"] == 200]
    assert {warning["detail"] for warning in warnings} <= {str(error.value)}


def test_the_recordings_are_all_there() -> None:
    assert sum(len(walk.values[2]) for walk in walks(refused=False)) >= 101
    assert sum(len(walk.values[2]) for walk in walks(refused=True)) >= 11
