"""What differs between two documents."""

from __future__ import annotations

import pytest

from coach.documents import differences
from coach.documents.profile import Profile


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
