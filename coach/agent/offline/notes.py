"""What the coach says about a plan: what it understood, chose and left out, and how the plan keeps to the time there is."""

import datetime as dt
from collections.abc import Iterable, Sequence

from coach.agent.offline import choices, languages, widgets
from coach.agent.offline.choices import Draft
from coach.agent.offline.goals import Reading
from coach.agent.offline.tracks import Module, Track, catalogue
from coach.documents.pace import LONGEST_SESSION, SHORTEST_SESSION, Pace


def of_draft(draft: Draft, today: dt.date) -> str:
    """What the coach has understood, chosen and left out, in sentences for the learner."""
    danger = languages.help_for(choices.all_words(draft.goals))
    if danger:
        return danger
    foreign = languages.english_only(draft.goals.goal)
    return " ".join(filter(None, [foreign, *_about_tracks(draft), *_about_time(draft, today)]))


def _about_tracks(draft: Draft) -> Iterable[str]:
    reading = draft.reading
    if not reading.tracks:
        yield from about_nothing(reading, draft.goals.goal)
        return
    for choice in draft.chosen:
        word = reading.words.get(choice.track.id)
        why = f" (from “{word}” in your goal)" if word else " (to learn programming first)"
        yield f"Track: {choice.track.name}{why}. {choice.track.summary}"
        if choice.skipped and reading.level == "programs":
            yield f"You program already, so this is left out: {_titles(choice.skipped)}."
    if reading.guessed:
        yield "I took this from a hint, not from a name. If you mean something else, name it in your goal and ask for a new plan."
    if reading.later:
        yield f"Your goal also names {_names(reading.later)}: make that your next goal, one thing at a time."
    if reading.not_covered:
        yield f"I have no material on {_joined(reading.not_covered)}."


def about_nothing(reading: Reading, goal: str) -> Iterable[str]:
    """The answer to a goal that no track serves: what is missing, and the nearest tracks."""
    if not goal.strip():
        yield "You have not named a goal yet."
    elif reading.vague:
        yield f"“{_short(goal)}” does not say yet what you want to learn, so I have chosen no track."
    else:
        yield f"I teach computing, and I have no track for “{_short(goal)}”, so I have chosen none."
    yield "What do you want to be able to make or to understand?"
    yield f"The nearest tracks that I have: {_names(reading.offered)}."
    others = [track for track in catalogue().values() if track not in reading.offered]
    yield f"All others: {_names(others)}. Name one in your goal and ask for a new plan."


def _about_time(draft: Draft, today: dt.date) -> Iterable[str]:
    named, pace = draft.times, draft.pace
    if named.unread:
        yield f"I cannot tell which day “{named.unread}” is: name a month or a date, and the plan will keep to it."
    if pace is None or not draft.chosen:
        return
    rhythm = f"{widgets.counted(pace.sessions, 'session')} of up to {pace.session_minutes} minutes a week{_on_days(pace)}"
    if named.says_when and not named.assumed:
        yield f"Your time: {rhythm}, {pace.weekly_minutes} minutes in all."
    else:
        yield f"You named no number of hours, so I planned {rhythm}. Name your weekly hours to change that."
    if (named.weekly_minutes or 0) > pace.weekly_minutes:
        yield f"You have {named.weekly_minutes} minutes a week; a plan uses at most {LONGEST_SESSION} on a day."
    if 0 < (named.weekly_minutes or SHORTEST_SESSION) < SHORTEST_SESSION:
        yield f"A session takes {SHORTEST_SESSION} minutes at least, so a week takes more than you named."
    yield from _about_deadline(draft, pace, today)


def _about_deadline(draft: Draft, pace: Pace, today: dt.date) -> Iterable[str]:
    if pace.ends_on is None:
        return
    last = pace.ends_on - dt.timedelta(days=1)
    left_out = [module for choice in draft.chosen for module in choice.left_out]
    yield f"Deadline: “{draft.times.words}”, so the last day is {last:%d %B %Y}, {(pace.ends_on - today).days} days from today."
    chosen = [module for choice in draft.chosen for module in choice.modules]
    needed = choices.sessions_for(chosen, pace.session_minutes)
    if needed > choices.room_until(pace, today):
        yield "Not even the first module fits before it; the plan holds that one and ends later."
    if left_out:
        yield f"These do not fit before it and are left out: {_titles(left_out)}."
    elif needed <= choices.room_until(pace, today):
        yield "The whole track fits before it."


def _on_days(pace: Pace) -> str:
    names = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
    return f", on {_joined([names[day] for day in pace.weekdays])}" if pace.weekdays else ""


def _titles(modules: Iterable[Module]) -> str:
    return "; ".join(f"“{module.title}”" for module in modules)


def _names(tracks: Iterable[Track]) -> str:
    return _joined([track.name for track in tracks])


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "none"


def _short(text: str, most: int = 80) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most].rstrip()}…"
