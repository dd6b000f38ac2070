"""Grading: what becomes of grades, whoever gave them: a result, and what follows from it for the learner."""

import datetime as dt
from collections.abc import Iterable

from coach.agent.model import answers
from coach.documents.assessment import GradingResult, RubricNote, Task, TaskResult
from coach.documents.base import utc_now
from coach.documents.curriculum import EloPlan
from coach.documents.submissions import Response
from coach.engines import foundations
from coach.engines import grading as rules
from coach.models import LearnerProfile
from coach.services import assessments, coach_tracks, schedules

Grades = answers.Grades

SCORE_DECIMALS = 4
UNKNOWN_TASK_CATEGORY = "general"


def result(
    grades: Grades,
    *,
    submission_id: str,
    tasks: Iterable[Task | Response],
    plan: EloPlan | None,
    now: dt.datetime,
) -> GradingResult:
    """Grades as a grading; category and type of each task are those of `tasks`."""
    known = {task.task_id: task for task in tasks}
    results = [_task_result(grade, known.get(grade.task_id)) for grade in grades.tasks]
    return GradingResult(
        submission_id=submission_id,
        evaluated_at=now,
        overall_feedback=grades.overall_feedback,
        strengths=grades.strengths,
        focus_areas=grades.focus_areas,
        task_results=results,
        category_outcomes=rules.outcomes(results, plan),
    )


def _task_result(grade: answers.TaskGrade, task: Task | Response | None) -> TaskResult:
    return TaskResult(
        **{
            **dict(grade),
            "category_key": task.category_key if task else UNKNOWN_TASK_CATEGORY,
            "task_type": task.task_type if task else "concept_check",
            "score": round(grade.score, SCORE_DECIMALS),
            "rubric": [_rubric_note(note) for note in grade.rubric],
        }
    )


def _rubric_note(note: answers.CriterionGrade) -> RubricNote:
    score = None if note.score is None else round(note.score, SCORE_DECIMALS)
    return RubricNote(**{**dict(note), "score": score})


def apply(learner: LearnerProfile, result: GradingResult, *, submitted_at: dt.datetime) -> None:
    """What a grade changes on a (locked) learner: result, status, ratings, foundations, schedule."""
    learner.result = result
    # Known keys keep their place, others are appended in order.
    learner.ratings = {**learner.ratings, **rules.ratings_after(result.task_results, learner.plan)}
    if curriculum := learner.curriculum:
        average = foundations.report_average(result)
        coach_tracks.augment(
            learner, learner.plan, curriculum, goal=learner.goal, average=average, now=submitted_at
        )
    if learner.onboarding_assessment is not None:
        assessments.mark(learner, "completed")
    learner.last_updated = utc_now()
    schedules.save_planned(learner)
