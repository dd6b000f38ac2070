"""Plans of the offline coach: from a goal to tracks, modules and tasks of the catalogue, and what is said about them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coach.agent.model import answers
from coach.agent.offline import goals, languages, times
from coach.agent.offline.goals import Reading
from coach.agent.offline.tracks import Module, Track, catalogue
from coach.agent.tools.requests import GoalRequest, LearnerGoals, PlanRequest
from coach.documents.base import utc_now
from coach.documents.curriculum import GoalInference
from coach.documents.pace import LONGEST_SESSION, SHORTEST_SESSION, Pace

MADE_BY_RULE = "Made by rule from the tracks of the offline coach; no language model was asked."
# Tracks and categories of the catalogue are stored under these ids, so that no model's own word is taken for one.
PREFIX = "coach-"
ORIENTATION = f"{PREFIX}orientation"
# Nobody is to be reminded for half a year of choosing a goal.
ORIENTATION_TAKES = dt.timedelta(days=14)

_ORIENTATION_CATEGORY = answers.PlannedCategory(
    key=ORIENTATION,
    label="Choosing what to learn",
    description="One short session that turns a wish into a goal that a plan can be made for.",
    focus_areas=["a goal in one sentence"],
    rubric=[
        answers.PlannedLevel(level="Exploring", descriptor="Names a wish in general words."),
        answers.PlannedLevel(level="Developing", descriptor="Names one thing to be able to do."),
        answers.PlannedLevel(level="Proficient", descriptor="Names it with a date and the time of a week."),
    ],
)
_ORIENTATION_MODULE = answers.PlannedModule(
    module_id=f"{ORIENTATION}-goal",
    category_key=ORIENTATION,
    title="Say what you want to be able to do",
    summary="You turn a wish into one sentence that a plan can be made for.",
    objectives=["Write a goal that names a subject, a date and the time that a week has for it."],
    activities=[
        "Write down three things that you would like to make or to understand (10 minutes)",
        "Choose one of them, and write what you will be able to show at the end (10 minutes)",
        "Add when you need it, and how many hours a week you have (5 minutes)",
        "Ask for a new plan with this sentence as your goal (5 minutes)",
    ],
    deliverables=["One sentence: what, until when, and how many hours a week."],
    estimated_minutes=30,
    tier=1,
)
_ORIENTATION_TASK = answers.PlannedTask(
    task_id=f"{ORIENTATION}-task",
    category_key=ORIENTATION,
    title="Your goal in one sentence",
    task_type="concept_check",
    prompt="What do you want to be able to do, until when, and how many hours a week do you have for it?",
    guidance="One sentence is enough. Name a thing to make or a subject, not only “computers”.",
    rubric=[
        "Names one subject or one thing to make.",
        "Names a date or says that there is none.",
        "Names a weekly time.",
    ],
    expected_minutes=10,
)


# --- the goal ---------------------------------------------------------------------------------------


def infer(ask: GoalRequest) -> answers.ParsedGoal:
    """The tracks of the catalogue that a goal asks for, with the modules that fit; one for choosing without any."""
    today = utc_now().date()
    draft = _draft(ask.goals, today)
    if not draft.chosen:
        track = answers.ParsedTrack(
            track_id=ORIENTATION,
            label=_ORIENTATION_CATEGORY.label,
            confidence="low",
            focus_areas=_ORIENTATION_CATEGORY.focus_areas,
            recommended_modules=[_reference(_ORIENTATION_MODULE.module_id, ORIENTATION)],
            suggested_weeks=1,
        )
        return answers.ParsedGoal(summary=draft.notes(today), tracks=[track])
    return answers.ParsedGoal(
        summary=draft.notes(today),
        target_outcomes=[line for choice in draft.chosen for line in choice.track.success],
        tracks=[_parsed(choice, place, draft) for place, choice in enumerate(draft.chosen)],
        missing_templates=[f"No material on {word}." for word in draft.reading.not_covered],
    )


def _parsed(choice: _Choice, place: int, draft: _Draft) -> answers.ParsedTrack:
    track, key = choice.track, PREFIX + choice.track.id
    return answers.ParsedTrack(
        track_id=key,
        label=track.name,
        priority="up_next" if place else "now",
        confidence="low" if draft.reading.guessed else "high",
        technologies=track.technologies,
        focus_areas=track.focus,
        prerequisites=track.prerequisites,
        recommended_modules=[_reference(module.id, key) for module in choice.modules],
        suggested_weeks=math.ceil(_sessions(choice.modules, draft.session_minutes) / draft.weekly_sessions),
    )


def _reference(module_id: str, key: str) -> answers.ParsedModule:
    return answers.ParsedModule(module_id=module_id, category_key=key)


@dataclass(frozen=True)
class _Choice:
    """A track with the modules that the learner gets; `skipped` they know, `left_out` do not fit before the deadline."""

    track: Track
    modules: Sequence[Module]
    skipped: Sequence[Module] = ()
    left_out: Sequence[Module] = ()


@dataclass(frozen=True)
class _Draft:
    """What a goal comes to: the reading of it, its times, and the chosen modules."""

    goals: LearnerGoals
    reading: Reading
    times: times.Times
    pace: Pace | None
    chosen: Sequence[_Choice]

    @property
    def session_minutes(self) -> int:
        return self.pace.session_minutes if self.pace else LONGEST_SESSION

    @property
    def weekly_sessions(self) -> int:
        return self.pace.sessions if self.pace else times.USUAL_SESSIONS

    def notes(self, today: dt.date) -> str:
        """What the coach has understood, chosen and left out, in sentences for the learner."""
        danger = languages.help_for(_all_words(self.goals))
        if danger:
            return danger
        sentences = [*_about_tracks(self), *_about_time(self, today)]
        foreign = languages.english_only(self.goals.goal)
        return " ".join(filter(None, [foreign, *sentences]))


def _draft(learner_goals: LearnerGoals, today: dt.date) -> _Draft:
    reading = goals.read(learner_goals)
    named = times.read(_time_words(learner_goals.goal, learner_goals.use_case), today=today)
    pace = times.pace(named)
    room = _room(pace, today)
    chosen: list[_Choice] = []
    for track in reading.tracks if not languages.help_for(_all_words(learner_goals)) else ():
        choice = _choice(track, reading, pace, room, first=not chosen)
        chosen.append(choice)
        room -= _sessions(choice.modules, pace.session_minutes if pace else LONGEST_SESSION)
    return _Draft(learner_goals, reading, named, pace, [choice for choice in chosen if choice.modules])


def _choice(track: Track, reading: Reading, pace: Pace | None, room: float, *, first: bool) -> _Choice:
    """The modules of a track that are for the learner and fit into `room` sessions; one at least of the first track."""
    wanted = goals.modules_for(track, reading.level)
    if len(reading.tracks) > 1 and track.id == reading.tracks[-1].before and reading.level == "new":
        wanted = [module for module in wanted if module.tier == 1]
    fitting = list(wanted)
    minutes = pace.session_minutes if pace else LONGEST_SESSION
    while len(fitting) > int(first) and _sessions(fitting, minutes, with_milestone=first) > room:
        fitting.pop()
    return _Choice(
        track,
        modules=fitting,
        skipped=[module for module in track.module if module not in wanted],
        left_out=wanted[len(fitting) :],
    )


def _room(pace: Pace | None, today: dt.date) -> float:
    """The sessions that there are until the deadline."""
    if pace is None or pace.ends_on is None:
        return math.inf
    days = (pace.ends_on - today).days
    if pace.weekdays:
        return sum((today + dt.timedelta(days=day)).weekday() in pace.weekdays for day in range(days))
    return days * pace.sessions // 7


def _sessions(modules: Iterable[Module], longest: int, *, with_milestone: bool = True) -> int:
    """The sessions that a schedule needs at most for modules: lesson, check and practice of each, and one milestone."""
    minutes = [module.minutes for module in modules]
    pieces = [
        piece for m in minutes for piece in (m, max(30, math.ceil(0.4 * m)), max(45, math.ceil(0.6 * m)))
    ]
    if with_milestone and minutes:
        pieces.append(max(90, max(minutes) + 30))
    return sum(math.ceil(piece / longest) for piece in pieces)


def _time_words(goal: str, use_case: str) -> str:
    return f"{use_case}. {goal}" if use_case.strip() else goal


def _all_words(learner_goals: LearnerGoals) -> str:
    return ". ".join((learner_goals.goal, learner_goals.use_case, learner_goals.strengths))


# --- what is said -----------------------------------------------------------------------------------


def _about_tracks(draft: _Draft) -> Iterable[str]:
    reading = draft.reading
    if not reading.tracks:
        yield from about_nothing(reading, draft.goals.goal)
        return
    for choice in draft.chosen:
        word = reading.words.get(choice.track.id)
        why = f" (from “{word}” in your goal)" if word else " (to learn programming first)"
        yield f"Track: {choice.track.name}{why}. {choice.track.summary}"
        if choice.skipped and reading.level == "programs":
            yield f"You program already, so this is left out: {_titles(choice.skipped)}."
    if reading.guessed:
        yield "I took this from a hint, not from a name. If you mean something else, name it in your goal and ask for a new plan."
    if reading.later:
        yield f"Your goal also names {_names(reading.later)}: make that your next goal, one thing at a time."
    if reading.not_covered:
        yield f"I have no material on {_joined(reading.not_covered)}."


def about_nothing(reading: Reading, goal: str) -> Iterable[str]:
    """What is said about a goal that no track serves: that it is so, what is needed, and the nearest tracks."""
    if not goal.strip():
        yield "You have not named a goal yet."
    elif reading.vague:
        yield f"“{_short(goal)}” does not say yet what you want to learn, so I have chosen no track."
    else:
        yield f"I teach computing, and I have no track for “{_short(goal)}”, so I have chosen none."
    yield "What do you want to be able to make or to understand?"
    yield f"The nearest tracks that I have: {_names(reading.offered)}."
    others = [track for track in catalogue().values() if track not in reading.offered]
    yield f"All others: {_names(others)}. Name one in your goal and ask for a new plan."


def _about_time(draft: _Draft, today: dt.date) -> Iterable[str]:
    named, pace = draft.times, draft.pace
    if named.unread:
        yield f"I cannot tell which day “{named.unread}” is: name a month or a date, and the plan will keep to it."
    if pace is None or not draft.chosen:
        return
    rhythm = (
        f"{_counted(pace.sessions, 'session')} of up to {pace.session_minutes} minutes a week{_on_days(pace)}"
    )
    if named.says_when and not named.assumed:
        yield f"Your time: {rhythm}, {pace.weekly_minutes} minutes in all."
    else:
        yield f"You named no number of hours, so I planned {rhythm}. Name your weekly hours to change that."
    if (named.weekly_minutes or 0) > pace.weekly_minutes:
        yield f"You have {named.weekly_minutes} minutes a week; a plan uses at most {LONGEST_SESSION} on a day."
    if 0 < (named.weekly_minutes or SHORTEST_SESSION) < SHORTEST_SESSION:
        yield f"A session takes {SHORTEST_SESSION} minutes at least, so a week takes more than you named."
    yield from _about_deadline(draft, pace, today)


def _about_deadline(draft: _Draft, pace: Pace, today: dt.date) -> Iterable[str]:
    if pace.ends_on is None:
        return
    last = pace.ends_on - dt.timedelta(days=1)
    left_out = [module for choice in draft.chosen for module in choice.left_out]
    yield f"Deadline: “{draft.times.words}”, so the last day is {last:%d %B %Y}, {(pace.ends_on - today).days} days from today."
    chosen = [module for choice in draft.chosen for module in choice.modules]
    needed = _sessions(chosen, pace.session_minutes)
    if needed > _room(pace, today):
        yield "Not even the first module fits before it; the plan holds that one and ends later."
    if left_out:
        yield f"These do not fit before it and are left out: {_titles(left_out)}."
    elif needed <= _room(pace, today):
        yield "The whole track fits before it."


def _on_days(pace: Pace) -> str:
    names = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
    return f", on {_joined([names[day] for day in pace.weekdays])}" if pace.weekdays else ""


def _titles(modules: Iterable[Module]) -> str:
    return "; ".join(f"“{module.title}”" for module in modules)


def _names(tracks: Iterable[Track]) -> str:
    return _joined([track.name for track in tracks])


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "none"


def _counted(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def _short(text: str, most: int = 80) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most].rstrip()}…"


# --- the plan ---------------------------------------------------------------------------------------


def plan(ask: PlanRequest) -> answers.Plan:
    """The plan for an inference; what the tracks of others name comes from the foundation catalogue, after this."""
    labels = ", ".join(track.label for track in ask.inference.tracks)
    if not is_own(ask.inference):
        return answers.Plan(
            profile_summary=f"Made by rule from the foundation catalogue; no language model was asked. Tracks: {labels}.",
            curriculum=answers.PlannedCurriculum(
                overview=f"Foundations first: {labels}. Chosen by rule from the words of the goal, without a language model."
            ),
        )
    return answers.Plan(
        profile_summary=MADE_BY_RULE,
        curriculum=answers.PlannedCurriculum(
            overview=ask.inference.summary or labels,
            modules=[module for _, modules in content(ask.inference) for module in modules],
        ),
        categories=[category for category, _ in content(ask.inference)],
        assessment=_tasks(ask.inference),
    )


def is_own(inference: GoalInference | None) -> bool:
    """Whether an inference holds tracks of the coach's catalogue."""
    return inference is not None and any(_is_known(track.track_id) for track in inference.tracks)


