"""What differs between two documents."""

from __future__ import annotations

import json

import pydantic_core
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.documents import differences
from coach.documents.profile import Profile
from coach.tests import strategies


@pytest.mark.parametrize(
    "members",
    [
        {"memory_records": [{"note_id": "n", "note": "x"}]},
        {"curriculum_plan": {"modules": []}},
        {
            "curriculum_schedule": {
                "items": [{"item_id": "i", "kind": "lesson", "category_key": "sql", "title": "i"}]
            }
        },
        {"onboarding_assessment": {"tasks": []}},
        {"goal_inference": {}},
    ],
)
def test_a_record_that_names_no_time_changes_the_same_each_time_it_is_read(members):
    ours = Profile.model_validate({"username": "amara"})
    read = [Profile.model_validate({"username": "amara", **members}) for _ in range(2)]
    first, second = (list(differences.between(ours, theirs)) for theirs in read)
    assert first
    assert first == second


def plain(value):
    return json.loads(pydantic_core.to_json(value))


def mix(ours, theirs, chosen):
    """The mixture, read as a document again."""
    return Profile.model_validate(plain(differences.mixed(ours, theirs, chosen)))


def paths(ours, theirs):
    return [change.path for change in differences.between(ours, theirs)]


@given(strategies.profiles, strategies.profiles, st.data())
def test_a_mixture_has_theirs_at_the_chosen_paths_and_ours_elsewhere(ours, theirs, data):
    """Small model: each path taken leaves the list of what differs from theirs, and nothing else changes."""
    ours, theirs = (one.model_copy(update={"username": "amara"}) for one in (ours, theirs))
    offered = paths(ours, theirs)
    assert paths(mix(ours, theirs, set()), ours) == []
    assert paths(mix(ours, theirs, set(offered)), theirs) == []
    # Lists that lose elements, and objects whose order follows their members, name their parts by other paths.
    steady = [path for path in offered if "[" not in path and "(order)" not in path]
    chosen = set(data.draw(st.lists(st.sampled_from(steady), unique=True))) if steady else set()
    mixture = mix(ours, theirs, chosen)
    assert {path for path in paths(mixture, theirs) if path in steady} == set(steady) - chosen
    assert {path for path in paths(ours, mixture) if path in steady} == chosen


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([], {"a": 1, "b": 2, "l": [1, 2, 3]}),
        (["$.a"], {"a": 9, "b": 2, "l": [1, 2, 3]}),
        (["$.b"], {"a": 1, "l": [1, 2, 3]}),
        (["$.c"], {"a": 1, "b": 2, "l": [1, 2, 3], "c": 3}),
        (["$.l[1]"], {"a": 1, "b": 2, "l": [1, 3]}),
        (["$.l[0]", "$.l[2]"], {"a": 1, "b": 2, "l": [5, 2]}),
        (["$.b", "$.c"], {"c": 3, "a": 1, "l": [1, 2, 3]}),
    ],
)
def test_members_and_elements_come_and_go_as_chosen(chosen, expected):
    ours, theirs = {"a": 1, "b": 2, "l": [1, 2, 3]}, {"c": 3, "a": 9, "l": [5]}
    found = differences.mixed(ours, theirs, set(chosen))
    assert (found, list(found)) == (expected, list(expected))
