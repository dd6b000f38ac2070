"""What learners read in a schedule.

A schedule is stored anew as soon as one of its items or its cadence note reads differently. So these texts
name what makes a difference to the learner, and nothing that moves by itself: no clock, no rank, no counter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coach.documents.curriculum import Module
from coach.documents.schedule import CategoryAllocation
from coach.engines.sequencing.module_order import Unit
from coach.engines.sequencing.standings import Standing

# How much of the goal a lesson quotes.
QUOTED_GOAL = 60


class Texts(NamedTuple):
    """The words of one piece of work."""

    title: str
    summary: str
    objectives: tuple[str, ...]
    focus_reason: str | None
    expected_outcome: str | None


def part(texts: Texts, number: int, count: int) -> Texts:
    """The words of one part of a piece that is longer than a session."""
    return texts._replace(
        title=f"{texts.title} (part {number} of {count})",
        summary=f"Part {number} of {count}. {texts.summary}",
    )


# --- a module's pieces ------------------------------------------------------------------------------


def lesson(unit: Unit, *, goal: str) -> Texts:
    """The lesson: the module's own words, and why it is the learner's turn to take it."""
    return Texts(
        title=f"{unit.standing.label} lesson: {_name(unit.module)}",
        summary=_steps(unit.module),
        objectives=_objectives(unit.module),
        focus_reason=_lesson_reason(unit.standing, goal=goal),
        expected_outcome=f"You are done when you have: {_result(unit.module)}",
    )


def check(unit: Unit) -> Texts:
    """The short check right after the lesson."""
    name = _name(unit.module)
    return Texts(
        title=f"{unit.standing.label} check: {name}",
        summary=f"Answer from memory what {name} taught, then open your notes and complete what was missing.",
        objectives=tuple(f"Without notes: {objective}" for objective in _objectives(unit.module)[:3]),
        focus_reason="Recalling it now shows what has settled and what needs one more pass.",
        expected_outcome="You are done when every answer is marked as known, half known or new, and each gap "
        "is closed with one sentence of your own.",
    )


def milestone(unit: Unit) -> Texts:
    """The one larger piece of work near the beginning."""
    name = _name(unit.module)
    return Texts(
        title=f"{unit.standing.label} milestone: {name}",
        summary=f"Put {name} to use in one piece of work that you can show: plan it, build the smallest "
        "version that works, then improve one thing.",
        objectives=(
            "Write down in one sentence what will be finished.",
            "Build the smallest version that works.",
            "Compare it with that sentence and improve one thing.",
        ),
        focus_reason=f"An early result in {unit.standing.label} is something to build on.",
        expected_outcome=f"You are done when you can show: {_result(unit.module)}",
    )


def practice(unit: Unit) -> Texts:
    """The same skill once more, on a fresh example."""
    name = _name(unit.module)
    return Texts(
        title=f"{unit.standing.label} practice: {name}",
        summary=f"Use {name} once more, on an example you have not seen. Take the smallest one first.",
        objectives=(
            "Pick a fresh example and say what is different about it.",
            "Solve it in small steps, checking each one.",
            "Note which step took longest, and why.",
        ),
        focus_reason="A second, spaced attempt turns following an example into doing it yourself.",
        expected_outcome=f"You are done when a new example of {name} works without looking at the first one.",
    )


def deep_dive(unit: Unit) -> Texts:
    """More of a category that the learner's tracks ask for strongly."""
    name = _name(unit.module)
    return Texts(
        title=f"{unit.standing.label} deep dive: {name}",
        summary=f"Go one level deeper into {name}: choose one open question and follow it to an answer.",
        objectives=(
            "Write down the one question you want answered.",
            "Try two approaches and compare them.",
            "Explain your choice in three sentences.",
        ),
        focus_reason=f"Your tracks lean on {unit.standing.label}, so it gets more room than the rest.",
        expected_outcome="You are done when your question has an answer you could explain to a colleague.",
    )


def _name(module: Module) -> str:
    return module.title.strip() or module.module_id.strip() or "this module"


def _steps(module: Module) -> str:
    """The summary, followed by the activities as numbered steps."""
    summary = module.summary.strip() or f"Work through {_name(module)} in small steps."
    activities = [activity.strip() for activity in module.activities if activity.strip()]
    steps = " ".join(f"{number}. {activity}" for number, activity in enumerate(activities, start=1))
    return f"{summary} Steps: {steps}" if steps else summary


def _objectives(module: Module) -> tuple[str, ...]:
    objectives = tuple(objective for objective in module.objectives if objective.strip())
    return objectives or (f"Explain {_name(module)} in two sentences of your own.",)


