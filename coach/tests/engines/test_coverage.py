"""Assessment coverage: the tasks and sections that a profile shows."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.documents.assessment import Assessment, Section, Task
from coach.documents.base import LARGEST_COUNT
from coach.documents.curriculum import Category
from coach.engines import coverage
from coach.tests.engines import oddities, recordings

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
EXTRA_TASKS = 3


def category(
    key: str, *, label: str | None = None, description: str = "", focus: tuple[str, ...] = ()
) -> Category:
    label = key.title() if label is None else label
    return Category(key=key, label=label, description=description, focus_areas=list(focus))


def task(
    task_id: str, category_key: str = "bread", task_type: str = "concept_check", *, minutes: int = 5
) -> Task:
    return Task(
        task_id=task_id,
        category_key=category_key,
        title="Old",
        task_type=task_type,
        prompt="Old",
        guidance="Old",
        rubric=["Old"],
        expected_minutes=minutes,
        answer_key="old",
    )


def assessment(*tasks: Task, **members) -> Assessment:
    return Assessment(generated_at=NOW, tasks=list(tasks), **members)


def facts(tasks: list[Task]) -> list[tuple]:
    return [(task.task_id, task.category_key, task.task_type, task.expected_minutes) for task in tasks]


def regular(of: Assessment) -> list[str]:
    """The ids of all tasks but the three that every assessment ends with."""
    return [task.task_id for task in of.tasks[:-EXTRA_TASKS]]


def extra_categories(*categories: Category) -> list[str]:
    """The categories of the data, the architecture and the tooling task."""
    return [task.category_key for task in coverage.extend(assessment(), categories).tasks[-EXTRA_TASKS:]]


# --- tasks of the categories ------------------------------------------------------------------------


def test_a_category_without_tasks_gets_a_concept_check_a_code_task_and_a_scenario():
    extended = coverage.extend(assessment(), [category("bread")])
    assert facts(extended.tasks[:-EXTRA_TASKS]) == [
        ("bread-concept", "bread", "concept_check", 10),
        ("bread-code", "bread", "code", 25),
        ("bread-scenario-1", "bread", "concept_check", 18),
    ]


def test_only_the_missing_kind_is_added_and_then_scenarios_up_to_three():
    extended = coverage.extend(assessment(task("c1")), [category("bread")])
    assert regular(extended) == ["c1", "bread-code", "bread-scenario-1"]
    extended = coverage.extend(assessment(task("k1", task_type="code"), task("c1")), [category("bread")])
    assert regular(extended) == ["k1", "c1", "bread-scenario-1"]


def test_three_tasks_of_one_kind_still_lack_the_other():
    extended = coverage.extend(assessment(task("a"), task("b"), task("c")), [category("bread")])
    assert regular(extended) == ["a", "b", "c", "bread-code"]


def test_a_covered_category_gets_nothing():
    covered = assessment(task("a"), task("b", task_type="code"), task("c"))
    assert regular(coverage.extend(covered, [category("bread")])) == ["a", "b", "c"]


def test_tasks_of_other_categories_stay_and_do_not_count():
    extended = coverage.extend(assessment(task("p1", "pottery")), [category("bread")])
    assert regular(extended) == ["p1", "bread-concept", "bread-code", "bread-scenario-1"]


def test_categories_are_covered_in_the_order_of_the_plan_after_all_stored_tasks():
    extended = coverage.extend(assessment(task("b1")), [category("pottery"), category("bread")])
    assert regular(extended) == [
        "b1",
        *("pottery-concept", "pottery-code", "pottery-scenario-1"),
        *("bread-code", "bread-scenario-1"),
    ]


def test_keys_are_stripped_and_blank_and_repeated_ones_are_skipped():
    categories = [category("  "), category(" Bread Art "), category(""), category("Bread Art", label="Again")]
    extended = coverage.extend(assessment(), categories)
    assert regular(extended) == ["bread-art-concept", "bread-art-code", "bread-art-scenario-1"]
    assert {task.category_key for task in extended.tasks[:-EXTRA_TASKS]} == {"Bread Art"}


def test_only_code_tasks_have_starter_code_and_no_added_task_has_an_answer_key():
    for made in coverage.extend(assessment(), [category("bread")]).tasks:
        assert bool(made.starter_code) == (made.task_type == "code")
        assert made.answer_key is None


def test_every_added_task_says_what_to_do_and_what_counts():
    for made in coverage.extend(assessment(), [category("bread", label="Bread {Art}")]).tasks:
        assert all((made.title, made.prompt, made.guidance, made.rubric))


def test_the_texts_name_the_skill_by_its_label_and_without_one_by_its_key():
    [concept, *_] = coverage.extend(assessment(), [category("bread", label="Bread {Art}")]).tasks
    assert "Bread {Art}" in concept.title
    [concept, *_] = coverage.extend(assessment(), [category("bread", label=" ")]).tasks
    assert "bread" in concept.title


# --- the three extra tasks --------------------------------------------------------------------------


def test_three_extra_tasks_always_come_last():
    extended = coverage.extend(assessment(), [category("bread")])
    assert facts(extended.tasks[-EXTRA_TASKS:]) == [
        ("bread-data-diagnostic", "bread", "code", 35),
        ("bread-architecture-plan", "bread", "concept_check", 25),
        ("bread-tooling-audit", "bread", "concept_check", 20),
    ]


def test_they_come_again_where_such_tasks_are_stored_and_the_stored_ones_become_regular():
    once = coverage.extend(assessment(), [category("bread")])
    twice = coverage.extend(once, [category("bread")])
    assert facts(twice.tasks) == facts([*once.tasks, *once.tasks[-EXTRA_TASKS:]])
    assert [task.section_id for task in twice.tasks[-2 * EXTRA_TASKS : -EXTRA_TASKS]] == [
        "coding",
        "concept",
        "concept",
    ]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (0, ["data", "analysis", "numpy", "pandas", "ml", "HTML"]),
        (1, ["architecture", "backend", "system", "service", "api", "Rapid prototypes"]),
        (2, ["tooling", "workflow", "testing", "automation", "devops"]),
    ],
)
def test_each_goes_to_the_first_category_that_mentions_one_of_its_words(place, words):
    for word in words:
        described = category("art", description=f"All about {word}.")
        assert extra_categories(category("bread"), described)[place] == "art"
        focused = category("art", focus=("colour", word))
        assert extra_categories(category("bread"), focused)[place] == "art"
        labelled = category("art", label=word)
        assert extra_categories(category("bread"), labelled, category("z", label=word))[place] == "art"


def test_without_such_a_category_the_first_of_the_plan_gets_it():
    assert extra_categories(category("bread"), category("pottery")) == ["bread"] * EXTRA_TASKS


def test_a_word_must_stand_inside_of_one_text():
    # The texts are joined by blanks: "m" at the end of one and "l" at the beginning of the next are no "ml".
    assert extra_categories(category("bread"), category("m", label="l"))[0] == "bread"


def test_a_plan_of_blank_keys_still_gets_the_three():
    extended = coverage.extend(assessment(), [category(" ")])
    assert [task.task_id for task in extended.tasks] == [
        "data-diagnostic",
        "architecture-plan",
        "tooling-audit",
    ]


# --- sections ---------------------------------------------------------------------------------------


def test_sections_are_built_anew_in_order_with_their_tasks():
    stored = assessment(task("a"), sections=[Section(section_id="old", title="Old")])
    sections = coverage.extend(stored, [category("bread")]).sections
    assert [(section.section_id, section.intent) for section in sections] == [
        (name, name) for name in ("concept", "coding", "data", "architecture", "tooling")
    ]
    assert [[task.task_id for task in section.tasks] for section in sections] == [
        ["a", "bread-scenario-1"],
        ["bread-code"],
        ["bread-data-diagnostic"],
        ["bread-architecture-plan"],
        ["bread-tooling-audit"],
    ]
    assert all(section.title and section.description for section in sections)


def test_a_section_without_tasks_is_left_out():
    sections = coverage.extend(assessment(), [category("")]).sections
    assert [section.section_id for section in sections] == ["data", "architecture", "tooling"]


def test_each_task_carries_its_sections_id_stored_tasks_too():
    stored = task("a").model_copy(update={"section_id": "elsewhere"})
    extended = coverage.extend(assessment(stored), [category("bread")])
    shown = {task.task_id: task.section_id for task in extended.tasks}
    for section in extended.sections:
        for made in section.tasks:
            assert made.section_id == section.section_id == shown[made.task_id]


def test_a_sections_minutes_are_the_sum_of_its_tasks_but_fifteen_at_least():
    covered = assessment(task("a", minutes=5), task("b", minutes=4), task("k", task_type="code", minutes=40))
    minutes = {
        s.section_id: s.expected_minutes for s in coverage.extend(covered, [category("bread")]).sections
    }
    assert minutes == {"concept": 15, "coding": 40, "data": 35, "architecture": 25, "tooling": 20}


def test_minutes_past_all_measure_still_fit():
    tasks = [task("a", minutes=LARGEST_COUNT), task("b", minutes=LARGEST_COUNT)]
    [concept, *_] = coverage.extend(assessment(*tasks), [category("bread")]).sections
    assert concept.expected_minutes == LARGEST_COUNT


# --- what stays -------------------------------------------------------------------------------------


def test_without_categories_the_assessment_comes_back_as_it_is():
    stored = assessment(task("a"), sections=[Section(section_id="old", title="Old")])
    assert coverage.extend(stored, []) is stored


def test_status_and_time_stay_and_the_stored_assessment_is_not_touched():
    stored = assessment(task("a"), status="completed")
    before = stored.to_json()
    extended = coverage.extend(stored, [category("bread")])
    assert (extended.status, extended.generated_at) == ("completed", NOW)
    assert stored.to_json() == before


@pytest.mark.parametrize(
    "exchange",
    recordings.exchanges("GET", "/api/profile/{u}", "coverage", "profile", "sequencer"),
    ids=str,
)
def test_recorded_profiles_show_the_recorded_coverage(exchange):
    stored, plan = exchange.learner.onboarding_assessment, exchange.learner.elo_category_plan
    recorded = exchange.answer["onboarding_assessment"]
    if stored is None:
        assert recorded is None
        return
    shown = coverage.extend(stored, plan.categories if plan else []).to_object()
    assert _exact(shown) == _exact(recorded)


def _exact(shown: dict) -> dict:
    """What the contract compares of an assessment that only holds stored and added tasks."""
    names = ("task_id", "category_key", "section_id", "task_type", "expected_minutes", "answer_key")
    return {
        "status": shown["status"],
        "tasks": [[*(task[name] for name in names), bool(task["starter_code"])] for task in shown["tasks"]],
        "sections": [
            [
                section["section_id"],
                section["intent"],
                section["expected_minutes"],
                [task["task_id"] for task in section["tasks"]],
            ]
            for section in shown["sections"]
        ],
    }


# --- whatever is stored -----------------------------------------------------------------------------


@given(oddities.assessments, st.lists(oddities.categories, min_size=1, max_size=5))
def test_whatever_is_stored_stays_first_and_every_category_is_covered(stored, categories):
    extended = coverage.extend(stored, categories)
    assert [task.model_copy(update={"section_id": None}) for task in extended.tasks[: len(stored.tasks)]] == [
        task.model_copy(update={"section_id": None}) for task in stored.tasks
    ]
    for key in {category.key.strip() for category in categories} - {""}:
        kinds = [task.task_type for task in extended.tasks[:-EXTRA_TASKS] if task.category_key == key]
        assert len(kinds) >= 3
        assert set(kinds) == {"concept_check", "code"}
    assert Assessment.model_validate_json(extended.to_json()) == extended


@given(oddities.assessments, st.lists(oddities.categories, min_size=1, max_size=5))
def test_every_task_stands_in_one_section_whose_minutes_are_their_sum(stored, categories):
    extended = coverage.extend(stored, categories)
    sectioned = [task for section in extended.sections for task in section.tasks]
    assert sorted(map(id, sectioned)) == sorted(map(id, extended.tasks))
    for section in extended.sections:
        total = sum(task.expected_minutes for task in section.tasks)
        assert section.expected_minutes == min(max(15, total), LARGEST_COUNT)


@given(oddities.assessments, st.lists(oddities.categories, min_size=1, max_size=5))
def test_extending_again_adds_nothing_but_the_three(stored, categories):
    once = coverage.extend(stored, categories)
    twice = coverage.extend(once, categories)
    assert len(twice.tasks) == len(once.tasks) + EXTRA_TASKS
