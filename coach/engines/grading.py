"""From scores to outcomes and ratings, and the provisional report that stands in for a missing grader."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from coach.documents import authored
from coach.documents.assessment import CategoryOutcome, GradingResult, TaskResult
from coach.documents.base import LARGEST_WHOLE
from coach.documents.curriculum import DEFAULT_STARTING_RATING, EloPlan
from coach.documents.submissions import Response

_PROVISIONAL = authored.beside(__file__)
# Points between an average of 0 and one of 1: full marks lift the starting rating by half of it.
RATING_SPAN = 400


@dataclass(frozen=True)
class _Standing:
    """What the scores of one category come to; `average` is 0 to 1, not rounded."""

    average: float
    start: int
    delta: int
    graded: bool

    @property
    def rating(self) -> int:
        # A start near the largest whole number must not push the rating out of what documents hold.
        return min(max(self.start + self.delta, 0), LARGEST_WHOLE)


def provisional_report(
    submission_id: str, responses: Sequence[Response], *, now: dt.datetime
) -> GradingResult:
    """The report for answers that could not be graded: 0.5 each, and ratings of 1100 that do not move.

    Task results follow the responses; outcomes follow the first response of each category. The ratings
    that count afterwards are those of `ratings_after`, not the ones in these outcomes.
    """
    keys = dict.fromkeys(response.category_key for response in responses)
    return GradingResult(
        submission_id=submission_id,
        evaluated_at=now,
        task_results=[_provisional_result(response) for response in responses],
        category_outcomes=[
            CategoryOutcome(
                category_key=key, initial_rating=DEFAULT_STARTING_RATING, **_PROVISIONAL["category"]
            )
            for key in keys
        ],
        **_PROVISIONAL["report"],
    )


def outcomes(task_results: Sequence[TaskResult], plan: EloPlan | None) -> list[CategoryOutcome]:
    """What the scores mean for every graded category and every other category of the plan, by key."""
    standings = _standings(task_results, plan)
    return [_outcome(key, standings[key]) for key in sorted(standings)]


def ratings_after(task_results: Sequence[TaskResult], plan: EloPlan | None) -> dict[str, int]:
    """The new rating of each category: the graded ones by first task result, then the plan's others.

    This holds after every grading, a provisional one included: it sets the whole plan to its start.
    """
    return {key: standing.rating for key, standing in _standings(task_results, plan).items()}


# --- scores -----------------------------------------------------------------------------------------


def _standings(task_results: Sequence[TaskResult], plan: EloPlan | None) -> dict[str, _Standing]:
    """Standings by category key: graded ones in order of first task result, then the plan's others."""
    categories = plan.categories if plan else []
    starts = {category.key: category.starting_rating for category in categories}
    standings = {
        key: _graded(scores, starts.get(key, DEFAULT_STARTING_RATING))
        for key, scores in _scores(task_results).items()
    }
    for category in categories:
        standings.setdefault(category.key, _Standing(0.5, category.starting_rating, 0, graded=False))
    return standings


def _scores(task_results: Sequence[TaskResult]) -> dict[str, list[float]]:
    """Scores by category, in order of first task result."""
    scores: dict[str, list[float]] = {}
    for result in task_results:
        scores.setdefault(result.category_key, []).append(result.score)
    return scores


def _graded(scores: Sequence[float], start: int) -> _Standing:
    # statistics.mean rounds once, at the end: a sum of floats could miss a half point by one bit.
    average = mean(scores)
    return _Standing(average=average, start=start, delta=round((average - 0.5) * RATING_SPAN), graded=True)


# --- documents --------------------------------------------------------------------------------------


def _outcome(key: str, standing: _Standing) -> CategoryOutcome:
    return CategoryOutcome(
        category_key=key,
        average_score=round(standing.average, 4),
        initial_rating=standing.rating,
        starting_rating=standing.start,
        rating_delta=standing.delta,
        rationale=_rationale(standing),
    )


def _rationale(standing: _Standing) -> str:
    if not standing.graded:
        return f"No answer in this category was graded, so the rating stays at its start, {standing.start}."
    score = f"The answers score {standing.average:.0%} on average"
    if standing.delta == 0:
        return f"{score}, right in the middle, so the rating stays at its start, {standing.start}."
    direction = "up" if standing.delta > 0 else "down"
    return f"{score}: the rating moves {direction} from {standing.start} to {standing.rating}."


def _provisional_result(response: Response) -> TaskResult:
    task = {name: getattr(response, name) for name in ("task_id", "category_key", "task_type")}
    return TaskResult(**task, **_PROVISIONAL["task"])
