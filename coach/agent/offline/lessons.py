"""Lessons, quizzes and milestones on the topic that was asked for, from the catalogue and the learner's curriculum.

A topic is one of a module's where the module knows every word of it that means something. Nothing else is taught under
its title.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from coach.agent.offline import languages, phrases, widgets
from coach.agent.offline.texts import listed, quoted, say, signed
from coach.agent.offline.tracks import Module, Question, Track, catalogue
from coach.agent.tools.requests import LearnerTools, TopicRequest
from coach.documents import sessions
from coach.documents.assessment import Task
from coach.documents.curriculum import Module as OwnModule
from coach.documents.profile import Profile

MOST_QUESTIONS = 8
# Items that come back to a whole category and not to one module.
_REVIEWS = ("refresh-", "checkpoint-")
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
        languages.WORDS["asking"]
    )
    if not wanted:
        return None
    found = [entry for entry in _materials(learner) if wanted <= _known_words(entry)]
    return max(found, key=lambda entry: _nearness(entry, wanted, topic)) if found else None


def _nearness(entry: Material, wanted: frozenset[str], topic: str) -> tuple[bool, int]:
    """Exact titles first, then topics that are named as a whole, then the learner's own plan."""
    in_title = len(wanted & _stems([entry.title]))
    named = len(phrases.found(phrases.normal(topic), entry.module.topics)) if entry.module else 0
    exact = phrases.normal(entry.title).strip() in phrases.normal(topic)
    return exact, entry.is_planned * 100 + 2 * in_title + named


def _materials(learner: Profile | None) -> list[Material]:
    planned = learner.curriculum_plan.modules if learner and learner.curriculum_plan else ()
    own = {module.module_id: module for module in planned}
    catalogued = [
        Material(module.title, own.pop(module.id, None), track, module)
        for track in catalogue().values()
        for module in track.module
    ]
    return [*catalogued, *(Material(module.title, module) for module in own.values())]


def _known_words(entry: Material) -> frozenset[str]:
    """The words that a topic of this material can hold."""
    track, module, own = entry.track, entry.module, entry.own
    if module is None or track is None:
        return _stems([entry.title, own.category_key, own.module_id]) if own else frozenset()
    names = [name for several in track.names.values() for name in several if " " not in name]
    return _stems([module.title, *module.topics, track.name, *track.technologies, *names])


