"""Foundation augmentation: what goals, tracks and scores add to a plan and a curriculum."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.documents.assessment import CategoryOutcome, GradingResult, TaskResult
from coach.documents.base import LARGEST_COUNT
from coach.documents.curriculum import (
    Category,
    Curriculum,
    EloPlan,
    GoalInference,
    Module,
    ModuleReference,
    Track,
)
from coach.engines import coverage, foundations, grading
from coach.tests.engines import oddities, recordings

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)

BASE = ["python-foundations", "software-practices", "project-delivery"]
DATA = ["data-manipulation", "math-statistics", "machine-learning"]
ARCHITECTURE = ["software-architecture"]


def category(
    key: str, *, weight: float = 1.0, focus: tuple[str, ...] = ("own",), start: int = 1100
) -> Category:
    return Category(
        key=key,
        label="Own",
        description="Own.",
        focus_areas=list(focus),
        weight=weight,
        starting_rating=start,
    )


def module(module_id: str, category_key: str = "bread") -> Module:
    return Module(
        module_id=module_id, category_key=category_key, title="Own", summary="Own.", estimated_minutes=40
    )


def recommends(category_key: str, *module_ids: str, weeks: int | None = None, notes: str | None = None):
    return [
        ModuleReference(module_id=module_id, category_key=category_key, suggested_weeks=weeks, notes=notes)
        for module_id in module_ids
    ]


def track(
    *modules: list[ModuleReference],
    track_id: str = "t1",
    label: str = "Pots",
    weight: float = 1.0,
    focus: tuple[str, ...] = (),
    notes: str | None = None,
) -> Track:
    return Track(
        track_id=track_id,
        label=label,
        weight=weight,
        focus_areas=list(focus),
        recommended_modules=[reference for group in modules for reference in group],
        notes=notes,
    )


def augment(
    *tracks: Track,
    goal: str = "Bake",
    plan: tuple[Category, ...] | None = (),
    modules: tuple[Module, ...] = (),
    criteria: tuple[str, ...] = (),
    outcomes: tuple[str, ...] = (),
    average: float | None = None,
) -> foundations.Augmented:
    """Augments a learner's plan (None: there is none) with these categories and modules, by these tracks."""
    inferred = GoalInference(generated_at=NOW, target_outcomes=list(outcomes), tracks=list(tracks))
    return foundations.augment(
        goal=goal,
        plan=None if plan is None else EloPlan(generated_at=NOW, categories=list(plan)),
        curriculum=Curriculum(generated_at=NOW, success_criteria=list(criteria), modules=list(modules)),
        inference=inferred if tracks or outcomes else None,
        average=average,
        now=NOW,
    )


def keys(augmented: foundations.Augmented) -> list[str]:
    return [category.key for category in augmented.plan.categories]


def modules_of(augmented: foundations.Augmented, key: str) -> list[str]:
    return [module.module_id for module in augmented.curriculum.modules if module.category_key == key]


def find(augmented: foundations.Augmented, key: str) -> Category:
    return next(category for category in augmented.plan.categories if category.key == key)


def find_module(augmented: foundations.Augmented, module_id: str) -> Module:
    return next(module for module in augmented.curriculum.modules if module.module_id == module_id)


# --- which keys are wanted --------------------------------------------------------------------------


def test_the_base_keys_are_always_wanted():
    assert keys(augment(plan=(category("bread"),))) == ["bread", *BASE]


@pytest.mark.parametrize(
    "word", ["data", "analytics", "analysis", "insight", "dataset", "science", "DataOps"]
)
def test_words_of_data_want_the_data_keys(word):
    assert keys(augment(goal=f"Use {word}")) == [*BASE, *DATA]


@pytest.mark.parametrize(
    "word", ["machine  learning", "ml", "ai", "artificial\nintelligence", "model", "Maintain HTML"]
)
def test_words_of_learning_machines_want_the_data_keys(word):
    assert keys(augment(goal=f"Use {word}")) == [*BASE, *DATA]


