"""Lessons, quizzes and milestones on the topic that was asked for, from the catalogue and the learner's curriculum.

A topic is one of a module's where the module knows every word of it that means something. Nothing else is taught under
its title.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from coach.agent.offline import languages, phrases, widgets
from coach.agent.offline.tracks import Module, Question, Track, catalogue
from coach.agent.tools.requests import TopicRequest
from coach.documents import sessions
from coach.documents.assessment import Task
from coach.documents.curriculum import Module as OwnModule
from coach.documents.profile import Profile

SIGNATURE = "Made by rule from your own plan; no language model was asked."
MOST_QUESTIONS = 8
_PART = re.compile(r"\(part \d+ of \d+\)")


@dataclass(frozen=True)
class Material:
    """A module of the catalogue (with its track) or one that only the learner's curriculum has."""

    title: str
    own: OwnModule | None
    track: Track | None = None
    module: Module | None = None

    @property
    def is_planned(self) -> bool:
        return self.own is not None


def find(topic: str, learner: Profile | None) -> Material | None:
    """The material on a topic, the learner's own modules first; None where there is none."""
    wanted = frozenset(_stem(word) for word in phrases.words(_PART.sub(" ", topic))) - frozenset(
        languages.vocabulary().asking
    )
    if not wanted:
        return None
    found = [entry for entry in _materials(learner) if wanted <= _known_words(entry)]
    return max(found, key=lambda entry: _nearness(entry, wanted, topic)) if found else None


def _nearness(entry: Material, wanted: frozenset[str], topic: str) -> tuple[bool, int, bool]:
    """Exact titles first, then topics that are named as a whole, then the learner's own plan."""
    in_title = len(wanted & _stems([entry.title]))
    named = len(phrases.found(phrases.normal(topic), entry.module.topics)) if entry.module else 0
    exact = phrases.normal(entry.title).strip() in phrases.normal(topic)
    return exact, entry.is_planned * 100 + 2 * in_title + named, entry.is_planned


def _materials(learner: Profile | None) -> list[Material]:
    planned = learner.curriculum_plan.modules if learner and learner.curriculum_plan else ()
    own = {module.module_id: module for module in planned}
    taught = {module.id for track in catalogue().values() for module in track.module}
    catalogued = [
        Material(module.title, own.get(module.id), track, module)
        for track in catalogue().values()
        for module in track.module
    ]
    return [
        *catalogued,
        *(Material(module.title, module) for key, module in own.items() if key not in taught),
    ]


def _known_words(entry: Material) -> frozenset[str]:
    """The words that a topic of this material can hold."""
    if entry.module is None or entry.track is None:
        own = entry.own
        return _stems([entry.title, own.category_key, own.module_id]) if own else frozenset()
    return _vocabulary(entry.track.id, entry.module.id)


@lru_cache(maxsize=1024)
def _vocabulary(track_id: str, module_id: str) -> frozenset[str]:
    track = catalogue()[track_id]
    module = next(module for module in track.module if module.id == module_id)
    names = [name for several in track.names.values() for name in several if " " not in name]
    return _stems([module.title, *module.topics, track.name, *track.technologies, *names])


def _stems(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(_stem(word) for text in texts for word in phrases.words(text))


def _stem(word: str) -> str:
    """A word without the plural of English nouns."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


# --- the answers ------------------------------------------------------------------------------------

EMPTY: Mapping[sessions.TopicKind, sessions.OnTopic] = {
    "lesson": sessions.Lesson(intent="lesson", display="", widgets=[], citations=None),
    "quiz": sessions.Quiz(intent="quiz", display="", widgets=[], elo={}, last_quiz=None),
    "milestone": sessions.Milestone(intent="milestone", display="", widgets=[]),
}


def on_topic(ask: TopicRequest) -> sessions.OnTopic:
    """The lesson, quiz or milestone on a topic."""
    if ask.kind == "lesson":
        return lesson(ask)
    return quiz(ask) if ask.kind == "quiz" else milestone(ask)


def lesson(ask: TopicRequest) -> sessions.Lesson:
    """The lesson on a topic: introduction, steps, a worked example, and how to know that it is done."""
    found = find(ask.topic, ask.learner)
    cards = [_material_card(found)] if found else []
    return sessions.Lesson(
        intent="lesson",
        display=lesson_text(found) if found else nothing_on(ask.topic, ask.learner),
        widgets=[*cards, *widgets.next_list(ask.learner)],
        citations=None,
    )


def quiz(ask: TopicRequest) -> sessions.Quiz:
    """Questions on a topic; their answers, with the reasons, are on a card of their own."""
    found = find(ask.topic, ask.learner)
    questions = _questions(found, ask.learner) if found else []
    if found is None or not questions:
        text, cards = nothing_on(ask.topic, ask.learner), []
    else:
        text, cards = quiz_text(found, questions), _quiz_cards(found, questions)
    ratings = dict(ask.learner.elo_snapshot) if ask.learner else {}
    return sessions.Quiz(intent="quiz", display=text, widgets=cards, elo=ratings, last_quiz=None)


def milestone(ask: TopicRequest) -> sessions.Milestone:
    """One finished thing to show on a topic."""
    found = find(ask.topic, ask.learner)
    text = _milestone_text(found) if found else nothing_on(ask.topic, ask.learner)
    cards = [_milestone_card(found)] if found else []
    return sessions.Milestone(
        intent="milestone", display=text, widgets=[*cards, *widgets.ratings(ask.learner)]
    )


def nothing_on(topic: str, learner: Profile | None) -> str:
    """That there is no material on a topic, and what the learner's plan holds next."""
    if danger := languages.help_for(topic):
        return danger
    schedule = learner.curriculum_schedule if learner else None
    coming = widgets.open_items(schedule)[:1] if schedule else []
    if coming:
        follows = f"Next in your plan is {widgets.quoted(coming[0].title)}."
    else:
        follows = (
            "Tell me your username, and I can look at your plan."
            if learner is None
            else "Your plan has nothing next."
        )
    return _signed(f"I have no material on {widgets.quoted(topic)}. {follows}")


def lesson_text(found: Material) -> str:
    """The whole lesson as text."""
    if found.module is None:
        return _signed(f"{found.title}: {found.own.summary if found.own else ''}")
    module, taught = found.module, found.module.lesson
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(taught.steps, start=1))
    success = "\n".join(f"- {line}" for line in module.success)
    parts = [
        f"{module.title}{_origin(found)}",
        taught.intro,
        f"Steps:\n{steps}",
        f"Example:\n```\n{taught.example.strip()}\n```\n{taught.example_note}",
        f"You are done when:\n{success}",
    ]
    return _signed("\n\n".join(parts))


