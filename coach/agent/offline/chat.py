"""The chat of the offline coach: a few intents, each known by whole words and answered from the learner's own rows.

An intent of words.toml carries the example by which it is offered: what the coach says that it can do is what these intents do.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from coach.agent.offline import languages, lessons, notes, phrases, plans, times, widgets
from coach.agent.offline.texts import quoted, say, signed
from coach.agent.tools.requests import ChatRequest, LearnerGoals, LearnerTools, TopicRequest
from coach.documents import sessions
from coach.documents.base import utc_now
from coach.documents.profile import Profile
from coach.documents.schedule import Schedule, ScheduleItem

# Characters: more than a person writes, and read in a moment.
MOST_READ = 100_000


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


def answer(ask: ChatRequest, *, learner_tools: LearnerTools) -> sessions.Chat:
    """The answer to a message; in another language than English, that it is understood in English only."""
    ask = replace(ask, message=ask.message[:MOST_READ])
    if danger := languages.help_for(ask.message):
        return sessions.Chat(display=danger)
    if foreign := languages.english_only(ask.message):
        return _answer(f"{foreign}\n\n{who_i_am()}")
    if ask.learner is None:
        return _answer(f"{who_i_am()} {say('nobody')}")
    message = Message(ask.message, ask.learner, learner_tools)
    intent = intent_of(ask.message) or ""
    if intent not in _FROM_SCHEDULE:
        return _ANSWERS.get(intent, _not_understood)(message)
    schedule = message.schedule
    return _FROM_SCHEDULE[intent](message, schedule) if schedule else _answer(say("no_schedule"))


def intent_of(text: str) -> str | None:
    """The name of the first intent whose phrases a message holds as whole words."""
    intents = languages.WORDS["intents"]
    return next((intent["name"] for intent in intents if phrases.holds(text, *intent["phrases"])), None)


def who_i_am() -> str:
    """Who the coach is, and everything that it can answer."""
    offered = dict.fromkeys(f"“{intent['example']}”" for intent in languages.WORDS["intents"])
    return say("who", questions=" ".join(offered))


def _answer(text: str, shown: Sequence[sessions.Widget] = ()) -> sessions.Chat:
    return sessions.Chat(display=signed(text), widgets=list(shown))


# --- the intents ------------------------------------------------------------------------------------


def _missed(message: Message, schedule: Schedule) -> sessions.Chat:
    """What was missed, and the one step that makes the schedule fit again."""
    missed, shown = widgets.missed_items(schedule), widgets.next_list(message.learner)
    if not missed:
        return _answer(say("nothing_missed", next=_coming(schedule)), shown)
    late = (widgets.today(schedule) - widgets.day_of(schedule, missed[0])).days
    text = say(
        "missed",
        open=say("open", number=len(missed)),
        title=quoted(missed[0].title),
        late=late,
        step=say("refresh" if any(item.is_completed for item in schedule.items) else "move"),
        minutes=missed[0].recommended_minutes,
    )
    return _answer(text, shown)


def _minutes(message: Message, schedule: Schedule) -> sessions.Chat:
    """Something that fits into the minutes that the learner has."""
    amount = times.read_minutes(message.text)
    if amount is None:
        return _answer(say("how_many_minutes"))
    todo = [*widgets.missed_items(schedule), *widgets.open_items(schedule)]
    if not todo:
        return _answer(say("all_completed"))
    done = {item.item_id for item in schedule.items if item.is_completed}
    ready = [item for item in todo if set(item.prerequisites) <= done]
    fitting = [item for item in ready if item.recommended_minutes <= amount]
    item = fitting[0] if fitting else todo[0]
    name = "fits" if fitting else "too_long"
    return _answer(say(name, title=quoted(item.title), minutes=item.recommended_minutes, amount=amount))


def _finished(message: Message, schedule: Schedule) -> sessions.Chat:
    """How to record that something is done, and what follows."""
    found = lessons.find(_subject(message), message.learner)
    title = found.title if found else ""
    words = phrases.normal(title).strip()
    items = [item for item in schedule.items if words and words in phrases.normal(item.title)]
    item = next((item for item in items if not item.is_completed), None)
    name = "finished" if item else "finished_before" if items else "finished_unknown"
    text = say(name, title=quoted(item.title if item else title), next=_coming(schedule, without=item))
    return _answer(text, widgets.next_list(message.learner))


def _pace(message: Message) -> sessions.Chat:
    """Keep the time that a learner names from now on, where the plan is the coach's own."""
    learner = message.learner
    if not plans.is_own(learner.goal_inference):
        return _answer(say("pace_by_moving"))
    named = times.read(message.text, today=utc_now().date())
    pace = times.pace(named) if named.says_when else None
    if pace is None:
        return _answer(say("which_pace"))
    kept = plans.with_pace(learner.use_case, message.text)
    message.tools.update(learner.username, {"use_case": kept})
    return _answer(say("pace_kept", rhythm=notes.rhythm(pace)))


