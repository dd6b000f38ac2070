"""The chat of the offline coach: a few intents, each known by whole words and answered from the learner's own rows.

An intent of words.toml carries the example by which it is offered: what the coach says that it can do is what these intents do.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from coach.agent.offline import goals, languages, lessons, notes, phrases, plans, times, widgets
from coach.agent.offline.lessons import SIGNATURE
from coach.agent.tools.requests import ChatRequest, LearnerGoals, LearnerTools, TopicRequest
from coach.documents import sessions
from coach.documents.assessment import GradingResult
from coach.documents.base import utc_now
from coach.documents.profile import Profile
from coach.documents.schedule import Schedule, ScheduleItem

NOBODY = "Tell me your username, and I can look at your plan."
NO_SCHEDULE = "You have no schedule yet: ask for a plan first."
MOVE = "Move an item of your schedule to a later day, and everything behind it moves along"
REFRESH = "Refresh your schedule, and what is left is planned from today"
COMPLETE = "mark it as completed in your schedule"
_PROVISIONAL = 0.5

Answer = Callable[["Message"], sessions.Chat]


@dataclass(frozen=True)
class Message:
    """A message of a learner, with what the coach may do for them."""

    text: str
    learner: Profile
    tools: LearnerTools

    @property
    def schedule(self) -> Schedule | None:
        found = self.learner.curriculum_schedule
        return found if found and found.items else None


# Characters: more than a person writes, and read in a moment.
MOST_READ = 100_000


def answer(ask: ChatRequest, tools: LearnerTools) -> sessions.Chat:
    """The answer to a message; in another language than English, that it is understood in English only."""
    ask = replace(ask, message=ask.message[:MOST_READ])
    if danger := languages.help_for(ask.message):
        return _shown(danger)
    foreign = languages.english_only(ask.message)
    if foreign:
        return said(f"{foreign}\n\n{who_i_am()}")
    if ask.learner is None:
        return said(f"{who_i_am()} {NOBODY}")
    message = Message(ask.message, ask.learner, tools)
    intent = intent_of(ask.message)
    return _ANSWERS[intent.name](message) if intent else _not_understood(message)


def intent_of(text: str) -> languages.Intent | None:
    """The first intent whose phrases a message holds as whole words."""
    return next(
        (intent for intent in languages.vocabulary().intents if phrases.holds(text, *intent.phrases)), None
    )


def who_i_am() -> str:
    """Who the coach is, and everything that it can answer."""
    offered = " ".join(dict.fromkeys(f"“{intent.example}”" for intent in languages.vocabulary().intents))
    return f"I am the offline coach: I answer by rule, without a language model, in English. You can ask me: {offered}"


def said(text: str, *shown: sessions.Widget) -> sessions.Chat:
    return _shown(f"{text}\n\n{SIGNATURE}", shown)


def _shown(text: str | None, widgets: Sequence[sessions.Widget] = ()) -> sessions.Chat:
    return sessions.Chat(display=text, widgets=list(widgets), citations=None)


# --- the intents ------------------------------------------------------------------------------------


def _missed(message: Message) -> sessions.Chat:
    """What was missed, and the one step that makes the schedule fit again."""
    schedule = message.schedule
    if schedule is None:
        return said(NO_SCHEDULE)
    missed = widgets.missed_items(schedule)
    if not missed:
        coming = _coming_line(schedule)
        return said(
            f"Nothing in your schedule was planned before today and left open. {coming}", *_list(message)
        )
    late = (widgets.today(schedule) - widgets.day_of(schedule, missed[0])).days
    many = f"{widgets.counted(len(missed), 'item')} planned before today {'is' if len(missed) == 1 else 'are'} open"
    first = f"{many}; the first is {widgets.quoted(missed[0].title)}, {widgets.counted(late, 'day')} ago."
    step = REFRESH if any(item.is_completed for item in schedule.items) else MOVE
    small = f"Start small: {widgets.quoted(missed[0].title)} takes {missed[0].recommended_minutes} minutes."
    return said(f"Days without work happen, and nothing is lost. {first} {step}. {small}", *_list(message))


def _minutes(message: Message) -> sessions.Chat:
    """Something that fits into the minutes that the learner has."""
    schedule = message.schedule
    amount = times.read_minutes(message.text)
    if amount is None:
        return said("How many minutes do you have? Write for example “I have 20 minutes”.")
    if schedule is None:
        return said(NO_SCHEDULE)
    todo = [*widgets.missed_items(schedule), *widgets.open_items(schedule)]
    fitting = next((item for item in _ready(schedule, todo) if item.recommended_minutes <= amount), None)
    if fitting is not None:
        return said(
            f"{widgets.quoted(fitting.title)} takes {fitting.recommended_minutes} minutes and fits into your {amount}."
        )
    if not todo:
        return said("Everything in your schedule is completed.")
    return said(
        f"No item that you can begin fits into {amount} minutes. Begin {widgets.quoted(todo[0].title)}: it takes "
        f"{todo[0].recommended_minutes} minutes, so stop after {amount} and go on from there next time."
    )


def _finished(message: Message) -> sessions.Chat:
    """How to record that something is done, and what follows."""
    schedule = message.schedule
    if schedule is None:
        return said(NO_SCHEDULE)
    found = lessons.find(_subject(message), message.learner)
    words = phrases.normal(found.title).strip() if found else ""
    items = [item for item in schedule.items if words and words in phrases.normal(item.title)]
    item = next((item for item in items if not item.is_completed), None)
    if item is not None:
        text = f"Well done. I cannot record it myself: {COMPLETE}; it is {widgets.quoted(item.title)}."
    elif items:
        text = f"All items on {widgets.quoted(found.title if found else '')} are completed already."
    else:
        text = f"I do not find that item in your schedule. I cannot record it myself: {COMPLETE}."
    return said(f"{text} {_coming_line(schedule, without=item)}", *_list(message))


def _pace(message: Message) -> sessions.Chat:
    """Keep the time that a learner names from now on, where the plan is the coach's own."""
    learner = message.learner
    if not plans.is_own(learner.goal_inference):
        return said(f"{MOVE}: that is how this plan changes its pace.")
    named = times.read(message.text, today=utc_now().date())
    pace = times.pace(named) if named.says_when else None
    if pace is None:
        return said("How much time does a week have? Write for example “change my pace to 3 hours a week”.")
    kept = plans.with_pace(learner.use_case, message.text)
    message.tools.update(learner.username, {"use_case": kept})
    rhythm = f"{widgets.counted(pace.sessions, 'session')} of up to {pace.session_minutes} minutes a week"
    return said(f"I have kept it: {rhythm}. {REFRESH}, in this rhythm.")