def quiz_text(found: Material, questions: Sequence[Question]) -> str:
    """The questions, and below them the answers with the reasons."""
    lines = [f"{number}. {_with_options(question)}" for number, question in enumerate(questions, start=1)]
    head = f"Quiz: {found.title}{_origin(found)}. {widgets.counted(len(questions), 'question')}; answer first, then check."
    answers = [f"{number}. {q.answer}\n   {q.explanation}" for number, q in enumerate(questions, start=1)]
    return _signed("\n".join([head, *lines, "", "Answers:", *answers]))


def _origin(found: Material) -> str:
    if found.track is None or found.is_planned:
        return ""
    return f" (not in your plan; from the track {found.track.name})"


def _signed(text: str) -> str:
    return f"{text}\n\n{SIGNATURE}"


def _with_options(question: Question) -> str:
    return f"{question.question} ({' / '.join(question.options)})" if question.options else question.question


def _material_card(found: Material) -> sessions.Widget:
    if found.module is not None:
        minutes = [f"{activity.text} ({activity.minutes} minutes)" for activity in found.module.activities]
        sections = {
            "Objectives": found.module.objectives,
            "Activities": minutes,
            "To have at the end": found.module.deliverables,
            "You can check it": found.module.success,
        }
    else:
        assert found.own is not None
        sections = {
            "Objectives": found.own.objectives,
            "Activities": found.own.activities,
            "To have at the end": found.own.deliverables,
        }
    return widgets.card(found.title, sections)


def _quiz_cards(found: Material, questions: Sequence[Question]) -> list[sessions.Widget]:
    asked = {f"Question {n}": [q.question, *q.options] for n, q in enumerate(questions, start=1)}
    answers = {f"Answer {n}": [q.answer, q.explanation] for n, q in enumerate(questions, start=1)}
    return [widgets.card(f"Quiz: {found.title}", asked), widgets.card(f"Answers: {found.title}", answers)]


def _questions(found: Material, learner: Profile | None) -> Sequence[Question]:
    """The questions of a module; for one that the catalogue does not have, those of the assessment in its category."""
    if found.module is not None:
        return found.module.quiz
    assessment = learner.onboarding_assessment if learner else None
    key = found.own.category_key if found.own else ""
    tasks = [task for task in (assessment.tasks if assessment else ()) if task.category_key == key]
    return [_task_question(task) for task in tasks if task.answer_key or task.rubric][:MOST_QUESTIONS]


def _task_question(task: Task) -> Question:
    """A task of the assessment as a question; what a good answer holds stands for a missing answer."""
    return Question.model_construct(
        question=f"{task.title}. {task.prompt}",
        options=[],
        answer=task.answer_key or f"A good answer: {' '.join(task.rubric)}",
        explanation=task.guidance,
    )


def _milestone_text(found: Material) -> str:
    if found.module is None:
        return _signed(f"Milestone: {found.title}. Finish one thing that you can show.")
    milestone = found.module.milestone
    shown = "\n".join(f"- {line}" for line in (*milestone.deliverables, *milestone.success))
    return _signed(
        f"Milestone: {found.title}{_origin(found)}. {milestone.brief}\n\nTo show and to check:\n{shown}"
    )


def _milestone_card(found: Material) -> sessions.Widget:
    if found.module is not None:
        milestone = found.module.milestone
        sections = {"To show": milestone.deliverables, "You can check it": milestone.success}
    else:
        sections = {"To show": found.own.deliverables if found.own else []}
    return widgets.card(f"Milestone: {found.title}", sections)
