"""Assessment coverage: tasks for every category of the plan, three extra ones, and sections for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydantic import BaseModel

from coach.documents import authored
from coach.documents.assessment import Assessment, Intent, Section, Task, TaskType
from coach.documents.base import LARGEST_COUNT
from coach.documents.curriculum import Category
from coach.engines.slugs import slug

TASKS_PER_CATEGORY = 3
SECTION_MINUTES_LEAST = 15


@dataclass(frozen=True)
class Blueprint:
    """A task that can be made for any category; the texts name the skill as {skill}."""

    suffix: str
    task_type: TaskType
    minutes: int
    title: str
    prompt: str
    guidance: str
    rubric: tuple[str, ...]
    starter_code: str | None = None


@dataclass(frozen=True)
class Extra:
    """A task that every assessment ends with, for the first category that mentions one of the words."""

    intent: Intent
    words: tuple[str, ...]
    blueprint: Blueprint


@dataclass(frozen=True)
class Heading:
    """What a section is called."""

    title: str
    description: str


class _Texts(BaseModel):
    """The shape of coverage.toml."""

    blueprints: dict[str, Blueprint]
    extras: tuple[Extra, ...]
    sections: dict[Intent, Heading]


_TEXTS = _Texts.model_validate(authored.beside(__file__))
CONCEPT, CODE, SCENARIO = (_TEXTS.blueprints[name] for name in ("concept", "code", "scenario"))
EXTRAS = _TEXTS.extras


def extend(assessment: Assessment, categories: Sequence[Category]) -> Assessment:
    """The assessment with tasks for every category and three extra ones, in new sections.

    Stored tasks come first and keep everything but their section. Without categories there is nothing
    to cover: the assessment comes back as it is.
    """
    if not categories:
        return assessment
    regular = [_regular(task) for task in (*assessment.tasks, *_missing(assessment.tasks, categories))]
    extra = [_extra(kind, categories) for kind in EXTRAS]
    sections = [
        *_regular_sections(regular),
        *(_section(kind.intent, [task]) for kind, task in zip(EXTRAS, extra, strict=True)),
    ]
    return assessment.model_copy(update={"tasks": [*regular, *extra], "sections": sections})


# --- tasks ------------------------------------------------------------------------------------------


def _missing(tasks: Sequence[Task], categories: Sequence[Category]) -> Iterator[Task]:
    """The tasks that the categories lack, category by category; blank and repeated keys are skipped."""
    stored = Counter((task.category_key, task.task_type) for task in tasks)
    labels: dict[str, str] = {}
    for category in categories:
        labels.setdefault(category.key.strip(), category.label)
    for key, label in labels.items():
        if key:
            yield from _missing_of(key, label, stored[key, "concept_check"], stored[key, "code"])


def _missing_of(key: str, label: str, concepts: int, codes: int) -> Iterator[Task]:
    skill = label.strip() or key
    if not concepts:
        yield _task(CONCEPT, key, skill)
    if not codes:
        yield _task(CODE, key, skill)
    present = max(concepts, 1) + max(codes, 1)
    for number in range(1, TASKS_PER_CATEGORY - present + 1):
        yield _task(SCENARIO, key, skill, number)


def _extra(kind: Extra, categories: Sequence[Category]) -> Task:
    category = next((category for category in categories if mentions(category, kind.words)), categories[0])
    task = _task(kind.blueprint, category.key, category.label)
    return task.model_copy(update={"section_id": kind.intent})


def mentions(category: Category, words: Sequence[str]) -> bool:
    """Whether the category's texts contain one of the words, also inside of others ("html" has "ml")."""
    text = " ".join((category.key, category.label, category.description, *category.focus_areas)).lower()
    return any(word in text for word in words)


# Learners share categories, and an import asks for the same tasks over and over.
@lru_cache(maxsize=4096)
def _task(blueprint: Blueprint, key: str, skill: str, number: int = 1) -> Task:
    suffix = blueprint.suffix.format(number=number)
    return Task(
        task_id=slug(f"{key}-{suffix}", fallback=suffix),
        category_key=key,
        section_id=_regular_section(blueprint.task_type),
        title=blueprint.title.format(skill=skill, number=number),
        task_type=blueprint.task_type,
        prompt=blueprint.prompt.format(skill=skill),
        guidance=blueprint.guidance,
        rubric=list(blueprint.rubric),
        expected_minutes=blueprint.minutes,
        starter_code=blueprint.starter_code,
    )


# --- sections ---------------------------------------------------------------------------------------


def _regular(task: Task) -> Task:
    """The task in the section of its kind."""
    section_id = _regular_section(task.task_type)
    return task if task.section_id == section_id else task.model_copy(update={"section_id": section_id})


def _regular_section(task_type: TaskType) -> Intent:
    return "coding" if task_type == "code" else "concept"


def _regular_sections(tasks: Sequence[Task]) -> Iterator[Section]:
    kinds: tuple[Intent, Intent] = ("concept", "coding")
    for intent in kinds:
        chosen = [task for task in tasks if task.section_id == intent]
        if chosen:
            yield _section(intent, chosen)


def _section(intent: Intent, tasks: list[Task]) -> Section:
    heading = _TEXTS.sections[intent]
    minutes = max(SECTION_MINUTES_LEAST, sum(task.expected_minutes for task in tasks))
    return Section(
        section_id=intent,
        title=heading.title,
        description=heading.description,
        intent=intent,
        # Tasks of millions of minutes are valid; a section's minutes stand in a 32-bit column.
        expected_minutes=min(minutes, LARGEST_COUNT),
        tasks=tasks,
    )
