"""The shapes of the model's answers, as it sends them; the services tidy and store them."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from coach.documents.assessment import TaskType
from coach.documents.base import Document, PositiveCount, Share, Weight, Whole
from coach.documents.curriculum import DEFAULT_STARTING_RATING, Confidence, RubricLevel


def _otherwise(default: str, *words: str) -> BeforeValidator:
    """Another text than the known words counts as the default; what is no text does not fit."""

    def check(value: Any) -> Any:
        return default if isinstance(value, str) and value not in words else value

    return BeforeValidator(check)


def _with_names(levels: list[RubricLevel]) -> list[RubricLevel]:
    """The levels, stripped, without those that have no name."""
    pairs = ((level.level.strip(), level.descriptor.strip()) for level in levels)
    return [RubricLevel(level=level, descriptor=descriptor) for level, descriptor in pairs if level]


Stripped = Annotated[str, AfterValidator(str.strip)]
StrippedOrNull = Annotated[str | None, AfterValidator(lambda text: (text or "").strip() or None)]
Texts = Annotated[list[str], AfterValidator(lambda texts: [text.strip() for text in texts if text.strip()])]
LeastZero = Annotated[float, AfterValidator(lambda number: max(0.0, number))]
LeastZeroWhole = Annotated[Whole, AfterValidator(lambda number: max(0, number))]


class ParsedModule(Document):
    module_id: str
    category_key: str
    priority: Annotated[str, _otherwise("core", "core", "reinforcement", "extension")] = "core"
    suggested_weeks: Annotated[float, Field(ge=0.1)] | None = None
    notes: str | None = None


class ParsedTrack(Document):
    track_id: str
    label: str
    priority: Annotated[str, _otherwise("now", "now", "up_next", "later")] = "now"
    confidence: Annotated[str, _otherwise("medium", "low", "medium", "high")] = "medium"
    weight: Weight = 1.0
    technologies: Texts = []
    focus_areas: Texts = []
    prerequisites: Texts = []
    recommended_modules: list[ParsedModule] = []
    suggested_weeks: PositiveCount | None = None
    notes: str | None = None


class ParsedGoal(Document):
    summary: str | None = None
    target_outcomes: Texts = []
    tracks: list[ParsedTrack] = []
    missing_templates: Texts = []


class PlannedCategory(Document):
    key: Stripped
    label: Stripped
    description: Stripped
    focus_areas: Texts = []
    rubric: Annotated[list[RubricLevel], AfterValidator(_with_names)] = []
    weight: LeastZero = 1.0
    starting_rating: LeastZeroWhole = DEFAULT_STARTING_RATING


class PlannedModule(Document):
    module_id: Stripped
    category_key: Stripped
    title: Stripped
    summary: Stripped
    objectives: Texts = []
    activities: Texts = []
    deliverables: Texts = []
    estimated_minutes: Annotated[Whole | None, AfterValidator(lambda n: n if n and n > 0 else None)] = None
    tier: PositiveCount | None = None
    prerequisite_module_ids: Texts = []


class PlannedCurriculum(Document):
    overview: Stripped
    success_criteria: Texts = []
    modules: list[PlannedModule] = []


class PlannedTask(Document):
    task_id: Stripped
    category_key: Stripped
    title: Stripped
    task_type: TaskType
    prompt: Stripped
    guidance: Stripped
    rubric: Texts = []
    expected_minutes: PositiveCount = 20
    starter_code: StrippedOrNull = None
    answer_key: StrippedOrNull = None


class Plan(Document):
    profile_summary: Stripped
    curriculum: PlannedCurriculum
    categories: list[PlannedCategory] = []
    assessment: list[PlannedTask] = []


class CriterionGrade(Document):
    criterion: str
    met: bool
    notes: StrippedOrNull = None
    score: Share | None = None


class TaskGrade(Document):
    task_id: str
    score: Share
    confidence: Confidence = "medium"
    feedback: Stripped
    strengths: Texts = []
    improvements: Texts = []
    rubric: list[CriterionGrade] = []


class Grades(Document):
    overall_feedback: Stripped
    strengths: Texts = []
    focus_areas: Texts = []
    tasks: Annotated[list[TaskGrade], Field(min_length=1)]


class JailbreakVerdict(Document):
    flagged: bool
    confidence: Share
