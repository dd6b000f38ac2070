"""The rules of learners whose goal inference holds tracks of the offline coach: their foundations and their pace."""

from __future__ import annotations

from functools import cache

from coach.agent.model import answers
from coach.documents.curriculum import GoalInference
from coach.documents.pace import Pace
from coach.engines.foundation_catalogue import Catalogue, CatalogueCategory, CatalogueModule, CatalogueRubric
from coach.models import LearnerProfile


def faults() -> list[str]:
    """What is wrong with the files of the offline coach's tracks, one text for each fault."""
    from coach.agent.offline import tracks

    try:
        return tracks.unknown_references(tracks.catalogue())
    except tracks.TrackError as error:
        return str(error).splitlines()


def foundations(inference: GoalInference | None) -> Catalogue | None:
    """The foundations that the learner's own tracks name; None where the contract's catalogue counts."""
    content = _plans().content(inference) if inference else []
    if not content:
        return None
    return Catalogue(category=[_category(category, modules) for category, modules in content])


def pace(learner: LearnerProfile) -> Pace | None:
    """The time that the learner's words leave for learning; None where the usual rhythm counts."""
    inference = learner.inference
    if inference is None or not _plans().is_own(inference):
        return None
    return _plans().pace(learner.goal, learner.use_case, inference)


def is_outdated(inference: GoalInference, changed: set[str]) -> bool:
    """Whether an inference of the offline coach was made from words that have changed since."""
    return bool(changed & {"goal", "use_case", "strengths"}) and _plans().is_own(inference)


@cache
def _plans():  # type: ignore[no-untyped-def]  # a module
    # Loaded with the first learner who needs it: the tracks are read from files.
    from coach.agent.offline import plans

    return plans


def _category(category: answers.PlannedCategory, modules: list[answers.PlannedModule]) -> CatalogueCategory:
    levels = {level.level.lower(): level.descriptor for level in category.rubric}
    return CatalogueCategory(
        key=category.key,
        label=category.label,
        weight=category.weight,
        focus_areas=category.focus_areas,
        description=category.description,
        success_criteria=[],
        rubric=CatalogueRubric(**levels),
        module=[_module(module) for module in modules],
    )


def _module(module: answers.PlannedModule) -> CatalogueModule:
    return CatalogueModule(
        id=module.module_id,
        minutes=module.estimated_minutes or 1,
        tier=module.tier or 1,
        title=module.title,
        summary=module.summary,
        objectives=module.objectives,
        activities=module.activities,
        deliverables=module.deliverables,
        requires=module.prerequisite_module_ids,
    )
