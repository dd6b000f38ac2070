"""What learners read in a schedule.

A schedule is stored again as soon as one of its items or its cadence note reads differently. So these texts
name what makes a difference to the learner, and nothing that moves by itself: no clock, no rank, no counter.
"""

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from coach.documents import authored
from coach.documents.curriculum import Module
from coach.documents.schedule import CategoryAllocation
from coach.engines.sequencing.module_order import Unit
from coach.engines.sequencing.standings import Standing

# How much of the goal a lesson quotes.
QUOTED_GOAL = 60
# What every category averages, in per cent, while answers wait for a grade.
PLACEHOLDER_AVERAGE = 50
_TEMPLATES = authored.beside(__file__)
_MINUTES_AT_END = re.compile(r"\((\d{1,4}) minutes\)$")


class Texts(NamedTuple):
    """The words of one piece of work."""

    title: str
    summary: str
    objectives: Sequence[str]
    focus_reason: str | None
    expected_outcome: str | None


def part(texts: Texts, number: int, count: int, *, lesson_of: Module | None) -> Texts:
    """The words of one part of a piece that is longer than a session; a part of a lesson has its own steps."""
    summary = _with_steps(lesson_of, _own_steps(lesson_of, number, count)) if lesson_of else texts.summary
    return texts._replace(
        title=f"{texts.title} (part {number} of {count})",
        summary=f"Part {number} of {count}. {summary}",
    )


# --- the pieces -------------------------------------------------------------------------------------


def lesson(unit: Unit, *, goal: str) -> Texts:
    """The lesson: the module's own words, and why it is the learner's turn to take it."""
    return Texts(
        title=f"{unit.standing.label} lesson: {_name(unit.module)}",
        summary=_with_steps(unit.module, _steps(unit.module)),
        objectives=_objectives(unit.module),
        focus_reason=_lesson_reason(unit.standing, goal=goal),
        expected_outcome=f"You are done when you have: {_result(unit.module)}",
    )


def of_unit(name: str, unit: Unit) -> Texts:
    """The words of any other piece of a module, by its name in schedule_texts.toml."""
    objectives = tuple(f"Without notes: {objective}" for objective in _objectives(unit.module)[:3])
    module, result = _name(unit.module), _result(unit.module)
    return _filled(name, objectives=objectives, label=unit.standing.label, module=module, result=result)


def of_review(name: str, label: str) -> Texts:
    """The words of a refresher or a checkpoint of the category of that label."""
    return _filled(name, label=label)


def _filled(name: str, *, objectives: Sequence[str] = (), **words: str) -> Texts:
    """The texts of that name with the words in their places; the objectives only where the file has none."""
    return Texts(**{"objectives": objectives, **authored.filled(_TEMPLATES[name], **words)})


def _name(module: Module) -> str:
    return module.title.strip() or module.module_id.strip() or "this module"


def _with_steps(module: Module, steps: Sequence[str]) -> str:
    summary = module.summary.strip() or f"Work through {_name(module)} in small steps."
    return f"{summary} Steps: {' '.join(steps)}" if steps else summary


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
    return [*(f"Finish step {place}." for place in unfinished), *own]


def _objectives(module: Module) -> tuple[str, ...]:
    objectives = tuple(objective for objective in module.objectives if objective.strip())
    return objectives or (f"Explain {_name(module)} in two sentences of your own.",)


def _result(module: Module) -> str:
    deliverables = (deliverable.strip() for deliverable in module.deliverables)
    return next(filter(None, deliverables), "") or module.summary.strip() or f"notes on {_name(module)}"


def _lesson_reason(standing: Standing, *, goal: str) -> str:
    """Average score, rating, change of rating and goal: all that decides how the lesson is introduced."""
    reasons = [_rating_reason(standing)]
    if goal[:QUOTED_GOAL].strip():
        reasons.append(f"It serves your goal: {_quoted(goal)}")
    return " ".join(reasons)


def _rating_reason(standing: Standing) -> str:
    outcome = standing.outcome
    if outcome is None:
        return f"{standing.label} has not been assessed yet; your rating is {standing.rating}."
    average = round(outcome.average_score * 100)
    if average == PLACEHOLDER_AVERAGE and not outcome.rating_delta:
        # Half marks that move no rating may stand for ungraded answers: they are no result.
        return f"Your assessment left your rating here as it is, {standing.rating}."
    moved = f" The assessment moved it by {outcome.rating_delta:+d}." if outcome.rating_delta else ""
    return f"Your last assessment averaged {average} % here; your rating is {standing.rating}.{moved}"


