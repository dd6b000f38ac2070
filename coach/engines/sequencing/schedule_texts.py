"""What learners read in a schedule; the words stand in schedule_texts.toml.

A schedule is stored again as soon as one of its items or its cadence note reads differently. So these texts
name what makes a difference to the learner, and nothing that moves by itself: no clock, no rank, no counter.
"""

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from coach.documents import authored
from coach.documents.curriculum import Module
from coach.engines.sequencing.module_order import Unit
from coach.engines.sequencing.standings import Standing

# How much of the goal a lesson quotes.
QUOTED_GOAL = 60
# What every category averages, in per cent, while answers wait for a grade.
PLACEHOLDER_AVERAGE = 50
_TEMPLATES = authored.beside(__file__)
_SENTENCES: dict[str, str] = _TEMPLATES["sentences"]
# What to do about a category that was put off, by the pressure on it.
ADVICE: dict[str, str] = _TEMPLATES["advice"]
_MINUTES_AT_END = re.compile(r"\((\d{1,4}) minutes\)$")


class Texts(NamedTuple):
    """The words of one piece of work."""

    title: str
    summary: str
    objectives: Sequence[str]
    focus_reason: str | None
    expected_outcome: str | None


def say(name: str, **words: Any) -> str:
    """The sentence of that name, with these words and numbers in it."""
    return authored.worded(_SENTENCES[name], **words)


def part(texts: Texts, number: int, count: int, *, lesson_of: Module | None) -> Texts:
    """The words of one part of a piece that is longer than a session; a part of a lesson has its own steps."""
    summary = _with_steps(lesson_of, _own_steps(lesson_of, number, count)) if lesson_of else texts.summary
    return texts._replace(
        title=say("part_title", title=texts.title, number=number, count=count),
        summary=say("part_summary", summary=summary, number=number, count=count),
    )


def of_unit(name: str, unit: Unit, *, goal: str) -> Texts:
    """The words of a piece of a module; a lesson has the module's own, and why it is the learner's turn to take it."""
    module, result = _name(unit.module), _result(unit.module)
    if name == "lesson":
        return Texts(
            title=say("lesson_title", label=unit.standing.label, module=module),
            summary=_with_steps(unit.module, _steps(unit.module)),
            objectives=_objectives(unit.module),
            focus_reason=_lesson_reason(unit.standing, goal=goal),
            expected_outcome=say("lesson_outcome", result=result),
        )
    objectives = tuple(say("recalled", objective=text) for text in _objectives(unit.module)[:3])
    return _filled(name, objectives=objectives, label=unit.standing.label, module=module, result=result)


def of_review(name: str, label: str) -> Texts:
    """The words of a refresher or a checkpoint of the category of that label."""
    return _filled(name, label=label)


def _filled(name: str, *, objectives: Sequence[str] = (), **words: str) -> Texts:
    """The texts of that name with the words in their places; the objectives only where the file has none."""
    return Texts(**{"objectives": objectives, **authored.filled(_TEMPLATES[name], **words)})


def _name(module: Module) -> str:
    return module.title.strip() or module.module_id.strip() or say("unnamed")


def _with_steps(module: Module, steps: Sequence[str]) -> str:
    summary = module.summary.strip() or say("lesson_summary", module=_name(module))
    return say("steps", summary=summary, steps=" ".join(steps)) if steps else summary


def _steps(module: Module) -> list[str]:
    """The activities as numbered steps."""
    activities = (activity.strip() for activity in module.activities)
    return [f"{number}. {activity}" for number, activity in enumerate(filter(None, activities), start=1)]


def _own_steps(module: Module, number: int, count: int) -> list[str]:
    """The steps that begin within a part of a lesson, and the one from the part before that it finishes.

    Steps take the minutes that stand at their end, and equal times where one of them names none.
    """
    steps = _steps(module)
    named = [_MINUTES_AT_END.search(step) for step in steps]
    minutes = [int(found[1]) for found in named if found]
    if len(minutes) < len(steps) or not sum(minutes):
        minutes = [1] * len(steps)
    # In units of a minute's share, so that the parts' borders are whole numbers.
    begins = [start * count for start in accumulate(minutes, initial=0)]
    first, last = sum(minutes) * (number - 1), sum(minutes) * number
    own = [step for step, begin in zip(steps, begins, strict=False) if first <= begin < last]
    unfinished = [
        place for place, (begin, end) in enumerate(pairwise(begins), start=1) if begin < first < end
    ]
    return [*(say("unfinished", step=place) for place in unfinished), *own]


def _objectives(module: Module) -> tuple[str, ...]:
    objectives = tuple(objective for objective in module.objectives if objective.strip())
    return objectives or (say("objective", module=_name(module)),)


def _result(module: Module) -> str:
    deliverables = (deliverable.strip() for deliverable in module.deliverables)
    return (
        next(filter(None, deliverables), "") or module.summary.strip() or say("result", module=_name(module))
    )


def _lesson_reason(standing: Standing, *, goal: str) -> str:
    """Average score, rating, change of rating and goal: all that decides how the lesson is introduced."""
    reasons = [_rating_reason(standing)]
    if goal[:QUOTED_GOAL].strip():
        reasons.append(say("goal", goal=_quoted(goal)))
    return " ".join(reasons)


def _rating_reason(standing: Standing) -> str:
    outcome, known = standing.outcome, {"label": standing.label, "rating": standing.rating}
    if outcome is None:
        return say("not_assessed", **known)
    average = round(outcome.average_score * 100)
    if average == PLACEHOLDER_AVERAGE and not outcome.rating_delta:
        # Half marks that move no rating may stand for ungraded answers: they are no result.
        return say("not_moved", **known)
    moved = say("moved", by=f"{outcome.rating_delta:+d}") if outcome.rating_delta else ""
    return f"{say('assessed', average=average, **known)} {moved}".rstrip()


def _quoted(goal: str) -> str:
    return f"“{goal}”" if len(goal) < QUOTED_GOAL else f"“{goal[:QUOTED_GOAL].rstrip()}…”"