def _stems(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(_stem(word) for text in texts for word in phrases.words(text))


def _stem(word: str) -> str:
    """A word without the plural of English nouns."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


# --- the answers ------------------------------------------------------------------------------------

Made = tuple[str, list[sessions.Widget]]


def topic(ask: TopicRequest, *, learner_tools: LearnerTools) -> sessions.OnTopic:
    """The lesson, quiz or milestone on a topic, or on an item of the schedule: then the item comes first."""
    item = ask.item
    if item is None:
        return on_topic(ask)
    made = sessions.SHAPES[ask.kind](display="")
    found = None if item.item_id.startswith(_REVIEWS) else find(item.title, ask.learner)
    if found and found.module and found.is_planned:
        made = on_topic(replace(ask, topic=item.title))
    texts = (f"{item.title}.", item.summary, item.focus_reason or "", item.expected_outcome or "")
    about_item = " ".join(text.strip() for text in texts if text.strip())
    time = say("minutes_and_effort", minutes=item.recommended_minutes, effort=item.effort_level)
    card = widgets.card(item.title, {"Objectives": item.objectives, "Time": [time]})
    display = "\n\n".join(filter(None, [about_item, made.display]))
    return made.model_copy(update={"display": display, "widgets": [card, *made.widgets]})


def on_topic(ask: TopicRequest) -> sessions.OnTopic:
    """The lesson, quiz or milestone on a topic."""
    found = find(ask.topic, ask.learner)
    made = _MAKERS[ask.kind](found, ask.learner) if found else None
    text, cards = made or (nothing_on(ask.topic, ask.learner), [])
    if ask.kind == "lesson":
        return sessions.Lesson(display=text, widgets=[*cards, *widgets.next_list(ask.learner)])
    if ask.kind == "milestone":
        return sessions.Milestone(display=text, widgets=[*cards, *widgets.ratings(ask.learner)])
    ratings = dict(ask.learner.elo_snapshot) if ask.learner else {}
    return sessions.Quiz(display=text, widgets=cards, elo=ratings)


def nothing_on(topic: str, learner: Profile | None) -> str:
    """That there is no material on a topic, and what the learner's plan holds next."""
    if danger := languages.help_for(topic):
        return danger
    schedule = learner.curriculum_schedule if learner else None
    coming = widgets.open_items(schedule)[:1] if schedule else []
    nothing = say("plan_is_done" if learner else "nobody")
    follows = say("next_in_plan", title=quoted(coming[0].title)) if coming else nothing
    return signed(say("no_material", topic=quoted(topic), next=follows))


def lesson_text(found: Material) -> str:
    """The whole lesson as text: introduction, steps, a worked example, and how to know that it is done."""
    if found.module is None:
        return signed(f"{found.title}: {found.own.summary if found.own else ''}")
    taught = found.module.lesson
    text = say(
        "lesson",
        title=found.module.title,
        origin=_origin(found),
        intro=taught.intro,
        steps=listed(taught.steps, numbered=True),
        example=taught.example.strip(),
        note=taught.example_note,
        success=listed(found.module.success),
    )
    return signed(text)


def _lesson(found: Material, learner: Profile | None) -> Made:
    shown, module = found.module or found.own, found.module
    sections = {
        "Objectives": shown.objectives if shown else [],
        "Activities": module.activity_lines if module else found.own.activities if found.own else [],
        "To have at the end": shown.deliverables if shown else [],
        "You can check it": module.success if module else [],
    }
    return lesson_text(found), [widgets.card(found.title, sections)]


def _quiz(found: Material, learner: Profile | None) -> Made | None:
    """The questions, and below them, and on a card of their own, the answers with the reasons; None without questions."""
    questions = _questions(found, learner)
    if not questions:
        return None
    asked = {f"Question {n}": [q.question, *q.options] for n, q in enumerate(questions, start=1)}
    answers = {f"Answer {n}": [q.answer, q.explanation] for n, q in enumerate(questions, start=1)}
    text = say(
        "quiz",
        title=found.title,
        origin=_origin(found),
        questions=len(questions),
        asked=listed([_with_options(question) for question in questions], numbered=True),
        answers=listed([f"{q.answer}\n   {q.explanation}" for q in questions], numbered=True),
    )
    cards = [
        widgets.card(f"Quiz: {found.title}", asked),
        widgets.card(f"Answers: {found.title}", answers),
    ]
    return signed(text), cards


def _milestone(found: Material, learner: Profile | None) -> Made:
    """One finished thing to show on a topic."""
    if found.module is None:
        shown = {"To show": found.own.deliverables if found.own else []}
        text = say("own_milestone", title=found.title)
    else:
        milestone = found.module.milestone
        shown = {"To show": milestone.deliverables, "You can check it": milestone.success}
        lines = listed([*milestone.deliverables, *milestone.success])
        text = say("milestone", title=found.title, origin=_origin(found), brief=milestone.brief, shown=lines)
    return signed(text), [widgets.card(f"Milestone: {found.title}", shown)]


_MAKERS: dict[sessions.TopicKind, Callable[[Material, Profile | None], Made | None]] = {
    "lesson": _lesson,
    "quiz": _quiz,
    "milestone": _milestone,
}


def _origin(found: Material) -> str:
    return "" if found.track is None or found.is_planned else say("origin", track=found.track.name)


def _with_options(question: Question) -> str:
    return f"{question.question} ({' / '.join(question.options)})" if question.options else question.question


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
        answer=task.answer_key or say("good_answer", rubric=" ".join(task.rubric)),
        explanation=task.guidance,
    )