@pytest.mark.parametrize("word", ["backend", "api", "platform", "service", "infrastructure", "Rapid"])
def test_words_of_servers_want_the_architecture_key(word):
    assert keys(augment(goal=f"Use {word}")) == [*BASE, *ARCHITECTURE]


def test_words_of_the_goal_parser_alone_want_nothing():
    assert keys(augment(goal="Architecture, numpy, workflow")) == BASE


@pytest.mark.parametrize(
    ("average", "expected"),
    [
        (None, BASE),
        (0.65, BASE),
        (0.6499, [*BASE, *DATA]),
        (0.45, [*BASE, *DATA]),
        (0.4499, [*BASE, *DATA, *ARCHITECTURE]),
        (0.0, [*BASE, *DATA, *ARCHITECTURE]),
    ],
)
def test_low_averages_want_more(average, expected):
    assert keys(augment(average=average)) == expected


def test_what_the_goal_wants_comes_before_what_the_average_wants():
    assert keys(augment(goal="A service", average=0.5)) == [*BASE, *ARCHITECTURE, *DATA]


def test_what_the_tracks_want_comes_first_and_each_key_once():
    wanted = augment(track(recommends("machine-learning", "m"), recommends("pottery", "p")), goal="data")
    assert keys(wanted) == ["machine-learning", "pottery", *BASE, "data-manipulation", "math-statistics"]


def test_a_track_without_modules_wants_its_own_id():
    assert keys(augment(track(track_id=" pottery "), track(track_id="  "))) == ["pottery", *BASE]


def test_blank_categories_of_modules_are_nobodys_and_others_are_stripped():
    assert keys(augment(track(recommends("  ", "a"), recommends(" pottery ", "b")))) == ["pottery", *BASE]


def test_a_key_of_the_plan_is_wanted_again_by_tracks_only():
    plan = (category("python-foundations"),)
    assert modules_of(augment(plan=plan), "python-foundations") == []
    wanted = augment(track(track_id="python-foundations"), plan=plan)
    assert modules_of(wanted, "python-foundations") == [
        "foundation-python-syntax",
        "foundation-python-structuring",
    ]


# --- categories of the catalogue --------------------------------------------------------------------


def test_a_new_category_is_the_catalogues_and_starts_at_1100():
    made = find(augment(), "software-practices")
    assert (made.label, made.weight, made.starting_rating) == ("Software Engineering Habits", 1.0, 1100)
    assert made.focus_areas == ["git", "testing", "automation"]
    assert [level.level for level in made.rubric] == ["Exploring", "Developing", "Proficient"]


def test_a_new_category_takes_weight_and_new_focus_areas_from_the_tracks_that_recommend_its_modules():
    made = find(
        augment(
            track(recommends("software-practices", "a"), weight=0.7, focus=("git", "reviews")),
            track(recommends("software-practices", "b"), weight=0, focus=("reviews", "pairing")),
            track(recommends("pottery", "c"), weight=9, focus=("clay",)),
        ),
        "software-practices",
    )
    assert made.weight == 1.0
    assert made.focus_areas == ["git", "testing", "automation", "reviews", "pairing"]


def test_no_new_category_weighs_less_than_a_half():
    light = augment(
        track(recommends("software-practices", "a"), weight=0.1), track(track_id="pottery", weight=0.2)
    )
    assert [find(light, "software-practices").weight, find(light, "pottery").weight] == [0.5, 0.5]


def test_a_track_named_like_a_category_of_the_catalogue_sets_its_weight():
    assert find(augment(track(track_id="project-delivery", weight=1.4)), "project-delivery").weight == 1.4


def test_a_category_of_the_plan_gains_weight_and_new_focus_areas_and_nothing_else():
    own = category("software-practices", weight=0.3, focus=("own", "git"), start=1420)
    gained = find(
        augment(
            track(recommends("software-practices", "a"), weight=0.4, focus=("git", "pairing")), plan=(own,)
        ),
        "software-practices",
    )
    assert gained == own.model_copy(update={"weight": 0.4, "focus_areas": ["own", "git", "pairing"]})


