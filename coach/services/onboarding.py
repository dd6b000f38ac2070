"""Onboarding: the plan a learner starts with."""

from types import ModuleType

from django.db import transaction

from coach import agent, telemetry
from coach.agent import errors as agent_errors
from coach.agent.model import answers
from coach.agent.tools.requests import LearnerGoals
from coach.documents import schedule as zones
from coach.documents.base import utc_now
from coach.documents.curriculum import GoalInference, Track
from coach.engines import coverage, goals
from coach.models import LearnerProfile
from coach.services import assessments, audit, coach_tracks, learner_tools, learners, plans, schedules
from coach.services.keeping import versions
from coach.services.operations import connections


def plan(
    *,
    username: str,
    goal: str,
    use_case: str = "",
    strengths: str = "",
    force: bool = False,
    timezone: str | None = None,
) -> str:
    """Make sure that a learner (made if need be) has a plan; returns the normal form of the username.

    A learner who has one keeps it, unless `force`. Raises usernames.UnusableUsername, LearnerNotFound
    where the learner was removed meanwhile, and AgentError where a plan is needed and none can be made:
    what was told and inferred stays stored.
    """
    coach = agent.coach()
    words = {"goal": goal, "use_case": use_case, "strengths": strengths}
    learner, needed, inference = _tell(username, words, force, timezone)
    if not needed:
        return learner.username
    learner_goals = LearnerGoals(learner.username, **words)
    inference = inference or _infer(coach, learner_goals, learner.tracks)
    if coach is None:
        raise agent_errors.Unavailable(
            "No language model is configured, so no plan can be made; what you told is kept."
        )
    with connections.released():
        tools = learner_tools.tools(learner.username)
        answer = coach.plan(learner_goals, inference=inference, learner_tools=tools)
    _store(answer, learner_goals, maker=coach.MAKER)
    return learner.username


@transaction.atomic
def _tell(
    username: str, words: dict[str, str], force: bool, timezone: str | None
) -> tuple[LearnerProfile, bool, GoalInference | None]:
    """Store zone, wishes, and the missing weeks of a kept inference; whether a plan is needed, and that inference."""
    learner = learners.locked_or_made(username)
    changed = _take_zone(learner, timezone)
    parts = (learner.curriculum_plan, learner.onboarding_assessment, learner.elo_category_plan)
    needed = force or None in parts
    if needed:
        changed |= learners.apply_metadata(learner, words)
        changed |= _fill_weeks(learner)
    if changed:
        learners.save(learner, changed, "onboarding.told", changed=sorted(changed))
    inference = learner.inference if needed else None
    if inference and (not inference.tracks or coach_tracks.is_outdated(inference, changed)):
        inference = None
    return learner, needed, inference


def _take_zone(learner: LearnerProfile, timezone: str | None) -> set[str]:
    name = (timezone or "").strip()
    if not zones.known_zone(name) or name == learner.timezone:
        return set()
    learner.timezone = name
    return {"timezone"}


def _fill_weeks(learner: LearnerProfile) -> set[str]:
    present = learner.inference
    if present is None or not present.tracks:
        return set()
    filled = goals.fill_missing_weeks(present)
    return set() if filled is present else _take_inference(learner, filled)


def _infer(coach: ModuleType | None, learner_goals: LearnerGoals, tracks: list[Track]) -> GoalInference:
    """Make and store the learner's goal inference. Raises LearnerNotFound."""
    inference, maker = goals.infer(learner_goals.goal, now=utc_now()), "rule"
    if coach is not None:
        try:
            with connections.released():
                parsed = coach.infer_goals(learner_goals, tracks=tracks)
            inference = plans.inference(parsed, goal=learner_goals.goal, now=utc_now())
            maker = coach.MAKER
        except agent_errors.AgentError as error:
            # Whatever goes wrong with the parser, the rule stands in.
            telemetry.emit("goal_parser_fallback", error=type(error).__name__)
    with transaction.atomic():
        learner = learners.locked(learner_goals.username)
        columns = _take_inference(learner, inference)
        learners.save(learner, columns, "goal.inferred", by=maker, tracks=len(inference.tracks))
    return inference


def _take_inference(learner: LearnerProfile, inference: GoalInference) -> set[str]:
    learner.inference = inference
    learner.tracks = inference.tracks
    return {"goal_inference", "foundation_tracks"}


@transaction.atomic
def _store(answer: answers.Plan, learner_goals: LearnerGoals, *, maker: str) -> None:
    """Make an answer the learner's plan, curriculum and assessment, and generate the schedule. Raises LearnerNotFound."""
    learner = learners.locked(learner_goals.username)
    with versions.keeping(learner) as change:
        _take_plan(learner, answer, learner_goals.goal)
        learner.adjustments = {}
        schedules.drop(learner)
        learner.last_updated = utc_now()
        schedules.save_planned(learner)
        change.event = audit.record(
            "plan.made", learner, by=maker, categories=len(learner.plan.categories) if learner.plan else 0
        )


def _take_plan(learner: LearnerProfile, answer: answers.Plan, goal: str) -> None:
    """Plan, curriculum, assessment and ratings, foundations and coverage included; nothing is saved."""
    now = utc_now()
    inference = learner.inference
    plan = plans.elo_plan(answer, goal=goal, summary=inference.summary if inference else None, now=now)
    augmented = coach_tracks.augment(learner, plan, plans.curriculum(answer, now=now), goal=goal, now=now)
    learner.assessment = coverage.extend(plans.assessment(answer, now=now), augmented.categories)
    assessments.derive(learner)
