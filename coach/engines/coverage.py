"""Assessment coverage: tasks for every category of the plan, three extra ones, and sections for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

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


CONCEPT = Blueprint(
    suffix="concept",
    task_type="concept_check",
    minutes=10,
    title="{skill}: one idea in your words",
    prompt="Pick one idea of {skill} that you use or expect to use. Explain it in three to six sentences, "
    "then give one example of your own.",
    guidance="Plain words are fine. If you are unsure, say what you would look up first.",
    rubric=(
        "Names one idea and says what it is for.",
        "Gives an example that fits the idea.",
        "Says where the idea stops helping, or what is still unclear.",
    ),
)
CODE = Blueprint(
    suffix="code",
    task_type="code",
    minutes=25,
    title="{skill}: a small piece of code",
    prompt="Write at most 40 lines, in a language you like, that show one typical step of {skill}. "
    "Add one comment for each decision you took.",
    guidance="Small and finished beats large and half done. Name what you left out.",
    rubric=(
        "The code does the one step it sets out to do.",
        "Names and structure can be followed without running it.",
        "Comments give reasons, not a retelling of the lines.",
    ),
    starter_code="# 1. What goes in? Write one example.\n"
    "# 2. What should come out of it?\n"
    "# 3. Write the step in between.\n",
)
SCENARIO = Blueprint(
    suffix="scenario-{number}",
    task_type="concept_check",
    minutes=18,
    title="{skill}: something goes wrong ({number})",
    prompt="Describe a situation in which {skill} goes wrong for you. What do you notice first, "
    "what do you check next, and how do you know that it is mended?",
    guidance="Three headings are enough: what I see, what I check, how I know it is done.",
    rubric=(
        "The situation is concrete: somebody is doing something with something.",
        "The checks come in a sensible order, cheapest first.",
        "The end is something that can be observed.",
    ),
)

_DATA = Blueprint(
    suffix="data-diagnostic",
    task_type="code",
    minutes=35,
    title="A first look at unfamiliar data",
    prompt="You are given a table that nobody has explained to you. Write the code of your first look: "
    "load it, check it for three kinds of trouble, and answer one question about it.",
    guidance="Any table will do; make up five rows if you have none. Say after each check what you would do "
    "if it failed.",
    rubric=(
        "Loads the table and shows its shape and the types of its columns.",
        "Checks for at least three kinds of trouble, such as gaps, repeated rows or odd values.",
        "Answers one question and says how far the answer can be trusted.",
    ),
    # In no language: the task is for every learner, and a language that is not theirs would mislead.
    starter_code="# Load the table.\n"
    "# 1. How many rows and columns are there?\n"
    "# 2. Three checks for trouble.\n"
    "# 3. One question, and its answer.\n",
)
_ARCHITECTURE = Blueprint(
    suffix="architecture-plan",
    task_type="concept_check",
    minutes=25,
    title="A plan for a small system",
    prompt="Think of something you would like to build. List its parts (three to six), say for each what it "
    "is responsible for, and describe how one request travels through them.",
    guidance="A list with arrows is a good drawing. Mark the one part whose failure would hurt most.",
    rubric=(
        "Each part has one job that fits in a sentence.",
        "One request is followed from beginning to end.",
        "Names one thing that can fail and how it would be noticed.",
    ),
)
_TOOLING = Blueprint(
    suffix="tooling-audit",
    task_type="concept_check",
    minutes=20,
    title="Your tools, and what gets in the way",
    prompt="List the tools you use from opening your editor to sharing finished work. For each, say in one "
    "line what it saves you, and mark the two places where you lose most time.",
    guidance="No tool is too small to count. Pick the cheapest change that would help next week.",
    rubric=(
        "Covers editing, checking and sharing.",
        "Says what each tool saves, not only what it is called.",
        "Ends with one change small enough for next week.",
    ),
)

EXTRAS = (
    Extra("data", ("data", "analysis", "numpy", "pandas", "ml"), _DATA),
    Extra("architecture", ("architecture", "backend", "system", "service", "api"), _ARCHITECTURE),
    Extra("tooling", ("tooling", "workflow", "testing", "automation", "devops"), _TOOLING),
)

# Title and description of each section.
SECTIONS: dict[Intent, tuple[str, str]] = {
    "concept": ("Ideas", "Short answers in your own words. Take them in any order, with breaks."),
    "coding": ("Code", "Small pieces of code. Finished and small counts for more than long."),
    "data": ("Data", "One look at a table, from loading it to a first answer."),
    "architecture": ("Design", "One plan on paper: parts, jobs, and a request that travels through them."),
    "tooling": ("Tools", "One honest list of the tools you use and what they cost you."),
}


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
    title, description = SECTIONS[intent]
    minutes = max(SECTION_MINUTES_LEAST, sum(task.expected_minutes for task in tasks))
    return Section(
        section_id=intent,
        title=title,
        description=description,
        intent=intent,
        # Tasks of millions of minutes are valid; a section's minutes stand in a 32-bit column.
        expected_minutes=min(minutes, LARGEST_COUNT),
        tasks=tasks,
    )