def test_a_category_of_the_plan_keeps_a_larger_weight():
    own = category("software-practices", weight=2.0)
    kept = augment(track(recommends("software-practices", "a"), weight=0), plan=(own,))
    assert find(kept, "software-practices").weight == 2.0


def test_of_a_key_that_the_plan_repeats_the_first_category_gains():
    first, second = category("software-practices", weight=0.2), category("software-practices", weight=0.3)
    gained = augment(track(recommends("software-practices", "a"), weight=2.0), plan=(first, second))
    assert [category.weight for category in gained.plan.categories[:2]] == [2.0, 0.3]


def test_a_category_of_the_plan_that_no_track_wants_is_left_alone():
    own = category("python-foundations", weight=0.3)
    assert find(augment(plan=(own,), average=0.0), "python-foundations") == own


# --- modules of the catalogue -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("average", "highest"), [(None, 1), (0.34, 3), (0.35, 2), (0.59, 2), (0.6, 1), (0.64, 1)]
)
def test_the_average_limits_the_tier_of_the_modules(average, highest):
    modules = augment(goal="ml", average=average).curriculum.modules
    assert max(module.tier for module in modules) == highest
    assert [module.module_id for module in modules if module.category_key == "machine-learning"] == [
        "foundation-ml-baselines",
        "foundation-ml-iteration",
        "foundation-ml-systems",
    ][:highest]


def test_a_recommended_module_of_the_catalogue_comes_first_whatever_its_tier():
    wanted = augment(track(recommends("software-practices", " foundation-ci-automation ", weeks=9)))
    assert modules_of(wanted, "software-practices") == [
        "foundation-ci-automation",
        "foundation-git-workflows",
    ]
    made = find_module(wanted, "foundation-ci-automation")
    assert (made.estimated_minutes, made.tier) == (210, 2)


def test_an_id_of_the_catalogue_under_another_key_is_a_module_of_that_key():
    wanted = augment(track(recommends("project-delivery", "foundation-git-workflows", weeks=2)))
    assert modules_of(wanted, "project-delivery")[0] == "foundation-git-workflows"
    made = find_module(wanted, "foundation-git-workflows")
    assert (made.estimated_minutes, made.tier) == (360, None)
    assert modules_of(wanted, "software-practices") == []


def test_a_module_of_the_catalogue_has_no_prerequisites_and_something_of_everything():
    for made in augment(goal="data api", average=0.0).curriculum.modules:
        assert made.prerequisite_module_ids == []
        assert all((made.title, made.summary, made.objectives, made.activities, made.deliverables))


# --- modules that only tracks know ------------------------------------------------------------------


def test_any_other_module_takes_180_minutes_a_week_and_no_tier():
    wanted = augment(
        track(recommends("pottery", "pot-1", weeks=4), recommends("pottery", "pot-2"), notes="Slowly.")
    )
    assert modules_of(wanted, "pottery") == ["pot-1", "pot-2"]
    first, second = (find_module(wanted, module_id) for module_id in ("pot-1", "pot-2"))
    assert (first.estimated_minutes, second.estimated_minutes) == (720, 180)
    assert (first.tier, first.activities, first.prerequisite_module_ids) == (None, [], [])
    assert len(first.deliverables) == 1


def test_the_longest_module_still_fits():
    wanted = augment(track(recommends("pottery", "pot", weeks=LARGEST_COUNT)))
    assert find_module(wanted, "pot").estimated_minutes == 180 * LARGEST_COUNT
    assert Curriculum.model_validate_json(wanted.curriculum.to_json()) == wanted.curriculum


@pytest.mark.parametrize(
    ("focus", "count"),
    [((), 1), (("", " "), 1), (("clay",), 1), (("a", "b", "c"), 3), (("a", "b", "c", "d"), 3)],
)
def test_such_a_module_has_one_to_three_objectives(focus, count):
    wanted = augment(track(recommends("pottery", "pot"), focus=focus))
    assert len(find_module(wanted, "pot").objectives) == count


