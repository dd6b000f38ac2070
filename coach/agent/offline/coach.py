"""The offline coach: answers by rule from its tracks and the learner's own plan, with the model coach's interface."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NoReturn

from coach.agent.errors import Unavailable
from coach.agent.offline import chat as chats
from coach.agent.offline import lessons, plans, widgets
from coach.agent.offline.texts import say
from coach.agent.tools import requests
from coach.documents import sessions
from coach.documents.profile import Profile
from coach.documents.schedule import ScheduleItem

# Who made an answer, as it is kept beside it.
MAKER = "rule"

infer_goals, plan, chat = plans.infer, plans.plan, chats.answer


def grade(ask: requests.GradeRequest, *, learner_tools: requests.LearnerTools) -> NoReturn:
    """Answers are graded provisionally. Raises Unavailable, always."""
    raise Unavailable("The offline coach does not grade.")


def topic(ask: requests.TopicRequest, *, learner_tools: requests.LearnerTools) -> sessions.OnTopic:
    """A lesson, quiz or milestone on a topic, or on an item of the schedule."""
    return _opened(ask, ask.item) if ask.item else lessons.on_topic(ask)


def follow_chat(ask: requests.ChatRequest, *, learner_tools: requests.LearnerTools) -> Iterator[str]:
    """The same answer in one piece."""
    yield chat(ask, learner_tools=learner_tools).display or ""


# These come back to a whole category and not to one module.
_REVIEWS = ("refresh-", "checkpoint-")


def _opened(ask: requests.TopicRequest, item: ScheduleItem) -> sessions.OnTopic:
    """The item, and the lesson, the questions or the milestone that its module has for it."""
    made = sessions.SHAPES[ask.kind](display="")
    if _has_material(item, ask.learner):
        made = lessons.on_topic(replace(ask, topic=item.title, item=None))
    display = "\n\n".join(filter(None, [_display(item), made.display]))
    return made.model_copy(update={"display": display, "widgets": [_card(item), *made.widgets]})


def _has_material(item: ScheduleItem, learner: Profile | None) -> bool:
    found = None if item.item_id.startswith(_REVIEWS) else lessons.find(item.title, learner)
    return found is not None and found.module is not None and found.is_planned


def _display(item: ScheduleItem) -> str:
    texts = (f"{item.title}.", item.summary, item.focus_reason or "", item.expected_outcome or "")
    return " ".join(text.strip() for text in texts if text.strip())


def _card(item: ScheduleItem) -> sessions.Widget:
    time = say("minutes_and_effort", minutes=item.recommended_minutes, effort=item.effort_level)
    return widgets.card(item.title, {"Objectives": item.objectives, "Time": [time]})