def _is_known(track_id: str) -> bool:
    return track_id == ORIENTATION or _track(track_id) is not None


def _track(track_id: str) -> Track | None:
    return catalogue().get(track_id.removeprefix(PREFIX)) if track_id.startswith(PREFIX) else None


def content(inference: GoalInference) -> list[tuple[answers.PlannedCategory, list[answers.PlannedModule]]]:
    """The category of each track of the catalogue in an inference, with the modules that the inference recommends."""
    result: list[tuple[answers.PlannedCategory, list[answers.PlannedModule]]] = []
    for stored in inference.tracks:
        named = {reference.module_id for reference in stored.recommended_modules}
        track = _track(stored.track_id)
        if stored.track_id == ORIENTATION:
            result.append((_ORIENTATION_CATEGORY, [_ORIENTATION_MODULE]))
        elif track is not None:
            modules = [module for module in track.module if module.id in named]
            result.append((_category(track), _modules(track, modules)))
    return result


def _category(track: Track) -> answers.PlannedCategory:
    rubric = track.rubric
    levels = {"Exploring": rubric.exploring, "Developing": rubric.developing, "Proficient": rubric.proficient}
    return answers.PlannedCategory(
        key=PREFIX + track.id,
        label=track.name,
        description=track.summary,
        focus_areas=track.focus,
        rubric=[answers.PlannedLevel(level=level, descriptor=text) for level, text in levels.items()],
    )