def _result(module: Module) -> str:
    deliverables = (deliverable.strip() for deliverable in module.deliverables)
    return next(filter(None, deliverables), "") or module.summary.strip() or f"notes on {_name(module)}"


def _lesson_reason(standing: Standing, *, goal: str) -> str:
    """Average score, rating, change of rating and goal: all that decides how the lesson is introduced."""
    if standing.outcome is None:
        reasons = [f"{standing.label} has not been assessed yet; your rating is {standing.rating}."]
    else:
        average = round(standing.outcome.average_score * 100)
        reasons = [f"Your last assessment averaged {average} % here; your rating is {standing.rating}."]
    if standing.outcome is not None and standing.outcome.rating_delta:
        reasons.append(f"The assessment moved it by {standing.outcome.rating_delta:+d}.")
    if goal[:QUOTED_GOAL].strip():
        reasons.append(f"It serves your goal: {_quoted(goal)}")
    return " ".join(reasons)


def _quoted(goal: str) -> str:
    return f"“{goal}”" if len(goal) < QUOTED_GOAL else f"“{goal[:QUOTED_GOAL].rstrip()}…”"


# --- long-range review ------------------------------------------------------------------------------


def refresher(label: str) -> Texts:
    """The short return to a category after some weeks."""
    return Texts(
        title=f"{label} refresher",
        summary=f"Come back to {label} after a pause: recall first, then look up what has faded.",
        objectives=(
            "List from memory the three ideas you use most.",
            "Redo one earlier exercise without its solution.",
            "Note what you had to look up.",
        ),
        focus_reason="A return after some weeks keeps what you learned from fading.",
        expected_outcome="You are done when one earlier exercise works again and the gaps are written down.",
    )


def checkpoint(label: str) -> Texts:
    """The check that follows a refresher some weeks later."""
    return Texts(
        title=f"{label} checkpoint",
        summary=f"A short check of {label} from memory, weeks after the refresher.",
        objectives=(
            "Answer each question once without notes.",
            "Mark every answer as known, half known or new.",
            "Choose one thing to repeat next.",
        ),
        focus_reason="What you still know after weeks is what you can rely on.",
        expected_outcome="You are done when every answer is marked and the next thing to repeat is chosen.",
    )


# --- the schedule as a whole ------------------------------------------------------------------------


def cadence(
    *, pieces: int, days: int, minutes: int, span: int, focus: Sequence[str], completed: int = 0
) -> str:
    """How the work lies in time: pieces on `days` different days, `minutes` in all, within `span` days."""
    focus_text = " and ".join(text.strip() for text in focus if text.strip())
    beginning = f" Look first at {focus_text}." if focus_text else ""
    done = f" {_counted(completed, 'piece is', 'pieces are')} completed." if completed else ""
    return f"{pieces} pieces of work on {days} days, {minutes} minutes in all, within {span} days.{done}{beginning}"


def pacing(*, sessions: int, weekly_minutes: int, weeks: int, missed: int = 0) -> str:
    """The rhythm of a week, and how many pieces of work were missed."""
    rhythm = (
        f"{sessions} sessions a week, about {weekly_minutes} minutes in all, over {weeks} weeks. "
        "Stop when a session's time is up; what is left can move to another day."
    )
    return f"{rhythm} {moved_forward(missed)}" if missed else rhythm


def moved_forward(missed: int) -> str:
    """What became of pieces of work that were not completed on their day."""
    pieces = _counted(missed, "piece of work was", "pieces of work were")
    return f"{pieces} planned before today and not completed; the schedule has moved forward to fit."


def share(allocation: CategoryAllocation, *, label: str) -> str:
    """Why a category takes as much of the schedule as it does."""
    planned = (
        f"{label} takes {allocation.planned_minutes} minutes; "
        f"its share of your plan is {round(allocation.target_share * 100)} %."
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


def summary(*, categories: int, sessions: int, weeks: int, pressed: int) -> str:
    """The schedule in two sentences; `pressed` categories have been put off."""
    spread = _counted(categories, "category", "categories")
    put_off = f"{_counted(pressed, 'category has', 'categories have')} been put off."
    first = f"{spread}, {sessions} sessions a week, {weeks} weeks ahead."
    return f"{first} {put_off if pressed else nothing_put_off()}"


def _put_off(allocation: CategoryAllocation) -> str:
    pieces = _counted(allocation.deferral_count, "piece was", "pieces were")
    return f"{pieces} put off, by up to {_counted(allocation.max_deferral_days, 'day', 'days')}."


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
