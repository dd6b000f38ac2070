"""The coach that asks the language model: one function for each purpose, documents in, documents out.

Every function raises the exceptions of errors.py. No database connection may be held while it runs.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings

from coach.agent import envelopes
from coach.agent.model import answers, prompts, reading, runs
from coach.agent.tools import requests
from coach.documents import sessions
from coach.documents.curriculum import GoalInference, Track

# Who made an answer, as it is kept beside it.
MAKER = "model"
# Which model answers at which effort, where a request names no model.
MODELS_BY_EFFORT = {"minimal": "gpt-5-nano", "low": "gpt-5-mini", "medium": "gpt-5", "high": "gpt-5-codex"}


def infer_goals(goals: requests.LearnerGoals, *, tracks: Sequence[Track]) -> answers.ParsedGoal:
    """What the goal needs, in the model's words; `tracks` are those that the learner has."""
    run = runs.Run(
        purpose="goals",
        model=settings.AGENT_MODEL,
        effort=settings.AGENT_REASONING,
        instructions=prompts.GOAL_INSTRUCTIONS,
        input=prompts.goal_input(goals, tracks),
    )
    return reading.fit(answers.ParsedGoal, reading.value(runs.answer(run, learner_tools=None)))


def plan(
    goals: requests.LearnerGoals, *, inference: GoalInference, learner_tools: requests.LearnerTools
) -> answers.Plan:
    """An onboarding plan."""
    text = runs.answer(_run("plan", prompts.plan_input(goals, inference)), learner_tools=learner_tools)
    return reading.fit(answers.Plan, reading.value_with_repair(text))


def grade(ask: requests.GradeRequest, *, learner_tools: requests.LearnerTools) -> answers.Grades:
    """The grades of a submission, 0 to 1 each."""
    text = runs.answer(_run("grade", prompts.grade_input(ask)), learner_tools=learner_tools)
    return reading.fit(answers.Grades, reading.value(text))


def topic(ask: requests.TopicRequest, *, learner_tools: requests.LearnerTools) -> sessions.OnTopic:
    """A lesson, quiz or milestone."""
    model = runs.supported(MODELS_BY_EFFORT[settings.AGENT_REASONING])
    run = _run(ask.kind, prompts.topic_input(ask), model=model)
    return envelopes.on_topic(ask.kind, runs.answer(run, learner_tools=learner_tools))


def chat(ask: requests.ChatRequest, *, learner_tools: requests.LearnerTools) -> sessions.Chat:
    return envelopes.chat(runs.answer(_chat(ask), learner_tools=learner_tools))


def follow_chat(ask: requests.ChatRequest, *, learner_tools: requests.LearnerTools) -> Iterator[str]:
    """The answer to a chat message as it comes, piece by piece, unread."""
    return runs.follow(_chat(ask), learner_tools=learner_tools)


def _chat(ask: requests.ChatRequest) -> runs.Run:
    model = runs.supported(ask.model or MODELS_BY_EFFORT[ask.effort])
    return _run("chat", prompts.chat_input(ask, model=model), model=model, effort=ask.effort, web=ask.web)


def _run(
    purpose: str, items: list[Any], *, model: str = "", effort: str = "", web: bool | None = None
) -> runs.Run:
    """A run with the model, the effort and the web of the settings, unless others are named."""
    model = model or settings.AGENT_MODEL
    web = settings.AGENT_ENABLE_WEB if web is None else web
    return runs.Run(
        purpose=purpose,
        model=model,
        effort=effort or settings.AGENT_REASONING,
        instructions=prompts.instructions(model=model, web=web),
        input=items,
        web=web,
    )
