"""What a learner is to learn: categories of ratings, curriculum modules, goal inference and its tracks."""

from typing import Literal

from coach.documents.base import Document, Moment, PositiveCount, Rating, Weight, Whole

DEFAULT_STARTING_RATING = 1100

Confidence = Literal["low", "medium", "high"]
TrackPriority = Literal["now", "up_next", "later"]
ModulePriority = Literal["core", "reinforcement", "extension"]


class RubricLevel(Document):
    level: str
    descriptor: str


class Category(Document):
    """One skill that is rated."""

    key: str
    label: str
    description: str
    focus_areas: list[str] = []
    weight: Weight = 1.0
    rubric: list[RubricLevel] = []
    starting_rating: Rating = DEFAULT_STARTING_RATING


class EloPlan(Document):
    """Which skills are rated, how they weigh, and where a learner starts in each."""

    generated_at: Moment
    source_goal: str | None = None
    strategy_notes: str | None = None
    categories: list[Category] = []


class Module(Document):
    """One unit of the curriculum."""

    module_id: str
    category_key: str
    title: str
    summary: str
    objectives: list[str] = []
    activities: list[str] = []
    deliverables: list[str] = []
    estimated_minutes: Whole | None = None
    tier: PositiveCount | None = None
    prerequisite_module_ids: list[str] = []


class Curriculum(Document):
    """The modules a learner works through."""

    generated_at: Moment
    overview: str = ""
    success_criteria: list[str] = []
    modules: list[Module] = []


class ModuleReference(Document):
    """A module that a track recommends; it need not exist in the curriculum."""

    module_id: str
    category_key: str
    priority: ModulePriority = "core"
    suggested_weeks: PositiveCount | None = None
    notes: str | None = None


class Track(Document):
    """A strand of foundations that a goal asks for."""

    track_id: str
    label: str
    priority: TrackPriority = "now"
    confidence: Confidence = "medium"
    weight: Weight = 1.0
    technologies: list[str] = []
    focus_areas: list[str] = []
    prerequisites: list[str] = []
    recommended_modules: list[ModuleReference] = []
    suggested_weeks: PositiveCount | None = None
    notes: str | None = None


class GoalInference(Document):
    """What a learner's goal was understood to need."""

    generated_at: Moment
    summary: str | None = None
    target_outcomes: list[str] = []
    tracks: list[Track] = []
    missing_templates: list[str] = []