def _explain(message: Message) -> sessions.Chat:
    subject = _subject(message)
    found = lessons.find(subject, message.learner)
    if found is None:
        nothing = lessons.nothing_on(subject or message.text, message.learner)
        return sessions.Chat(display=nothing, widgets=widgets.next_list(message.learner))
    return sessions.Chat(display=lessons.lesson_text(found))


def _quiz(message: Message) -> sessions.Chat:
    made = lessons.on_topic(TopicRequest(kind="quiz", topic=_subject(message), learner=message.learner))
    return sessions.Chat(display=made.display, widgets=made.widgets)


def _doing(message: Message) -> sessions.Chat:
    """What is completed, missed and rated; answers that wait for a grade have no result."""
    learner, schedule = message.learner, message.schedule
    parts = [say("no_schedule")]
    if schedule is not None:
        done = sum(item.is_completed for item in schedule.items)
        missed = say("open", number=len(widgets.missed_items(schedule)))
        parts = [say("completed_items", done=done, items=len(schedule.items)), f"{missed}."]
    if assessment := learner.onboarding_assessment:
        parts.append(say("assessment", status=assessment.status.replace("_", " ")))
    parts.append(_rated(learner))
    return _answer(" ".join(parts), widgets.ratings(learner))


def _rated(learner: Profile) -> str:
    result = learner.onboarding_assessment_result
    if result is None:
        return say("no_result")
    # The score that stands for ungraded answers.
    if all(task.score == 0.5 and task.confidence == "low" for task in result.task_results):
        return say("provisional")
    rated = [f"{widgets.label(learner, key)} {value}" for key, value in learner.elo_snapshot.items()]
    return say("rated", ratings=", ".join(rated)) if rated else say("not_rated")


def _next(message: Message, schedule: Schedule) -> sessions.Chat:
    lines = [
        say(
            "next_item",
            day=widgets.day_of(schedule, item),
            title=item.title,
            minutes=item.recommended_minutes,
        )
        for item in widgets.open_items(schedule)[: widgets.SHOWN_ITEMS]
    ]
    lines.insert(0, say("this_is_next" if lines else "nothing_coming"))
    if missed := widgets.missed_items(schedule):
        lines.append(say("missed_too", items=len(missed)))
    return _answer("\n".join(lines), widgets.next_list(message.learner))


def _not_understood(message: Message) -> sessions.Chat:
    """That a message is no known question; what the goal lacks, where no track was chosen for it."""
    learner = message.learner
    asked = LearnerGoals(learner.username, learner.goal, learner.use_case, learner.strengths)
    inference = learner.goal_inference
    about_goal = ""
    if inference and any(track.track_id == plans.ORIENTATION for track in inference.tracks):
        about_goal = " ".join(notes.about_nothing(asked)) + " "
    text = say("not_understood", goal=about_goal, who=who_i_am())
    return _answer(text, widgets.next_list(learner))


_ANSWERS: dict[str, Callable[[Message], sessions.Chat]] = {
    "pace": _pace,
    "quiz": _quiz,
    "doing": _doing,
    "explain": _explain,
    "who": lambda message: _answer(who_i_am()),
}
_FROM_SCHEDULE: dict[str, Callable[[Message, Schedule], sessions.Chat]] = {
    "missed": _missed,
    "minutes": _minutes,
    "finished": _finished,
    "next": _next,
}

# --- reading ----------------------------------------------------------------------------------------

_LEADS = re.compile("".join(languages.WORDS["leads"]), re.IGNORECASE | re.DOTALL)
_PLACE = re.compile(languages.WORDS["place"], re.IGNORECASE)


def _subject(message: Message) -> str:
    """What a message is about, without the words that ask for it; an item of the schedule by its title."""
    schedule, place = message.schedule, _PLACE.search(message.text)
    if schedule is not None and place is not None:
        items = schedule.items if place[1] == "first" else [*widgets.open_items(schedule), *schedule.items]
        return items[0].title
    return _LEADS.sub("", message.text, count=1).strip(" .?!,;:\n\"'“”")


def _coming(schedule: Schedule, *, without: ScheduleItem | None = None) -> str:
    for item in widgets.open_items(schedule):
        if item is not without:
            return say("coming", title=quoted(item.title), day=widgets.day_of(schedule, item))
    return say("nothing_coming")