def _quoted(goal: str) -> str:
    return f"“{goal}”" if len(goal) < QUOTED_GOAL else f"“{goal[:QUOTED_GOAL].rstrip()}…”"


# --- the schedule as a whole ------------------------------------------------------------------------


class Rhythm(NamedTuple):
    """How the work of a schedule lies in its weeks, counted from its first day; weeks without work do not count."""

    pieces: int
    weeks: int
    fewest_minutes: int
    most_minutes: int
    most_days: int


def cadence(
    *, pieces: int, days: int, minutes: int, span: int, focus: Sequence[str], completed: int = 0
) -> str:
    """How the work lies in time: pieces on `days` different days, `minutes` in all, within `span` days."""
    focus_text = " and ".join(text.strip() for text in focus if text.strip())
    beginning = f" Look first at {focus_text}." if focus_text else ""
    done = f" {_counted(completed, 'piece is', 'pieces are')} completed." if completed else ""
    work = f"{_counted(pieces, 'piece', 'pieces')} of work on {_counted(days, 'day', 'days')}"
    total = f"{_counted(minutes, 'minute', 'minutes')} in all, within {_counted(span, 'day', 'days')}"
    return f"{work}, {total}.{done}{beginning}"


def pacing(rhythm: Rhythm, *, missed: int = 0) -> str:
    """The rhythm of the weeks that hold work, and how many pieces of work were missed."""
    fewest, most = rhythm.fewest_minutes, rhythm.most_minutes
    minutes = f"{fewest} to {most}" if fewest < most else str(most)
    spread = (
        f"{_counted(rhythm.weeks, 'week holds', 'weeks hold')} work: {minutes} minutes a week, on at most"
    )
    text = (
        f"{spread} {_counted(rhythm.most_days, 'day', 'days')} of a week. "
        "Stop when a session's time is up; what is left can move to another day."
    )
    return f"{text} {moved_forward(missed)}" if missed else text


def moved_forward(missed: int) -> str:
    """What became of pieces of work that were not completed on their day."""
    pieces = _counted(missed, "piece of work was", "pieces of work were")
    return f"{pieces} planned before today and not completed; the schedule has moved forward to fit."


def share(allocation: CategoryAllocation, *, label: str) -> str:
    """Why a category takes as much of the schedule as it does."""
    planned = (
        f"{label} takes {allocation.planned_minutes} minutes; "
        f"its weight in your plan is {round(allocation.target_share * 100)} %."
    )
    return f"{planned} {_put_off(allocation)}" if allocation.deferral_count else planned


def adjustment_note(allocation: CategoryAllocation, *, label: str) -> str:
    """What follows from a category having been put off."""
    advice = {
        "high": "Take one short session of it next, before anything new.",
        "medium": "Keep the next one where it is, even if you only do the first half.",
    }.get(allocation.deferral_pressure, "")
    return f"{label}: {_put_off(allocation)} {advice}".rstrip()


def nothing_put_off() -> str:
    """The note of a schedule in which every category stands where it was planned."""
    return "Nothing has been put off; the order follows your ratings and your plan."


def headline(labels: Sequence[str]) -> str:
    """The schedule in one line; `labels` are those of the categories that matter most."""
    return f"Next up: {', '.join(labels[:2])}" if labels else "Your schedule is ready"


def summary(rhythm: Rhythm, *, categories: int, pressed: int) -> str:
    """The schedule in two sentences; `pressed` categories have been put off."""
    work = f"{_counted(rhythm.pieces, 'piece', 'pieces')} of work"
    spread = f"{work} in {_counted(categories, 'category', 'categories')}"
    put_off = f"{_counted(pressed, 'category has', 'categories have')} been put off."
    first = f"{spread}, in {_counted(rhythm.weeks, 'week', 'weeks')}."
    return f"{first} {put_off if pressed else nothing_put_off()}"


def _put_off(allocation: CategoryAllocation) -> str:
    pieces = _counted(allocation.deferral_count, "piece was", "pieces were")
    return f"{pieces} put off, by up to {_counted(allocation.max_deferral_days, 'day', 'days')}."


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
