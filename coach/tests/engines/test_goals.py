"""What a goal asks for without a language model, and the weeks that tracks take."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given

from coach.documents.base import LARGEST_COUNT
from coach.documents.curriculum import GoalInference, ModuleReference, Track
from coach.engines import goals
from coach.tests.engines import oddities, recordings

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)

PROGRAMMING, DATA, ARCHITECTURE = "foundations-programming", "foundations-data", "foundations-architecture"


def track_ids(goal: str) -> list[str]:
    return [track.track_id for track in goals.infer(goal, now=NOW).tracks]


def track(*weeks: int | None, weight: float = 1.0, suggested_weeks: int | None = None) -> Track:
    modules = [
        ModuleReference(module_id=f"m{number}", category_key="pottery", suggested_weeks=module_weeks)
        for number, module_weeks in enumerate(weeks)
    ]
    return Track(
        track_id="pots",
        label="Pots",
        weight=weight,
        recommended_modules=modules,
        suggested_weeks=suggested_weeks,
    )


def inference(*tracks: Track) -> GoalInference:
    return GoalInference(generated_at=NOW, tracks=list(tracks))


# --- infer ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("goal", ["", "Bake better bread", "Learn to paint"])
def test_every_goal_begins_with_programming(goal):
    assert track_ids(goal) == [PROGRAMMING]


@pytest.mark.parametrize(
    "word", ["data", "analysis", "analytics", "machine learning", "ml", "model", "HTML", "Models"]
)
def test_words_of_data_and_learning_machines_ask_for_the_data_track(word):
    assert track_ids(f"Work with {word} daily") == [PROGRAMMING, DATA]


@pytest.mark.parametrize(
    "word", ["backend", "api", "service", "platform", "architecture", "Rapid", "Services"]
)
def test_words_of_servers_ask_for_the_architecture_track(word):
    assert track_ids(f"Work with {word} daily") == [PROGRAMMING, ARCHITECTURE]


def test_a_goal_may_ask_for_all_three_tracks():
    assert track_ids("A data API") == [PROGRAMMING, DATA, ARCHITECTURE]


def test_words_that_only_the_augmentation_knows_ask_for_nothing_here():
    assert track_ids("Science, insight, infrastructure, AI") == [PROGRAMMING]


def test_the_tracks_are_those_of_the_table():
    programming, data, architecture = goals.tracks_for("data service")
    assert (programming.label, programming.priority, programming.weight) == (
        "Programming Foundations",
        "now",
        1.0,
    )
    assert (data.label, data.priority, data.weight) == ("Data & ML Foundations", "now", 0.9)
    assert (architecture.label, architecture.priority) == ("Architecture & Delivery", "up_next")
    assert architecture.weight == 0.75
    assert [track.suggested_weeks for track in (programming, data, architecture)] == [4, 6, 5]
    assert [track.technologies for track in (programming, data, architecture)] == [
        ["Python"],
        ["NumPy", "pandas"],
        ["FastAPI", "system design"],
    ]
    assert [track.focus_areas for track in (programming, data, architecture)] == [
        ["syntax", "testing"],
        ["data-manipulation", "eda"],
        ["architecture", "observability"],
    ]
    assert [track.prerequisites for track in (programming, data, architecture)] == [
        ["Programming basics"],
        ["Python Foundations"],
        ["Programming foundations"],
    ]


def test_the_recommended_modules_are_those_of_the_table():
    recommended = [
        (module.module_id, module.category_key, module.priority)
        for track in goals.tracks_for("data service")
        for module in track.recommended_modules
    ]
    assert recommended == [
        ("foundation-python-syntax", "python-foundations", "core"),
        ("foundation-python-testing", "python-foundations", "reinforcement"),
        ("foundation-numpy-basics", "data-manipulation", "core"),
        ("foundation-pandas-proficiency", "data-manipulation", "core"),
        ("foundation-service-design", "backend-foundations", "core"),
    ]


def test_every_track_is_of_medium_confidence_with_a_note_and_every_module_takes_three_weeks():
    for made in goals.tracks_for("data service"):
        assert made.confidence == "medium"
        assert made.notes
        assert {(module.suggested_weeks, module.notes) for module in made.recommended_modules} == {(3, None)}


def test_the_goal_is_kept_as_sent_with_a_summary_and_one_missing_template():
    made = goals.infer("  Bake ", now=NOW)
    assert made.target_outcomes == ["  Bake "]
    assert made.generated_at == NOW
    assert made.summary
    assert len(made.missing_templates) == 1


def test_the_summary_lists_the_tracks_as_people_do():
    summary = goals.infer("A data API", now=NOW).summary
    assert "Programming Foundations, Data & ML Foundations and Architecture & Delivery" in summary


def test_a_recorded_goal_asks_for_the_recorded_tracks():
    [exchange] = recordings.exchanges("GET", "/api/profile/{u}", "onboarding")
    recorded = exchange.answer["goal_inference"]
    made = goals.infer(recorded["target_outcomes"][0], now=NOW).to_object()
    for track in (*made["tracks"], *recorded["tracks"]):
        del track["notes"]
    assert made["tracks"] == recorded["tracks"]
    assert made["target_outcomes"] == recorded["target_outcomes"]


# --- weeks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weight", "module_weeks", "expected"),
    [
        (1.0, [], 6),
        (0.0, [3], 6),
        (1.29, [3, 3], 6),
        (1.0, [3, 3, 3], 9),
        (1.3, [], 8),
        (1.3, [3], 8),
        (1.5, [3, 9], 12),
        (1.0, [LARGEST_COUNT, 1], LARGEST_COUNT),
    ],
)
def test_a_track_takes_as_long_as_its_modules_but_six_weeks_or_eight(weight, module_weeks, expected):
    assert goals.track_weeks(weight, module_weeks) == expected


def test_missing_weeks_of_modules_and_tracks_are_filled_in():
    [filled] = goals.fill_missing_weeks(inference(track(None, 9, weight=1.5))).tracks
    assert [module.suggested_weeks for module in filled.recommended_modules] == [3, 9]
    assert filled.suggested_weeks == 12


def test_weeks_that_are_there_are_kept():
    [filled] = goals.fill_missing_weeks(inference(track(None, 9, suggested_weeks=2))).tracks
    assert filled.suggested_weeks == 2
    [filled] = goals.fill_missing_weeks(inference(track(1, 1))).tracks
    assert [module.suggested_weeks for module in filled.recommended_modules] == [1, 1]


def test_an_inference_that_lacks_nothing_comes_back_as_the_same_object():
    complete = inference(track(3, suggested_weeks=6), track(suggested_weeks=1))
    assert goals.fill_missing_weeks(complete) is complete


@given(oddities.inferences())
def test_after_filling_in_nothing_lacks_weeks_and_nothing_else_has_changed(before):
    after = goals.fill_missing_weeks(before)
    assert all(track.suggested_weeks for track in after.tracks)
    assert all(module.suggested_weeks for track in after.tracks for module in track.recommended_modules)
    assert GoalInference.model_validate_json(after.to_json()) == after
    assert goals.fill_missing_weeks(after) is after
    assert _without_weeks(after) == _without_weeks(before)


def _without_weeks(of: GoalInference) -> dict:
    shown = of.to_object()
    for entry in shown["tracks"]:
        del entry["suggested_weeks"]
        for module in entry["recommended_modules"]:
            del module["suggested_weeks"]
    return shown