def test_its_summary_is_its_own_note_else_the_tracks_else_a_text():
    noted = augment(
        track(
            recommends("pottery", "own", notes=" As it is. "),
            recommends("pottery", "tracks"),
            notes="The track.",
        ),
        track(recommends("pottery", "text", notes=" "), label="Glaze"),
    )
    assert find_module(noted, "own").summary == " As it is. "
    assert find_module(noted, "tracks").summary == "The track."
    assert "Glaze" in find_module(noted, "text").summary


def test_a_blank_id_becomes_the_tracks_id_and_the_next_number():
    wanted = augment(
        track(recommends("pottery", " "), recommends("pottery", "")),
        modules=(module("a"), module("b"), module("b")),
    )
    # Of three stored modules two share an id and count as one.
    assert modules_of(wanted, "pottery") == ["t1-3", "t1-4"]


def test_a_module_that_is_there_is_never_added_again_and_keeps_its_content():
    own = module("foundation-git-workflows")
    wanted = augment(track(recommends("pottery", "pot", "pot")), modules=(own, module("pot")))
    assert [made.module_id for made in wanted.curriculum.modules].count("pot") == 1
    assert find_module(wanted, "foundation-git-workflows") == own
    assert modules_of(wanted, "software-practices") == []


# --- categories that only tracks know ---------------------------------------------------------------


def test_another_key_becomes_a_category_of_the_first_track_that_names_it():
    wanted = augment(
        track(
            recommends("bread", "b"),
            track_id="pottery",
            label="Pots",
            focus=("", "clay"),
            notes=" Wet hands. ",
        ),
        track(recommends("pottery", "p"), label="Kiln", weight=1.4, focus=("heat",)),
    )
    made = find(wanted, "pottery")
    assert (made.label, made.focus_areas, made.weight) == ("Pots", ["clay"], 1.4)
    assert (made.description, made.starting_rating) == (" Wet hands. ", 1100)
    assert [level.level for level in made.rubric] == ["Exploring", "Developing", "Proficient"]


def test_without_focus_areas_such_a_category_has_its_label_and_without_a_note_a_text():
    made = find(augment(track(recommends("pottery", "p"), label="Kiln", focus=("",))), "pottery")
    assert made.focus_areas == ["Kiln"]
    assert made.description.strip()


def test_the_text_for_a_missing_note_attracts_none_of_the_extra_assessment_tasks():
    made = find(augment(track(recommends("pottery", "p"), label="Kiln")), "pottery")
    assert not any(coverage.mentions(made, words) for words in coverage.EXTRAS.values())


def test_the_largest_weight_of_all_tracks_that_name_the_key_counts():
    wanted = augment(
        track(recommends("wheel", "w"), track_id="pottery", weight=9.0),
        track(track_id=" pottery ", weight=3.0),
        track(recommends(" pottery", "p"), weight=0.8),
        track(recommends("pottery", "q"), weight=0),
        track(track_id="glaze", weight=0),
        track(recommends("project-delivery", "r"), weight=0.6),
        track(track_id="project-delivery", weight=1.4),
    )
    weights = {key: find(wanted, key).weight for key in ("pottery", "glaze", "project-delivery")}
    assert weights == {"pottery": 3.0, "glaze": 1.0, "project-delivery": 1.4}


def test_such_a_category_of_the_plan_stays_as_it_is_but_gets_its_modules():
    own = category("pottery", weight=0.3)
    wanted = augment(track(recommends("pottery", "p"), weight=2.0, focus=("clay",)), plan=(own,))
    assert find(wanted, "pottery") == own
    assert modules_of(wanted, "pottery") == ["p"]


# --- plan, criteria, ratings ------------------------------------------------------------------------


