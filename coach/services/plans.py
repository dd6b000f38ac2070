"""From the model's answers to documents of ours: goal inferences, plans, curricula, assessments."""

import datetime as dt

from coach.agent.model import answers
from coach.documents import curriculum as documents
from coach.documents.assessment import Assessment, Task
from coach.engines import goals
from coach.engines.slugs import slug


def inference(parsed: answers.ParsedGoal, *, goal: str, now: dt.datetime) -> documents.GoalInference:
    """The parser's answer as an inference; without tracks those that the goal's words ask for."""
    return documents.GoalInference(
        **{
            **dict(parsed),
            "generated_at": now,
            "tracks": [_track(track) for track in parsed.tracks] or goals.tracks_for(goal),
        }
    )


def _track(parsed: answers.ParsedTrack) -> documents.Track:
    # Whatever the parser says of a module's weeks, the recorded service kept three.
    modules = [
        documents.ModuleReference(**{**dict(module), "suggested_weeks": goals.MODULE_WEEKS})
        for module in parsed.recommended_modules
    ]
    weeks = parsed.suggested_weeks or goals.track_weeks(parsed.weight, [goals.MODULE_WEEKS] * len(modules))
    return documents.Track(**{**dict(parsed), "recommended_modules": modules, "suggested_weeks": weeks})


def elo_plan(plan: answers.Plan, *, goal: str, summary: str | None, now: dt.datetime) -> documents.EloPlan:
    """The rated categories of a plan; `summary` is that of the goal inference."""
    notes = [part for part in (plan.profile_summary, summary) if part and part.strip()]
    return documents.EloPlan(
        generated_at=now,
        source_goal=goal.strip() or None,
        strategy_notes="\n\n".join(notes) or None,
        categories=_categories(plan.categories),
    )


def curriculum(plan: answers.Plan, *, now: dt.datetime) -> documents.Curriculum:
    planned = plan.curriculum
    return documents.Curriculum(
        generated_at=now,
        overview=planned.overview,
        success_criteria=planned.success_criteria,
        modules=[_module(one) for one in planned.modules],
    )


def assessment(plan: answers.Plan, *, now: dt.datetime) -> Assessment:
    """The tasks of a plan, not extended and without sections."""
    return Assessment(generated_at=now, status="pending", tasks=[_task(task) for task in plan.assessment])


def _categories(planned: list[answers.PlannedCategory]) -> list[documents.Category]:
    """Of equal keys the first counts."""
    categories: dict[str, documents.Category] = {}
    for one in planned:
        key = one.key or slug(one.label, fallback="category")
        label = one.label or key.replace("-", " ").title()
        categories.setdefault(key, documents.Category(**{**dict(one), "key": key, "label": label}))
    return list(categories.values())


def _module(planned: answers.PlannedModule) -> documents.Module:
    """A module, named by its title where it has no name."""
    category = planned.category_key or slug(planned.title, fallback="general")
    module_id = planned.module_id or slug(planned.title, fallback=f"{category}-module")
    return documents.Module(**{**dict(planned), "module_id": module_id, "category_key": category})


def _task(planned: answers.PlannedTask) -> Task:
    named = planned.task_id or slug(f"{planned.category_key}-{planned.title}", fallback="assessment-task")
    return Task(**{**dict(planned), "task_id": named})