def _explain(message: Message) -> sessions.Chat:
    subject = _subject(message)
    found = lessons.find(subject, message.learner)
    if found is None:
        return _shown(lessons.nothing_on(subject or message.text, message.learner), _list(message))
    return _shown(lessons.lesson_text(found))


def _quiz(message: Message) -> sessions.Chat:
    made = lessons.quiz(TopicRequest(kind="quiz", topic=_subject(message), learner=message.learner))
    return _shown(made.display, made.widgets)


def _doing(message: Message) -> sessions.Chat:
    """What is completed, missed and rated; answers that wait for a grade have no result."""
    learner, schedule = message.learner, message.schedule
    parts = []
    if schedule is not None:
        done = sum(item.is_completed for item in schedule.items)
        missed = len(widgets.missed_items(schedule))
        parts.append(
            f"{done} of {widgets.counted(len(schedule.items), 'item')} of your schedule are completed."
        )
        parts.append(
            f"{widgets.counted(missed, 'item')} planned before today {'is' if missed == 1 else 'are'} open."
        )
    else:
        parts.append(NO_SCHEDULE)
    assessment = learner.onboarding_assessment
    if assessment:
        parts.append(f"Your assessment is {assessment.status.replace('_', ' ')}.")
    if _is_provisional(learner.onboarding_assessment_result):
        parts.append("Your answers are saved and wait for a grade, so there is no result yet.")
    elif learner.onboarding_assessment_result is None:
        parts.append("You have no result yet; ratings are where they start.")
    elif learner.elo_snapshot:
        rated = ", ".join(
            f"{widgets.label(learner, key)} {value}" for key, value in learner.elo_snapshot.items()
        )
        parts.append(f"Your ratings: {rated}.")
    else:
        parts.append("You have no ratings yet.")
    return said(" ".join(parts), *widgets.ratings(learner))