def test_a_plan_is_made_where_there_is_none():
    made = augment(plan=None).plan
    assert (made.generated_at, made.source_goal, made.strategy_notes) == (NOW, None, None)
    assert [category.key for category in made.categories] == BASE


def test_a_plan_and_a_curriculum_keep_their_time_and_texts():
    earlier = NOW - dt.timedelta(days=9)
    plan = EloPlan(generated_at=earlier, source_goal="Bake", strategy_notes="Slowly.")
    curriculum = Curriculum(generated_at=earlier, overview="Bread first.")
    augmented = foundations.augment(
        goal="", plan=plan, curriculum=curriculum, inference=None, average=None, now=NOW
    )
    assert augmented.plan.model_copy(update={"categories": []}) == plan
    assert augmented.curriculum.model_copy(update={"modules": [], "success_criteria": []}) == curriculum


def test_criteria_are_those_there_then_outcomes_then_the_catalogues_then_notes_each_once():
    augmented = augment(
        track(notes=" Slowly. "),
        track(notes="Bread."),
        track(notes=" "),
        criteria=("Bread.", "Bread."),
        outcomes=(" A loaf. ", "", "A loaf.", "Bread."),
    )
    criteria = augmented.curriculum.success_criteria
    assert criteria[:3] == ["Bread.", "Bread.", "A loaf."]
    assert criteria[-1] == "Slowly."
    assert len(criteria[3:-1]) == len(BASE)


def test_missing_ratings_are_appended_in_plan_order_and_those_there_stay():
    plan = EloPlan(
        generated_at=NOW,
        categories=[category("b", start=900), category("a"), category("b", start=1), category("c")],
    )
    ratings = foundations.missing_ratings(plan, {"z": 5, "a": 1300})
    assert list(ratings.items()) == [("z", 5), ("a", 1300), ("b", 900), ("c", 1100)]


def report(*averages: float, scores: tuple[float, ...] = ()) -> GradingResult:
    return GradingResult(
        submission_id="s1",
        overall_feedback="",
        category_outcomes=[
            CategoryOutcome(category_key="a", average_score=average, initial_rating=1) for average in averages
        ],
        task_results=[
            TaskResult(task_id="t", category_key="a", task_type="code", score=score, feedback="")
            for score in scores
        ],
    )


def test_the_average_is_that_of_the_outcomes_else_of_the_scores_else_unknown():
    assert foundations.report_average(report(0.25, 0.75, scores=(1.0,))) == 0.5
    assert foundations.report_average(report(scores=(0.5, 1.0))) == 0.75
    assert foundations.report_average(report()) is None
    assert foundations.report_average(None) is None


# --- recorded ---------------------------------------------------------------------------------------


def graded(exchange: recordings.Exchange) -> tuple[foundations.Augmented, dict[str, int]]:
    """What a submission without a model makes of a stored learner: its augmentation and its ratings."""
    learner = exchange.learner
    posted = next(
        other
        for other in recordings.exchanges("POST", "/api/onboarding/{u}/assessment/submissions", "foundations")
        if other.learner.username == learner.username
    )
    given = GradingResult.model_validate({**posted.answer["grading"], "submission_id": "s1"})
    ratings = grading.ratings_after(given.task_results, learner.elo_category_plan)
    augmented = foundations.augment(
        goal=learner.goal,
        plan=learner.elo_category_plan,
        curriculum=learner.curriculum_plan,
        inference=learner.goal_inference,
        average=foundations.report_average(given),
        now=NOW,
    )
    return augmented, foundations.missing_ratings(augmented.plan, {**learner.elo_snapshot, **ratings})


@pytest.mark.parametrize(
    "exchange", recordings.exchanges("GET", "/api/profile/{u}/elo-plan", "foundations"), ids=str
)
def test_recorded_plans_have_the_recorded_categories(exchange):
    augmented, _ = graded(exchange)
    made = [recordings.category_facts(category) for category in augmented.plan.categories]
    assert made == [recordings.category_facts(category) for category in exchange.answer["categories"]]
    assert augmented.plan.source_goal == exchange.answer["source_goal"]
    assert augmented.plan.strategy_notes == exchange.answer["strategy_notes"]


