"""The modules that a learner gets: from the tracks of the goal, without what they know and what does not fit in time."""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coach.agent.offline import goals, languages, times
from coach.agent.offline.goals import Reading
from coach.agent.offline.tracks import Module, Track
from coach.agent.tools.requests import LearnerGoals
from coach.documents.pace import LONGEST_SESSION, Pace

# Where a goal names no time at all.
_USUAL = Pace(session_minutes=LONGEST_SESSION, sessions=times.USUAL_SESSIONS)


@dataclass(frozen=True)
class Choice:
    """A track with the modules that the learner gets; `skipped` they know, `left_out` do not fit before the deadline."""

    track: Track
    modules: Sequence[Module]
    skipped: Sequence[Module] = ()
    left_out: Sequence[Module] = ()


@dataclass(frozen=True)
class Draft:
    """What a goal comes to: the reading of it, its times, and the chosen modules."""

    goals: LearnerGoals
    reading: Reading
    times: times.Times
    pace: Pace
    chosen: Sequence[Choice]


def of_goals(learner_goals: LearnerGoals, today: dt.date) -> Draft:
    """The choice for what a learner wants, as of `today`; no track where none fits, or where they may be in danger."""
    reading = goals.read(learner_goals)
    named = times.read(time_words(learner_goals.goal, learner_goals.use_case), today=today)
    pace = times.pace(named) or _USUAL
    room = room_until(pace, today)
    chosen: list[Choice] = []
    for track in reading.tracks if not languages.help_for(learner_goals.words) else ():
        choice = _choice(track, reading, pace, room, first=not chosen)
        room -= sessions_for(choice.modules, pace.session_minutes, with_milestone=not chosen)
        chosen.append(choice)
    return Draft(learner_goals, reading, named, pace, chosen)


def _choice(track: Track, reading: Reading, pace: Pace, room: float, *, first: bool) -> Choice:
    """The modules of a track that are for the learner and fit into `room` sessions; one at least of the first track."""
    programs = reading.level == "programs"
    wanted = [module for module in track.module if not (programs and module.newcomers_only)]
    if len(reading.tracks) > 1 and track.id == reading.tracks[-1].before and reading.level == "new":
        wanted = [module for module in wanted if module.tier == 1]
    fitting = list(wanted)
    minutes = pace.session_minutes
    while len(fitting) > int(first) and sessions_for(fitting, minutes, with_milestone=first) > room:
        fitting.pop()
    return Choice(
        track,
        modules=fitting,
        skipped=[module for module in track.module if module not in wanted],
        left_out=wanted[len(fitting) :],
    )


def room_until(pace: Pace, today: dt.date) -> float:
    """The sessions that there are until the deadline."""
    if pace.ends_on is None:
        return math.inf
    days = (pace.ends_on - today).days
    if pace.weekdays:
        return sum((today + dt.timedelta(days=day)).weekday() in pace.weekdays for day in range(days))
    return days * pace.sessions // 7


def sessions_for(modules: Iterable[Module], longest: int, *, with_milestone: bool = True) -> int:
    """The sessions that a schedule needs at most for modules: lesson, check and practice of each, and one milestone."""
    minutes = [module.minutes for module in modules]
    pieces = [
        piece for m in minutes for piece in (m, max(30, math.ceil(0.4 * m)), max(45, math.ceil(0.6 * m)))
    ]
    if with_milestone and minutes:
        pieces.append(max(90, max(minutes) + 30))
    return sum(math.ceil(piece / longest) for piece in pieces)


def time_words(goal: str, use_case: str) -> str:
    return f"{use_case}. {goal}" if use_case.strip() else goal