def _next(message: Message) -> sessions.Chat:
    schedule = message.schedule
    if schedule is None:
        return said(NO_SCHEDULE)
    coming = widgets.open_items(schedule)[: widgets.SHOWN_ITEMS]
    lines = [
        f"- {widgets.day_of(schedule, item):%A, %d %B}: {item.title}, {item.recommended_minutes} minutes"
        for item in coming
    ]
    missed = len(widgets.missed_items(schedule))
    late = (
        [f"{widgets.counted(missed, 'item')} planned before today still open: ask me about missed days."]
        if missed
        else []
    )
    head = "This comes next:" if lines else "Nothing is planned from today on."
    return said("\n".join([head, *lines, *late]), *_list(message))


def _not_understood(message: Message) -> sessions.Chat:
    """That a message is no known question; what the goal lacks, where no track was chosen for it."""
    learner = message.learner
    asked = LearnerGoals(learner.username, learner.goal, learner.use_case, learner.strengths)
    inference = learner.goal_inference
    about_goal = ""
    if inference and any(track.track_id == plans.ORIENTATION for track in inference.tracks):
        about_goal = " ".join(notes.about_nothing(goals.read(asked), learner.goal)) + " "
    return said(f"I do not understand that. {about_goal}{who_i_am()}", *_list(message))


_ANSWERS: dict[str, Answer] = {
    "missed": _missed,
    "pace": _pace,
    "minutes": _minutes,
    "finished": _finished,
    "quiz": _quiz,
    "doing": _doing,
    "explain": _explain,
    "next": _next,
    "who": lambda message: said(who_i_am()),
}

# --- reading ----------------------------------------------------------------------------------------

_LEADS = re.compile(
    r"^.*?\b(?:explain(?: to me)?|what(?:'s| is| are)|teach me(?: about)?|tell me about|lesson on|quiz me on|quiz on|test me on"
    r"|how do i|how does|show me|(?:have |'ve )?finished|(?:have |'ve )?completed|am done with)\b",
    re.IGNORECASE | re.DOTALL,
)
_PLACE = re.compile(r"\b(?:(next|first) (?:lesson|module|item)|a module of my plan)\b", re.IGNORECASE)


def _subject(message: Message) -> str:
    """What a message is about, without the words that ask for it; an item of the schedule by its title."""
    schedule, place = message.schedule, _PLACE.search(message.text)
    if schedule is not None and place is not None:
        items = schedule.items if place[1] == "first" else [*widgets.open_items(schedule), *schedule.items]
        return items[0].title
    return _LEADS.sub("", message.text, count=1).strip(" .?!,;:\n\"'“”")


def _ready(schedule: Schedule, items: list[ScheduleItem]) -> list[ScheduleItem]:
    """The items whose prerequisites are completed."""
    done = {item.item_id for item in schedule.items if item.is_completed}
    return [item for item in items if set(item.prerequisites) <= done]


def _coming_line(schedule: Schedule, *, without: ScheduleItem | None = None) -> str:
    coming = [item for item in widgets.open_items(schedule) if item is not without]
    if not coming:
        return "Nothing is planned from today on."
    return f"Next is {widgets.quoted(coming[0].title)}, on {widgets.day_of(schedule, coming[0]):%A, %d %B}."


def _list(message: Message) -> list[sessions.Widget]:
    return widgets.next_list(message.learner)


def _is_provisional(result: GradingResult | None) -> bool:
    """Whether every score is the one that stands for ungraded answers."""
    return result is not None and all(
        task.score == _PROVISIONAL and task.confidence == "low" for task in result.task_results
    )
