"""Learners of the offline coach for tests: with a plan and a schedule from their goal, made without a database."""

from __future__ import annotations

import datetime as dt

from coach.agent.offline import coach, plans
from coach.agent.tools.requests import ChatRequest, LearnerGoals, TopicRequest
from coach.documents.base import utc_now
from coach.documents.profile import Profile
from coach.engines import foundations
from coach.engines.sequencing import sequencer
from coach.services import coach_tracks
from coach.services import plans as documents
from coach.tests.agent.tools.test_functions import Remembered


def planned(goal, *, use_case="", strengths="", started=dt.timedelta(0), **changes):
    """A learner who asked for a plan some time ago."""
    asked = LearnerGoals("noor", goal, use_case, strengths)
    then = utc_now() - started
    inference = documents.inference(coach.infer_goals(asked, tracks=[]), goal=goal, now=then)
    answer = coach.plan(asked, inference=inference, learner_tools=Remembered().learner_tools())
    made = foundations.augment(
        goal=goal,
        plan=documents.elo_plan(answer, goal=goal, summary=inference.summary, now=then),
        curriculum=documents.curriculum(answer, now=then),
        inference=inference,
        average=None,
        now=then,
        catalogue=coach_tracks.foundations(inference),
    )
    profile = Profile(
        username="noor",
        goal=goal,
        use_case=use_case,
        strengths=strengths,
        last_updated=then,
        elo_category_plan=made.plan,
        elo_snapshot=foundations.missing_ratings(made.plan, {}),
        curriculum_plan=made.curriculum,
        onboarding_assessment=documents.assessment(answer, now=then),
        goal_inference=inference,
        **changes,
    )
    return scheduled(profile, now=then)


def scheduled(profile, *, now=None):
    """The learner with a new schedule, in the rhythm of their goal."""
    pace = plans.pace(profile.goal, profile.use_case, profile.goal_inference)
    made = sequencer.generate(profile, previous=None, adjustments={}, now=now or utc_now(), pace=pace)
    return profile.model_copy(update={"curriculum_schedule": made.schedule})


def completed(profile, *item_ids):
    """The learner with these items completed."""
    items = [
        item.model_copy(update={"launch_status": "completed", "last_completed_at": utc_now()})
        if item.item_id in item_ids
        else item
        for item in profile.curriculum_schedule.items
    ]
    schedule = profile.curriculum_schedule.model_copy(update={"items": items})
    return profile.model_copy(update={"curriculum_schedule": schedule})


def say(message, learner, tools=None):
    """The display text and the widgets of an answer in the chat."""
    ask = ChatRequest(
        message=message, history=(), learner=learner, attachments=(), model="", effort="medium", web=False
    )
    answer = coach.chat(ask, learner_tools=tools or Remembered().learner_tools())
    return answer.display or "", answer.widgets


def on(topic, learner, kind="lesson", item=None):
    """A lesson, quiz or milestone."""
    ask = TopicRequest(kind=kind, topic=topic, learner=learner, item=item)
    return coach.topic(ask, learner_tools=Remembered().learner_tools())
