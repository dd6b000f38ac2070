"""What the coach says about a plan: what it understood, chose and left out, and how the plan keeps to the time there is."""

import datetime as dt
from collections.abc import Iterable

from coach.agent.offline import choices, goals, languages
from coach.agent.offline.choices import Draft
from coach.agent.offline.texts import quoted, say
from coach.agent.offline.tracks import Module, Track, catalogue
from coach.agent.tools.requests import LearnerGoals
from coach.documents.authored import joined
from coach.documents.pace import LONGEST_SESSION, SHORTEST_SESSION, Pace

LONGEST_GOAL = 80
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def of_draft(draft: Draft, today: dt.date) -> str:
    """What the coach has understood, chosen and left out, in sentences for the learner."""
    if danger := languages.help_for(draft.goals.words):
        return danger
    foreign = languages.english_only(draft.goals.goal)
    return " ".join(filter(None, [foreign, *_about_tracks(draft), *_about_time(draft, today)]))


def _about_tracks(draft: Draft) -> Iterable[str]:
    reading = draft.reading
    if not reading.tracks:
        yield from about_nothing(draft.goals)
        return
    for choice in draft.chosen:
        word = reading.words.get(choice.track.id)
        why = say("why_named", word=word) if word else say("why_first")
        yield say("track", name=choice.track.name, why=why, summary=choice.track.summary)
        if choice.skipped and reading.level == "programs":
            yield say("skipped", titles=_titles(choice.skipped))
    if reading.guessed:
        yield say("guessed")
    if reading.later:
        yield say("later", tracks=_names(reading.later))
    if reading.not_covered:
        yield say("not_covered", words=joined(reading.not_covered))


def about_nothing(learner_goals: LearnerGoals) -> Iterable[str]:
    """The answer to a goal that no track serves: what is missing, and the nearest tracks."""
    short, near = " ".join(learner_goals.goal.split()), goals.nearest(learner_goals)
    name = "no_goal" if not short else "vague_goal" if goals.is_vague(short) else "foreign_goal"
    yield say(name, goal=quoted(short, most=LONGEST_GOAL))
    yield say("which_goal")
    yield say("nearest", tracks=_names(near))
    yield say("others", tracks=_names(track for track in catalogue().values() if track not in near))


def rhythm(pace: Pace) -> str:
    """The sessions of a week, in words."""
    return say("rhythm", sessions=pace.sessions, minutes=pace.session_minutes)


def _about_time(draft: Draft, today: dt.date) -> Iterable[str]:
    named, pace = draft.times, draft.pace
    if named.unread:
        yield say("unread_day", words=named.unread)
    if named.is_open or not draft.chosen:
        return
    days = say("on_days", days=joined([_DAYS[day] for day in pace.weekdays])) if pace.weekdays else ""
    name = "your_time" if named.says_when and not named.assumed else "assumed_time"
    yield say(name, rhythm=rhythm(pace) + days, minutes=pace.weekly_minutes)
    if (named.weekly_minutes or 0) > pace.weekly_minutes:
        yield say("too_much_time", minutes=named.weekly_minutes, most=LONGEST_SESSION)
    if 0 < (named.weekly_minutes or SHORTEST_SESSION) < SHORTEST_SESSION:
        yield say("too_little_time", fewest=SHORTEST_SESSION)
    yield from _about_deadline(draft, pace, today)


def _about_deadline(draft: Draft, pace: Pace, today: dt.date) -> Iterable[str]:
    if pace.ends_on is None:
        return
    last, days = pace.ends_on - dt.timedelta(days=1), (pace.ends_on - today).days
    yield say("deadline", words=draft.times.words, last=last, days=days)
    chosen = [module for choice in draft.chosen for module in choice.modules]
    fits = choices.sessions_for(chosen, pace.session_minutes) <= choices.room_until(pace, today)
    if not fits:
        yield say("nothing_fits")
    if left_out := [module for choice in draft.chosen for module in choice.left_out]:
        yield say("left_out", titles=_titles(left_out))
    elif fits:
        yield say("all_fits")


def _titles(modules: Iterable[Module]) -> str:
    return "; ".join(f"“{module.title}”" for module in modules)


def _names(tracks: Iterable[Track]) -> str:
    return joined([track.name for track in tracks])