@pytest.mark.parametrize(
    "exchange", recordings.exchanges("GET", "/api/onboarding/{u}/curriculum", "foundations"), ids=str
)
def test_recorded_curricula_have_the_recorded_modules(exchange):
    augmented, _ = graded(exchange)
    assert recordings.module_facts(augmented.curriculum) == recordings.module_facts(exchange.answer)
    assert augmented.curriculum.overview == exchange.answer["overview"]


@pytest.mark.parametrize(
    "exchange", recordings.exchanges("GET", "/api/onboarding/{u}", "foundations"), ids=str
)
def test_recorded_learners_have_the_recorded_ratings_in_order(exchange):
    _, ratings = graded(exchange)
    shown = [{"category": key, "rating": rating} for key, rating in ratings.items()]
    assert shown == exchange.answer["skill_ratings"]


# --- whatever is stored -----------------------------------------------------------------------------

averages = st.none() | oddities.shares


def augmentation(plan, curriculum, inference, average) -> foundations.Augmented:
    return foundations.augment(
        goal="A data service", plan=plan, curriculum=curriculum, inference=inference, average=average, now=NOW
    )


@given(st.none() | oddities.plans, oddities.curricula, st.none() | oddities.inferences(), averages)
def test_nothing_is_ever_removed_and_nothing_is_added_twice(plan, curriculum, inference, average):
    augmented = augmentation(plan, curriculum, inference, average)
    stored = plan.categories if plan else []
    old, new = augmented.plan.categories[: len(stored)], augmented.plan.categories[len(stored) :]
    for before, after in zip(stored, old, strict=True):
        changes = {"weight": after.weight, "focus_areas": after.focus_areas}
        assert before.model_copy(update=changes) == after
        assert after.weight >= before.weight
        assert after.focus_areas[: len(before.focus_areas)] == before.focus_areas
    assert _all_new([category.key for category in new], [category.key for category in stored])
    modules = augmented.curriculum.modules
    assert modules[: len(curriculum.modules)] == curriculum.modules
    assert _all_new(
        [module.module_id for module in modules[len(curriculum.modules) :]],
        [module.module_id for module in curriculum.modules],
    )
    criteria = augmented.curriculum.success_criteria
    assert criteria[: len(curriculum.success_criteria)] == curriculum.success_criteria
    assert _all_new(criteria[len(curriculum.success_criteria) :], curriculum.success_criteria)


def _all_new(added: list[str], before: list[str]) -> bool:
    return len(set(added)) == len(added) and not set(added) & set(before)


@given(oddities.plans, oddities.curricula, oddities.inferences(), averages)
def test_what_is_made_can_be_stored_and_read_again(plan, curriculum, inference, average):
    augmented = augmentation(plan, curriculum, inference, average)
    assert EloPlan.model_validate_json(augmented.plan.to_json()) == augmented.plan
    assert Curriculum.model_validate_json(augmented.curriculum.to_json()) == augmented.curriculum
    assert all(category.weight >= 0.5 for category in augmented.plan.categories[len(plan.categories) :])


# A blank id is numbered by the modules there are: it names another module every time.
named = oddities.texts.filter(lambda text: bool(text.strip()))


@given(st.none() | oddities.plans, oddities.curricula, oddities.inferences(named), averages)
def test_augmenting_again_changes_nothing(plan, curriculum, inference, average):
    once = augmentation(plan, curriculum, inference, average)
    assert augmentation(once.plan, once.curriculum, inference, average) == once


@given(oddities.plans, oddities.curricula, oddities.inferences(), averages)
def test_what_is_stored_is_not_touched(plan, curriculum, inference, average):
    before = [document.to_json() for document in (plan, curriculum, inference)]
    augmentation(plan, curriculum, inference, average)
    assert [document.to_json() for document in (plan, curriculum, inference)] == before
