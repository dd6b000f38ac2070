"""The offline coach: answers by rule from its tracks and the learner's own plan, with the model coach's interface."""

from collections.abc import Iterator
from typing import NoReturn

from coach.agent.errors import Unavailable
from coach.agent.offline import chat as chats
from coach.agent.offline import lessons, plans
from coach.agent.tools import requests

# Who made an answer, as it is kept beside it.
MAKER = "rule"

infer_goals = plans.infer
plan = plans.plan
topic = lessons.topic
chat = chats.answer


def grade(ask: requests.GradeRequest, *, learner_tools: requests.LearnerTools) -> NoReturn:
    """Answers are graded provisionally. Raises Unavailable, always."""
    raise Unavailable("The offline coach does not grade.")


def follow_chat(ask: requests.ChatRequest, *, learner_tools: requests.LearnerTools) -> Iterator[str]:
    """The same answer as that of `chat`, in one piece."""
    yield chat(ask, learner_tools=learner_tools).display or ""
