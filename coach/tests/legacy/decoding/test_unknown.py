"""Unknown members follow the element that they came with, wherever its list has it now."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest

from coach.documents.profile import Profile
from coach.legacy.decoding import unknown


def notes(*names: str) -> list[dict[str, object]]:
    return [{"note_id": name, "note": f"About {name}.", "tags": []} for name in names]


PROFILE = Profile.model_validate({"username": "ada", "memory_records": notes("a", "b", "c")})
KEPT = unknown.to_text(PROFILE, {"$.memory_records[1].mood": "glad", "$.source": "old app"})


def put_back(names: list[str]) -> tuple[dict[str, object], list[str]]:
    record = {"username": "ada", "memory_records": notes(*names)}
    gone = unknown.put_back(record, KEPT)
    return {note["note_id"]: note["mood"] for note in record["memory_records"] if "mood" in note}, gone


@pytest.mark.parametrize("names", [["a", "b", "c"], ["b", "c"], ["b"], ["c", "a", "b"], ["x", "y", "a", "b"]])
def test_a_member_is_where_its_element_is(names: list[str]):
    assert put_back(names) == ({"b": "glad"}, [])


@pytest.mark.parametrize("names", [["a", "c"], ["c", "a"], [], ["a", "b2", "c"]])
def test_a_member_whose_element_is_gone_has_no_place(names: list[str]):
    assert put_back(names) == ({}, ["$.memory_records[1].mood"])


LEVEL = {"level": "novice", "descriptor": "Reads code."}


def rubric(*levels: dict[str, str]) -> Profile:
    category = {"key": "python", "label": "Python", "description": "", "weight": 1.0, "rubric": list(levels)}
    plan = {"generated_at": "2026-01-01T00:00:00Z", "categories": [category]}
    return Profile.model_validate({"username": "ada", "elo_category_plan": plan})


def test_an_element_without_an_id_is_told_by_its_content():
    profile = rubric(LEVEL)
    path = "$.elo_category_plan.categories[0].rubric[0].hint"
    kept = unknown.to_text(profile, {path: "x"})
    same = json.loads(profile.to_json())
    other = deepcopy(same)
    other["elo_category_plan"]["categories"][0]["rubric"].insert(0, LEVEL | {"level": "expert"})
    edited = deepcopy(same)
    edited["elo_category_plan"]["categories"][0]["rubric"][0]["descriptor"] = "Writes code."
    assert [unknown.put_back(record, kept) for record in (same, other, edited)] == [[], [], [path]]
    assert other["elo_category_plan"]["categories"][0]["rubric"][1]["hint"] == "x"


def test_an_element_without_an_id_takes_several_members():
    profile = rubric(LEVEL)
    place = "$.elo_category_plan.categories[0].rubric[0]"
    kept = unknown.to_text(profile, {f"{place}.hint": "x", f"{place}.note": "y", f"{place}.more": "z"})
    record = json.loads(profile.to_json())
    assert unknown.put_back(record, kept) == []
    [level] = record["elo_category_plan"]["categories"][0]["rubric"]
    assert (level["hint"], level["note"], level["more"]) == ("x", "y", "z")


def test_a_member_of_one_of_several_equal_elements_has_no_place_once_the_list_changed():
    path = "$.elo_category_plan.categories[0].rubric[0].hint"
    kept = unknown.to_text(rubric(LEVEL), {path: "x"})
    record = json.loads(rubric(LEVEL | {"level": "expert"}, LEVEL, LEVEL).to_json())
    before = deepcopy(record)
    assert unknown.put_back(record, kept) == [path]
    assert record == before


def test_a_text_without_elements_goes_by_position():
    record = {"memory_records": notes("a", "b")}
    assert unknown.put_back(record, '{"$.memory_records[1].mood": 1}') == []
    assert record["memory_records"][1]["mood"] == 1
