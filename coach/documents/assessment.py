"""The onboarding assessment: tasks, sections, and what grading makes of the answers."""

from typing import Literal

from coach.documents.base import Count, Document, Moment, PositiveCount, Rating, Share, Whole
from coach.documents.curriculum import DEFAULT_STARTING_RATING, Confidence

TaskType = Literal["concept_check", "code"]
Intent = Literal["concept", "coding", "data", "architecture", "tooling", "custom"]
AssessmentStatus = Literal["pending", "in_progress", "completed"]


class Task(Document):
    """One question of an assessment."""

    task_id: str
    category_key: str
    section_id: str | None = None
    title: str
    task_type: TaskType
    prompt: str
    guidance: str
    rubric: list[str] = []
    expected_minutes: PositiveCount = 20
    starter_code: str | None = None
    answer_key: str | None = None


class Section(Document):
    """Tasks that are taken together."""

    section_id: str
    title: str
    description: str = ""
    intent: Intent = "concept"
    expected_minutes: Count = 45
    tasks: list[Task] = []


class Assessment(Document):
    """The tasks a learner answers to be placed."""

    generated_at: Moment
    status: AssessmentStatus = "pending"
    tasks: list[Task] = []
    sections: list[Section] = []


class RubricNote(Document):
    """Whether an answer met one criterion."""

    criterion: str
    met: bool
    notes: str | None = None
    score: Share | None = None


class TaskResult(Document):
    """The grade of one answer; `score` is 0 to 1."""

    task_id: str
    category_key: str
    task_type: TaskType
    score: Share
    confidence: Confidence = "medium"
    feedback: str
    strengths: list[str] = []
    improvements: list[str] = []
    rubric: list[RubricNote] = []


class CategoryOutcome(Document):
    """What the grades mean for one rated category; `average_score` is 0 to 1."""

    category_key: str
    average_score: Share
    initial_rating: Rating
    starting_rating: Rating = DEFAULT_STARTING_RATING
    rating_delta: Whole = 0
    rationale: str | None = None


class GradingResult(Document):
    """The grading of one submission."""

    submission_id: str
    evaluated_at: Moment
    overall_feedback: str
    strengths: list[str] = []
    focus_areas: list[str] = []
    task_results: list[TaskResult] = []
    category_outcomes: list[CategoryOutcome] = []
