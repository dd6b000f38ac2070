"""The rules of learners whose goal inference holds tracks of the offline coach: their foundations and their pace."""

import datetime as dt
from functools import cache

from coach.documents.authored import FileFault
from coach.documents.curriculum import Curriculum, EloPlan, GoalInference
from coach.documents.pace import Pace
from coach.engines import foundations as engine
from coach.engines.foundation_catalogue import Foundation
from coach.models import LearnerProfile


def faults() -> list[str]:
    """What is wrong with the files of the offline coach's tracks, one text for each fault."""
    from coach.agent.offline import tracks

    try:
        return tracks.unknown_references(tracks.catalogue())
    except FileFault as error:
        return str(error).splitlines()


def foundations(inference: GoalInference | None) -> dict[str, Foundation] | None:
    """The foundations that the learner's own tracks name; None where the contract's catalogue counts."""
    content = _plans().content(inference) if inference else []
    return {
        category.key: Foundation(**dict(category), modules=modules) for category, modules, _ in content
    } or None


def augment(
    learner: LearnerProfile,
    plan: EloPlan | None,
    curriculum: Curriculum,
    *,
    goal: str,
    now: dt.datetime,
    average: float | None = None,
) -> EloPlan:
    """Make a plan and a curriculum, extended by the foundations they call for, a learner's; nothing is saved."""
    augmented = engine.augment(
        goal=goal,
        plan=plan,
        curriculum=curriculum,
        inference=learner.inference,
        average=average,
        now=now,
        catalogue=foundations(learner.inference),
    )
    learner.plan, learner.curriculum = augmented.plan, augmented.curriculum
    learner.ratings = engine.missing_ratings(augmented.plan, learner.ratings)
    return augmented.plan


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
