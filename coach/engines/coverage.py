"""Assessment coverage: tasks for every category of the plan, three extra ones, and sections for all."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from coach.documents import authored
from coach.documents.assessment import Assessment, Intent, Section, Task, TaskType
from coach.documents.base import LARGEST_COUNT
from coach.documents.curriculum import Category
from coach.engines.slugs import slug

TASKS_PER_CATEGORY = 3
SECTION_MINUTES_LEAST = 15


_TEXTS = authored.beside(__file__)
# The tasks that every assessment ends with, and the words of categories that attract them.
EXTRAS: Mapping[Intent, Sequence[str]] = _TEXTS["extras"]


def extend(assessment: Assessment, categories: Sequence[Category]) -> Assessment:
    """The assessment with tasks for every category and three extra ones, in new sections.

    Stored tasks come first and keep everything but their section. Without categories there is nothing
    to cover: the assessment comes back as it is.
    """
    if not categories:
        return assessment
    regular = [_regular(task) for task in (*assessment.tasks, *_missing(assessment.tasks, categories))]
    tasks = [*regular, *(_extra(intent, categories) for intent in EXTRAS)]
    intents: tuple[Intent, ...] = ("concept", "coding", *EXTRAS)
    parts = [(intent, [task for task in tasks if task.section_id == intent]) for intent in intents]
    sections = [_section(intent, chosen) for intent, chosen in parts if chosen]
    return assessment.model_copy(update={"tasks": tasks, "sections": sections})


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
        yield _task("concept", key, skill)
    if not codes:
        yield _task("code", key, skill)
    present = max(concepts, 1) + max(codes, 1)
    for number in range(1, TASKS_PER_CATEGORY - present + 1):
        yield _task("scenario", key, skill, number)


def _extra(intent: Intent, categories: Sequence[Category]) -> Task:
    attracted = (category for category in categories if mentions(category, EXTRAS[intent]))
    category = next(attracted, categories[0])
    return _task(intent, category.key, category.label).model_copy(update={"section_id": intent})


def mentions(category: Category, words: Sequence[str]) -> bool:
    """Whether the category's texts contain one of the words, also inside of others ("html" has "ml")."""
    text = " ".join((category.key, category.label, category.description, *category.focus_areas)).lower()
    return any(word in text for word in words)


# Learners share categories, and an import asks for the same tasks over and over.
@lru_cache(maxsize=4096)
def _task(blueprint: str, key: str, skill: str, number: int = 1) -> Task:
    """The task of that name in coverage.toml for a category."""
    texts = _TEXTS["blueprints"][blueprint]
    filled = {name: texts[name].format(skill=skill, number=number) for name in ("suffix", "title", "prompt")}
    task_id = slug(f"{key}-{filled['suffix']}", fallback=filled["suffix"])
    places = {"task_id": task_id, "category_key": key, "section_id": _regular_section(texts["task_type"])}
    return Task(**{**texts, **filled, **places})


# --- sections ---------------------------------------------------------------------------------------


def _regular(task: Task) -> Task:
    """The task in the section of its kind."""
    section_id = _regular_section(task.task_type)
    return task if task.section_id == section_id else task.model_copy(update={"section_id": section_id})


def _regular_section(task_type: TaskType) -> Intent:
    return "coding" if task_type == "code" else "concept"


def _section(intent: Intent, tasks: list[Task]) -> Section:
    minutes = max(SECTION_MINUTES_LEAST, sum(task.expected_minutes for task in tasks))
    return Section(
        section_id=intent,
        **_TEXTS["sections"][intent],
        intent=intent,
        # Tasks of millions of minutes are valid; a section's minutes stand in a 32-bit column.
        expected_minutes=min(minutes, LARGEST_COUNT),
        tasks=tasks,
    )
