"""The offline coach: answers by rule from its tracks and the learner's own plan, with the model coach's interface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from coach.agent.errors import Unavailable
from coach.agent.model import answers
from coach.agent.offline import chat as chats
from coach.agent.offline import items, lessons, plans
from coach.agent.tools import requests
from coach.documents import sessions

# Who made an answer, as it is kept beside it.
MAKER = "rule"
SIGNATURE = lessons.SIGNATURE


def infer_goals(ask: requests.GoalRequest) -> answers.ParsedGoal:
    """The tracks of the coach's catalogue that the goal asks for."""
    return plans.infer(ask)


def plan(ask: requests.PlanRequest, *, learner_tools: requests.LearnerTools) -> answers.Plan:
    """The modules and tasks of the tracks that the inference holds."""
    return plans.plan(ask)


def grade(ask: requests.GradeRequest, *, learner_tools: requests.LearnerTools) -> NoReturn:
    """Answers are graded provisionally. Raises Unavailable, always."""
    raise Unavailable("The offline coach does not grade.")


def topic(ask: requests.TopicRequest, *, learner_tools: requests.LearnerTools) -> sessions.OnTopic:
    """A lesson, quiz or milestone on a topic, or on an item of the schedule."""
    return items.opened(ask, ask.item) if ask.item else lessons.on_topic(ask)


def chat(ask: requests.ChatRequest, *, learner_tools: requests.LearnerTools) -> sessions.Chat:
    """The answer to a message."""
    return chats.answer(ask, learner_tools)


def follow_chat(ask: requests.ChatRequest, *, learner_tools: requests.LearnerTools) -> Iterator[str]:
    """The same answer in one piece."""
    yield chat(ask, learner_tools=learner_tools).display or ""
