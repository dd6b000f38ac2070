"""The offline coach: answers by rule from the learner's own plan, and says so. The model's twin, without a model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from coach.agent.errors import Unavailable
from coach.agent.model import answers
from coach.agent.offline import items, plans
from coach.agent.tools.requests import (
    ChatRequest,
    GoalRequest,
    GradeRequest,
    LearnerTools,
    PlanRequest,
    TopicRequest,
)
from coach.documents import schedule as zones
from coach.documents import sessions
from coach.documents.assessment import Task
from coach.documents.base import utc_now
from coach.documents.curriculum import Module
from coach.documents.profile import Profile
from coach.documents.schedule import Schedule, ScheduleItem

# Who made an answer, as it is kept beside it.
MAKER = "rule"
# Of a text by a client so many characters are read, and so many quoted.
LONGEST_READ = 2_000
LONGEST_QUOTE = 200
SIGNATURE = "Made by rule from your own plan; no language model was asked."
SHOWN_ITEMS = 5
QUIZ_QUESTIONS = 5

_WHAT_I_CAN = (
    "I am the offline coach: I answer by rule, without a language model. "
    "Ask me what comes next, what your ratings are, or how far you have come."
)
_NOBODY = "Tell me your username, and I can look at your plan."


# --- onboarding -------------------------------------------------------------------------------------


def infer_goals(ask: GoalRequest) -> answers.ParsedGoal:
    """The tracks of the coach's catalogue that the goal asks for."""
    return plans.infer(ask)


def plan(ask: PlanRequest, *, learner_tools: LearnerTools) -> answers.Plan:
    """The modules and tasks of the tracks that the inference holds."""
    return plans.plan(ask)


def grade(ask: GradeRequest, *, learner_tools: LearnerTools) -> NoReturn:
    """Answers are graded provisionally. Raises Unavailable, always."""
    raise Unavailable("The offline coach does not grade.")


# --- lessons, quizzes, milestones -------------------------------------------------------------------


def lesson(ask: TopicRequest, *, learner_tools: LearnerTools) -> sessions.Lesson:
    """The module of the learner's curriculum that fits the topic best, and what comes next."""
    if ask.item:
        return items.lesson(ask.item)
    module = _module(ask.learner, ask.topic)
    if module is None:
        text = f"There is no module on “{_short(ask.topic)}” to draw on. {_missing(ask.learner)} {SIGNATURE}"
        return sessions.Lesson(intent="lesson", display=text, widgets=_next_list(ask.learner), citations=None)
    return sessions.Lesson(
        intent="lesson",
        display=f"{module.title}: {module.summary} {SIGNATURE}",
        widgets=[_module_card(module), *_next_list(ask.learner)],
        citations=None,
    )


def quiz(ask: TopicRequest, *, learner_tools: LearnerTools) -> sessions.Quiz:
    """Questions out of the learner's assessment and modules, to be answered and checked alone."""
    if ask.item:
        return items.quiz(ask.item)
    questions = _questions(ask.learner, ask.topic)
    first = "Answer in your own words, then check yourself." if questions else _missing(ask.learner)
    return sessions.Quiz(
        intent="quiz",
        display=f"{first} {SIGNATURE}",
        widgets=[_card(f"Quiz: {_short(ask.topic)}", {"Questions": questions})] if questions else [],
        elo=dict(ask.learner.elo_snapshot) if ask.learner else {},
        last_quiz=None,
    )


def milestone(ask: TopicRequest, *, learner_tools: LearnerTools) -> sessions.Milestone:
    """The milestone's facts: ratings, and what the fitting module wants to be delivered."""
    if ask.item:
        return items.milestone(ask.item)
    module = _module(ask.learner, ask.topic)
    card = [_card(f"Milestone: {_short(ask.topic)}", {"To show": module.deliverables})] if module else []
    return sessions.Milestone(
        intent="milestone",
        display=f"Milestone “{_short(ask.topic)}”: finish one thing that you can show. {SIGNATURE}",
        widgets=[*card, *_ratings_row(ask.learner)],
    )


# --- chat -------------------------------------------------------------------------------------------


def chat(ask: ChatRequest, *, learner_tools: LearnerTools) -> sessions.Chat:
    """What the profile can answer: the next items, the ratings, the progress; else what the coach can do."""
    asked = ask.message.lower()
    learner = ask.learner
    if learner is None:
        return _said(f"{_WHAT_I_CAN} {_NOBODY}")
    if _mentions(asked, "rating", "elo", "level", "skill", "score"):
        return _said(_ratings_text(learner), *_ratings_row(learner))
    if _mentions(asked, "progress", "far", "done", "finished", "assessment"):
        return _said(_progress_text(learner))
    if _mentions(asked, "next", "today", "tomorrow", "schedule", "plan", "when", "week"):
        return _said(_next_text(learner), *_next_list(learner))
    return _said(_WHAT_I_CAN, *_next_list(learner))


def follow_chat(ask: ChatRequest, *, learner_tools: LearnerTools) -> Iterator[str]:
    """The same answer in one piece."""
    yield chat(ask, learner_tools=learner_tools).display or ""


def _said(text: str, *widgets: sessions.Widget) -> sessions.Chat:
    return sessions.Chat(display=f"{text}\n\n{SIGNATURE}", widgets=list(widgets), citations=None)