def _modules(track: Track, modules: Sequence[Module]) -> list[answers.PlannedModule]:
    """The modules in order; one that requires none by name follows the one before it."""
    present = {module.id for module in modules}
    before = [[], *([module.id] for module in modules[:-1])]
    return [
        answers.PlannedModule(
            module_id=module.id,
            category_key=PREFIX + track.id,
            title=module.title,
            summary=module.summary,
            objectives=module.objectives,
            activities=[f"{activity.text} ({activity.minutes} minutes)" for activity in module.activities],
            deliverables=module.deliverables,
            estimated_minutes=module.minutes,
            tier=module.tier,
            prerequisite_module_ids=earlier
            if module.requires is None
            else [key for key in module.requires if key in present],
        )
        for module, earlier in zip(modules, before, strict=False)
    ]


def _tasks(inference: GoalInference) -> list[answers.PlannedTask]:
    tasks: list[answers.PlannedTask] = []
    for stored in inference.tracks:
        track = _track(stored.track_id)
        if stored.track_id == ORIENTATION:
            tasks.append(_ORIENTATION_TASK)
        elif track is not None:
            tasks += [
                answers.PlannedTask(
                    task_id=task.id,
                    category_key=stored.track_id,
                    title=task.title,
                    task_type=task.kind,
                    prompt=task.prompt,
                    guidance=task.guidance,
                    rubric=task.rubric,
                    expected_minutes=task.minutes,
                    starter_code=task.starter_code,
                    answer_key=task.answer_key,
                )
                for task in track.task
            ]
    return tasks


# --- the learner's pace -----------------------------------------------------------------------------


def pace(goal: str, use_case: str, inference: GoalInference) -> Pace | None:
    """The time that a learner's words leave for learning, counted from the day of the inference."""
    today = inference.generated_at.date()
    if all(track.track_id == ORIENTATION for track in inference.tracks):
        return Pace(session_minutes=LONGEST_SESSION, sessions=2, ends_on=today + ORIENTATION_TAKES)
    return times.pace(times.read(_time_words(goal, use_case), today=today))
