"""From scores to outcomes and ratings, and the provisional report."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given

from coach.documents.assessment import CategoryOutcome, GradingResult, TaskResult
from coach.documents.base import LARGEST_WHOLE
from coach.documents.curriculum import Category, EloPlan
from coach.documents.submissions import Response
from coach.engines import grading
from coach.tests.engines import oddities, recordings

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)


def plan(**starts: int) -> EloPlan:
    """A plan with a category for each name, starting at that rating."""
    return EloPlan(generated_at=NOW, categories=[category(key, start) for key, start in starts.items()])


def category(key: str, start: int) -> Category:
    return Category(key=key, label=key.title(), description="", starting_rating=start)


def response(category_key: str, *, task_type: str = "code") -> Response:
    return Response(
        task_id=f"{category_key}-{task_type}",
        response="Done.",
        category_key=category_key,
        task_type=task_type,
    )


def scored(category_key: str, *scores: float) -> list[TaskResult]:
    return [
        TaskResult(task_id="t", category_key=category_key, task_type="code", score=score, feedback="")
        for score in scores
    ]


def rated(outcome: CategoryOutcome) -> tuple[str, float, int, int, int]:
    return (
        outcome.category_key,
        outcome.average_score,
        outcome.initial_rating,
        outcome.starting_rating,
        outcome.rating_delta,
    )


# --- the provisional report -------------------------------------------------------------------------


def test_a_provisional_report_gives_every_answer_half_marks_in_the_order_of_the_answers():
    report = grading.provisional_report("s1", [response("pottery"), response("bread")], now=NOW)
    assert [(result.task_id, result.score, result.confidence) for result in report.task_results] == [
        ("pottery-code", 0.5, "low"),
        ("bread-code", 0.5, "low"),
    ]
    assert (report.submission_id, report.evaluated_at, report.strengths) == ("s1", NOW, [])


def test_each_provisional_result_has_feedback_one_improvement_and_nothing_else():
    [result] = grading.provisional_report("s1", [response("bread")], now=NOW).task_results
    assert result.feedback
    assert (len(result.improvements), result.strengths, result.rubric) == (1, [], [])
    assert (result.category_key, result.task_type) == ("bread", "code")


def test_a_provisional_report_has_feedback_one_focus_area_and_no_strengths():
    report = grading.provisional_report("s1", [response("bread")], now=NOW)
    assert report.overall_feedback
    assert (len(report.focus_areas), report.strengths) == (1, [])


def test_provisional_outcomes_follow_the_first_answer_of_each_category():
    answers = [response("pottery"), response("bread"), response("pottery", task_type="concept_check")]
    report = grading.provisional_report("s1", answers, now=NOW)
    assert [rated(outcome) for outcome in report.category_outcomes] == [
        ("pottery", 0.5, 1100, 1100, 0),
        ("bread", 0.5, 1100, 1100, 0),
    ]
    assert all(outcome.rationale for outcome in report.category_outcomes)


def test_after_a_provisional_grading_ratings_go_back_to_the_plans_start_and_not_to_1100():
    report = grading.provisional_report("s1", [response("bread")], now=NOW)
    assert grading.ratings_after(report.task_results, plan(pottery=900, bread=1420)) == {
        "bread": 1420,
        "pottery": 900,
    }


# --- outcomes ---------------------------------------------------------------------------------------


def test_an_outcome_moves_the_start_by_400_points_per_whole_mark_from_the_middle():
    [outcome] = grading.outcomes(scored("bread", 0.75), plan(bread=1250))
    assert rated(outcome) == ("bread", 0.75, 1350, 1250, 100)


def test_a_category_that_the_plan_has_not_starts_at_1100():
    assert [rated(outcome) for outcome in grading.outcomes(scored("general", 1.0), None)] == [
        ("general", 1.0, 1300, 1100, 200)
    ]


def test_the_average_is_shown_with_four_decimals_but_the_delta_comes_from_the_exact_one():
    [outcome] = grading.outcomes(scored("bread", 0.3333, 0.91), plan(bread=1250))
    assert rated(outcome) == ("bread", 0.6217, 1299, 1250, 49)


@pytest.mark.parametrize(("average", "delta"), [(0.53125, 12), (0.59375, 38), (0.46875, -12), (0.40625, -38)])
def test_half_points_go_to_the_even_number(average, delta):
    [outcome] = grading.outcomes(scored("bread", average), None)
    assert outcome.rating_delta == delta


def test_no_rating_falls_below_0():
    [outcome] = grading.outcomes(scored("bread", 0.0), plan(bread=150))
    assert rated(outcome) == ("bread", 0.0, 0, 150, -200)


def test_no_rating_grows_past_what_documents_hold():
    [outcome] = grading.outcomes(scored("bread", 1.0), plan(bread=LARGEST_WHOLE))
    assert outcome.initial_rating == LARGEST_WHOLE


def test_categories_of_the_plan_without_tasks_keep_their_start():
    outcomes = grading.outcomes(scored("bread", 1.0), plan(pottery=900, bread=1100))
    assert rated(outcomes[1]) == ("pottery", 0.5, 900, 900, 0)


def test_outcomes_are_sorted_by_key_and_each_has_a_rationale():
    outcomes = grading.outcomes(scored("é", 0.1) + scored("Z", 0.5), plan(z=1100, a=1100))
    assert [outcome.category_key for outcome in outcomes] == ["Z", "a", "z", "é"]
    assert all(outcome.rationale for outcome in outcomes)


@pytest.mark.parametrize(("score", "word"), [(0.9, "up"), (0.2, "down"), (0.5, "stays")])
def test_the_rationale_says_where_the_rating_moves(score, word):
    [outcome] = grading.outcomes(scored("bread", score), None)
    assert word in outcome.rationale


# --- ratings ----------------------------------------------------------------------------------------


def test_ratings_follow_the_first_task_result_then_the_plan():
    results = scored("swift", 0.5) + scored("bread", 1.0) + scored("swift", 1.0)
    ratings = grading.ratings_after(results, plan(pottery=900, bread=1100, art=1000, swift=1200))
    assert list(ratings.items()) == [("swift", 1300), ("bread", 1300), ("pottery", 900), ("art", 1000)]


def test_a_repeated_key_in_the_plan_is_rated_once_and_graded_from_its_last_start():
    twice = EloPlan(generated_at=NOW, categories=[category("bread", 900), category("bread", 1200)])
    assert grading.ratings_after(scored("bread", 0.5), twice) == {"bread": 1200}


# --- recorded ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "exchange",
    recordings.exchanges(
        "POST", "/api/onboarding/{u}/assessment/submissions", "foundations", "assessment", "journey"
    ),
    ids=str,
)
def test_recorded_submissions_get_the_recorded_provisional_report(exchange):
    tasks = {task.task_id: task for task in exchange.learner.onboarding_assessment.tasks}
    responses = [
        Response(
            task_id=entry["task_id"],
            response=entry["response"],
            category_key=tasks[entry["task_id"]].category_key,
            task_type=tasks[entry["task_id"]].task_type,
        )
        for entry in exchange.sent["responses"]
    ]
    report = grading.provisional_report("s1", responses, now=NOW)
    recorded = recordings.grading_facts(exchange.answer["grading"])
    assert recordings.grading_facts(report.to_object()) == recorded


# --- whatever the scores ----------------------------------------------------------------------------


@given(oddities.task_results, oddities.plans)
def test_every_category_is_rated_once_and_as_its_outcome_says(results, of_plan):
    outcomes = grading.outcomes(results, of_plan)
    ratings = grading.ratings_after(results, of_plan)
    keys = [result.category_key for result in results] + [entry.key for entry in of_plan.categories]
    assert list(ratings) == list(dict.fromkeys(keys))
    assert {outcome.category_key: outcome.initial_rating for outcome in outcomes} == ratings
    assert [outcome.category_key for outcome in outcomes] == sorted(ratings)
    report = GradingResult(
        submission_id="s1", overall_feedback="", evaluated_at=NOW, category_outcomes=outcomes
    )
    assert GradingResult.model_validate_json(report.to_json()) == report
