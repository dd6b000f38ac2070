"""Plans of the offline coach: from a goal to tracks, modules and tasks of the catalogue, and the texts about them."""

import datetime as dt
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from coach.agent.model import answers
from coach.agent.offline import choices, notes, times
from coach.agent.offline.choices import Choice, Draft
from coach.agent.offline.texts import say
from coach.agent.offline.tracks import Module, Task, Track, catalogue
from coach.agent.tools.requests import LearnerGoals, LearnerTools
from coach.documents import authored
from coach.documents.base import utc_now
from coach.documents.curriculum import Category, GoalInference, RubricLevel
from coach.documents.curriculum import Module as PlannedModule
from coach.documents.curriculum import Track as StoredTrack
from coach.documents.pace import LONGEST_SESSION, Pace

# Tracks and categories of the catalogue are stored under these ids, so that no model's own word is taken for one.
PREFIX = "coach-"
ORIENTATION = f"{PREFIX}orientation"
# Nobody is to be reminded for half a year of choosing a goal.
ORIENTATION_TAKES = dt.timedelta(days=14)


class Content(NamedTuple):
    """What a track brings into a plan: its category, the modules that an inference recommends, its tasks."""

    category: Category
    modules: list[PlannedModule]
    tasks: list[answers.PlannedTask]


_ORIENTATION = TypeAdapter(Content).validate_python(authored.beside(__file__, "orientation.toml"))


def infer(goals: LearnerGoals, *, tracks: Sequence[StoredTrack]) -> answers.ParsedGoal:
    """The tracks of the catalogue that a goal asks for, with the modules that fit; one for choosing without any.

    The stored tracks make no difference.
    """
    today = utc_now().date()
    draft = choices.of_goals(goals, today)
    found = [_parsed(choice, place, draft) for place, choice in enumerate(draft.chosen) if choice.modules]
    return answers.ParsedGoal(
        summary=notes.of_draft(draft, today),
        target_outcomes=[line for choice in draft.chosen for line in choice.track.success],
        tracks=found if draft.chosen else [_parsed_orientation()],
        missing_templates=[say("missing", word=word) for word in draft.reading.not_covered if draft.chosen],
    )


def _parsed_orientation() -> answers.ParsedTrack:
    return answers.ParsedTrack(
        track_id=ORIENTATION,
        label=_ORIENTATION.category.label,
        confidence="low",
        focus_areas=_ORIENTATION.category.focus_areas,
        recommended_modules=[_reference(_ORIENTATION.modules[0].module_id, ORIENTATION)],
        suggested_weeks=1,
    )


def _parsed(choice: Choice, place: int, draft: Draft) -> answers.ParsedTrack:
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
        suggested_weeks=math.ceil(
            choices.sessions_for(choice.modules, draft.pace.session_minutes) / draft.pace.sessions
        ),
    )


def _reference(module_id: str, key: str) -> answers.ParsedModule:
    return answers.ParsedModule(module_id=module_id, category_key=key)


def plan(goals: LearnerGoals, *, inference: GoalInference, learner_tools: LearnerTools) -> answers.Plan:
    """The texts and the tasks of a plan; the categories and modules that its tracks name are added as foundations."""
    labels = ", ".join(track.label for track in inference.tracks)
    if is_own(inference):
        summary, overview = say("made_by_rule"), inference.summary or labels
    else:
        summary, overview = say("foundations", tracks=labels), say("foundations_first", tracks=labels)
    return answers.Plan(
        profile_summary=summary,
        curriculum=answers.PlannedCurriculum(overview=overview),
        assessment=[task for part in content(inference) for task in part.tasks],
    )


def is_own(inference: GoalInference | None) -> bool:
    """Whether an inference holds tracks of the coach's catalogue."""
    return inference is not None and any(
        track.track_id == ORIENTATION or _track(track.track_id) for track in inference.tracks
    )


def _track(track_id: str) -> Track | None:
    return catalogue().get(track_id.removeprefix(PREFIX)) if track_id.startswith(PREFIX) else None


def content(inference: GoalInference) -> list[Content]:
    """What the tracks of the catalogue in an inference bring."""
    result = []
    for stored in inference.tracks:
        named = {reference.module_id for reference in stored.recommended_modules}
        track = _track(stored.track_id)
        if stored.track_id == ORIENTATION:
            result.append(_ORIENTATION)
        elif track is not None:
            modules = [module for module in track.module if module.id in named]
            tasks = [_task(task, stored.track_id) for task in track.task]
            result.append(Content(_category(track), _modules(track, modules), tasks))
    return result


def _category(track: Track) -> Category:
    return Category(
        key=PREFIX + track.id,
        label=track.name,
        description=track.summary,
        focus_areas=track.focus,
        rubric=[RubricLevel(level=name.title(), descriptor=text) for name, text in track.rubric],
    )


def _modules(track: Track, modules: Sequence[Module]) -> list[PlannedModule]:
    """The modules in order; one that requires none by name follows the one before it."""
    present = {module.id for module in modules}
    before = [[], *([module.id] for module in modules[:-1])]
    return [
        PlannedModule(
            **{
                **dict(module),
                "module_id": module.id,
                "category_key": PREFIX + track.id,
                "activities": module.activity_lines,
                "estimated_minutes": module.minutes,
                "prerequisite_module_ids": earlier
                if module.requires is None
                else [key for key in module.requires if key in present],
            }
        )
        for module, earlier in zip(modules, before, strict=False)
    ]


def _task(task: Task, category_key: str) -> answers.PlannedTask:
    renamed: dict[str, Any] = {"task_id": task.id, "task_type": task.kind, "expected_minutes": task.minutes}
    return answers.PlannedTask(**{**dict(task), **renamed, "category_key": category_key})


def with_pace(use_case: str, pace: str) -> str:
    """A use case with a pace that was agreed, instead of an earlier one."""
    kept = times.AGREED_PACE.sub("", use_case).strip()
    agreed = re.sub(r"[\[\]]", " ", pace).strip()
    return f"{kept} [pace: {agreed}]".strip()


def pace(goal: str, use_case: str, inference: GoalInference) -> Pace | None:
    """The time that a learner's words leave for learning, counted from the day of the inference."""
    today = inference.generated_at.date()
    if all(track.track_id == ORIENTATION for track in inference.tracks):
        return Pace(session_minutes=LONGEST_SESSION, sessions=2, ends_on=today + ORIENTATION_TAKES)
    return times.pace(times.read(choices.time_words(goal, use_case), today=today))