def _mentions(text: str, *words: str) -> bool:
    return any(word in text for word in words)


def _ratings_text(learner: Profile) -> str:
    if not learner.elo_snapshot:
        return "You have no ratings yet: take the assessment first."
    rated = ", ".join(f"{_label(learner, key)} {rating}" for key, rating in learner.elo_snapshot.items())
    return f"Your ratings: {rated}."


def _progress_text(learner: Profile) -> str:
    assessment, schedule = learner.onboarding_assessment, learner.curriculum_schedule
    parts = [
        f"Your assessment is {assessment.status.replace('_', ' ')}."
        if assessment
        else "You have no assessment yet: ask for a plan first."
    ]
    if schedule and schedule.items:
        past = len(schedule.items) - len(_coming(schedule))
        parts.append(f"The days of {past} of {len(schedule.items)} items of your schedule have passed.")
    return " ".join(parts)


def _next_text(learner: Profile) -> str:
    schedule = learner.curriculum_schedule
    coming = _coming(schedule)[:SHOWN_ITEMS] if schedule else []
    if schedule is None or not coming:
        return "Nothing is scheduled for you at the moment."
    lines = [f"- {_day(schedule, item):%A, %d %B}: {item.title}" for item in coming]
    return "\n".join(["This comes next:", *lines])


# --- reading the learner's plan ---------------------------------------------------------------------


def _module(learner: Profile | None, topic: str) -> Module | None:
    """The module that shares most words with the topic; without any, that of the next scheduled item."""
    modules = learner.curriculum_plan.modules if learner and learner.curriculum_plan else []
    if not modules:
        return None
    best = max(
        modules, key=lambda module: _shared(topic, module.title, module.category_key, module.module_id)
    )
    if _shared(topic, best.title, best.category_key, best.module_id):
        return best
    coming = _coming(learner.curriculum_schedule) if learner and learner.curriculum_schedule else []
    return next(
        (module for item in coming for module in modules if module.module_id in item.item_id), modules[0]
    )


def _shared(topic: str, *texts: str) -> int:
    return len(_words(topic) & _words(" ".join(texts)))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def _words(text: str) -> set[str]:
    plain = "".join(character if character.isalnum() else " " for character in text[:LONGEST_READ].lower())
    return {word for word in plain.split() if len(word) > 2}


def _questions(learner: Profile | None, topic: str) -> list[str]:
    """Prompts of the assessment, those nearest to the topic first; then objectives of the fitting module."""
    tasks = learner.onboarding_assessment.tasks if learner and learner.onboarding_assessment else []
    module = _module(learner, topic)
    key = module.category_key if module else ""

    def nearness(task: Task) -> int:
        return 10 * (task.category_key == key) + _shared(topic, task.title, task.category_key, task.prompt)

    near = sorted(tasks, key=nearness, reverse=True)
    objectives = [f"Show that you can: {objective}" for objective in module.objectives] if module else []
    return [*objectives, *map(_question, near)][:QUIZ_QUESTIONS]


def _question(task: Task) -> str:
    return f"{task.title}. {task.prompt}"


def _coming(schedule: Schedule) -> list[ScheduleItem]:
    """The items of today and later, in the schedule's zone."""
    zone = zones.zone(schedule.timezone)
    today = utc_now().astimezone(zone).date()
    return [item for item in schedule.items if _day(schedule, item) >= today]


def _day(schedule: Schedule, item: ScheduleItem) -> dt.date:
    anchor = zones.anchor_date(schedule.generated_at, zones.zone(schedule.timezone))
    return anchor + dt.timedelta(days=item.recommended_day_offset)


def _label(learner: Profile, key: str) -> str:
    categories = learner.elo_category_plan.categories if learner.elo_category_plan else []
    return next((category.label for category in categories if category.key == key), key)


def _missing(learner: Profile | None) -> str:
    if learner is None:
        return _NOBODY
    return "You have no plan yet: ask for one first." if learner.curriculum_plan is None else ""


# --- widgets ----------------------------------------------------------------------------------------


def _card(title: str, sections: Mapping[str, Sequence[str]]) -> sessions.Widget:
    shown = [{"heading": heading, "items": list(items)} for heading, items in sections.items() if items]
    return sessions.Widget(type="Card", props={"title": title, "sections": shown})


def _module_card(module: Module) -> sessions.Widget:
    sections = {
        "Objectives": module.objectives,
        "Activities": module.activities,
        "Deliverables": module.deliverables,
    }
    return _card(module.title, sections)


def _next_list(learner: Profile | None) -> list[sessions.Widget]:
    schedule = learner.curriculum_schedule if learner else None
    coming = _coming(schedule)[:SHOWN_ITEMS] if schedule else []
    if schedule is None or not coming:
        return []
    rows: list[dict[str, Any]] = [
        {
            "label": item.title,
            "meta": f"{_day(schedule, item).isoformat()}, {item.recommended_minutes} minutes",
        }
        for item in coming
    ]
    return [sessions.Widget(type="List", props={"title": "Next on your schedule", "rows": rows})]


def _ratings_row(learner: Profile | None) -> list[sessions.Widget]:
    if learner is None or not learner.elo_snapshot:
        return []
    items = [
        {"label": _label(learner, key), "value": str(rating)} for key, rating in learner.elo_snapshot.items()
    ]
    return [sessions.Widget(type="StatRow", props={"items": items})]
