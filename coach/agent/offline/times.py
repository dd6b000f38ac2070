"""The time that a goal names: a deadline, and how much of a week there is for learning."""

import calendar
import datetime as dt
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from coach.agent.offline import phrases
from coach.documents import authored
from coach.documents.pace import LONGEST_SESSION, SHORTEST_SESSION, Pace

# The words and patterns of the file match text as `phrases.plain` leaves it.
_FILE = authored.beside(__file__)
_WORDS = {word: float(value) for value, group in _FILE["numbers"].items() for word in group.split()}
# How a pace that a learner agrees with the coach is kept beside their own words.
AGREED_PACE = re.compile(r"\[pace: ([^\]]*)\]")
USUAL_SESSIONS = 4
USUAL_SESSION = 60
# What a part of a day is taken to hold, in minutes.
EVENING, LUNCH_BREAK = 60, 30
# No deadline that is further away than this shapes a plan.
FURTHEST = dt.timedelta(days=366 * 5)
# More days, weeks, months or years than this count as this many, which is further away than that.
MOST_COUNTED = 9999
Match = re.Match[str]


@dataclass(frozen=True)
class Times:
    """What a goal says about time; None and empty where it says nothing.

    `deadline` is the first day that is too late, `words` the words that it was read from. `minutes` are those of one
    session, `weekly_minutes` those of a week; `sessions` are those of a week.
    """

    deadline: dt.date | None = None
    words: str = ""
    unread: str = ""
    weekly_minutes: int | None = None
    minutes: int | None = None
    sessions: int | None = None
    weekdays: tuple[int, ...] = ()
    assumed: bool = False

    @property
    def says_when(self) -> bool:
        """Whether the goal says how much time a week has."""
        return bool(self.weekly_minutes or self.minutes or self.sessions or self.weekdays)

    @property
    def is_open(self) -> bool:
        """Whether the goal says nothing that shapes a schedule."""
        return not self.says_when and self.deadline is None


def read(text: str, *, today: dt.date) -> Times:
    """The times that a text names, as of `today`; a pace that was agreed later counts instead of the goal's own."""
    if (agreed := AGREED_PACE.search(text)) is not None:
        rest = read(text[: agreed.start()] + text[agreed.end() :], today=today)
        return replace(
            read(agreed[1], today=today), deadline=rest.deadline, words=rest.words, unread=rest.unread
        )
    wording = phrases.plain(text)
    deadline, words = _deadline(wording, today)
    weekly, minutes, sessions = _amounts(wording)
    weekdays = _weekdays(wording)
    part = _part_of_day(wording) if not (weekly or minutes) else None
    unread = _pattern("unreadable").search(wording) if deadline is None else None
    return Times(
        deadline=deadline,
        words=words,
        unread=unread[0] if unread else "",
        weekly_minutes=weekly,
        minutes=minutes or part,
        sessions=sessions,
        weekdays=weekdays,
        assumed=part is not None or bool((weekdays or sessions) and not (weekly or minutes)),
    )


def read_minutes(text: str) -> int | None:
    """The first amount of time that a text names, in minutes."""
    return next((minutes for minutes, _, _ in _found_amounts(phrases.plain(text))), None)


def pace(times: Times) -> Pace | None:
    """The pace that fits the times; None where they leave everything open.

    A week holds at most the minutes that were named, unless they are fewer than one session takes.
    """
    if times.is_open:
        return None
    sessions = len(times.weekdays) or times.sessions or _sessions(times)
    weekly = times.weekly_minutes or sessions * (times.minutes or USUAL_SESSION)
    if weekly < sessions * SHORTEST_SESSION:
        sessions = max(1, weekly // SHORTEST_SESSION)
    minutes = min(max(weekly // sessions, SHORTEST_SESSION), LONGEST_SESSION)
    return Pace(
        session_minutes=minutes,
        sessions=sessions,
        weekdays=times.weekdays[:sessions],
        ends_on=times.deadline,
    )


def _sessions(times: Times) -> int:
    """The sessions of a week that only has minutes: about one an hour."""
    if not times.weekly_minutes:
        return USUAL_SESSIONS
    fewest = -(-times.weekly_minutes // LONGEST_SESSION)
    return min(max(times.weekly_minutes // USUAL_SESSION, fewest, 1), 7)


# --- the file ---------------------------------------------------------------------------------------


@functools.cache
def _text(name: str) -> str:
    """A pattern's text, with the patterns that it refers to put in."""
    if name == "number":
        # The longest word first, or "six" is found in "sixteen".
        spaced = sorted((word for word in _WORDS if word.isascii()), key=len, reverse=True)
        return rf"(?:\d+(?:[.,]\d+)?|{'|'.join(spaced)}|{_text('unspaced_number')})"
    if name == "month":
        return "|".join(_FILE["names"]["months"])
    pieces = _FILE["patterns"][name]
    return re.sub(r"\{\{(\w+)\}\}", lambda found: _text(found[1]), "".join(pieces))


@functools.cache
def _pattern(name: str) -> re.Pattern[str]:
    """The compiled pattern of that name in the file."""
    return re.compile(_text(name))


# --- numbers ----------------------------------------------------------------------------------------


def _number(text: str) -> float:
    if text in _WORDS:
        return _WORDS[text]
    return float(text.replace(",", ".")) if text[0].isdigit() else _WORDS.get(text[-1], 1)


# --- weekly time ------------------------------------------------------------------------------------


def _amounts(wording: str) -> tuple[int | None, int | None, int | None]:
    """Minutes a week, minutes a session, sessions a week."""
    weekly = minutes = None
    times = _pattern("times_a_week").search(wording)
    sessions = min(int(_number(times["number"] or times["unspaced"])), 7) or None if times else None
    for amount, before, after in _found_amounts(wording):
        if _pattern("per_week").match(after) or _pattern("week_before").search(before):
            weekly = amount
        elif _pattern("per_workday").match(after):
            minutes, sessions = amount, 5
        elif _pattern("per_day").match(after) or _pattern("day_before").search(before):
            minutes, sessions = amount, sessions or 7
        elif _weekdays(wording) or sessions or _part_of_day(wording):
            minutes = amount
    if minutes and len(_weekdays(wording)) == 2 and _pattern("weekend").search(wording):
        # "Two hours on weekends" is the whole weekend: the cautious reading.
        return minutes, None, None
    return weekly, minutes, sessions


def _found_amounts(wording: str) -> Iterator[tuple[int, str, str]]:
    """Each amount of time in minutes, with the words before and after it."""
    matches = list(_pattern("amount").finditer(wording)) or list(
        _pattern("before_unspaced").finditer(wording)
    )
    for match in matches:
        groups = match.groupdict()
        number = _number(match["number"]) + (0.5 if groups.get("half") or groups["after"] else 0)
        minutes = number * 60 if match["hours"] else number
        minutes += int(groups.get("rest") or 0)
        before, after = wording[: match.start()][-20:], wording[match.end() :][:40]
        if 5 <= minutes <= 80 * 60 and not after.lstrip().startswith(("ago", "old", "long")):
            yield int(minutes), before, after


def _weekdays(wording: str) -> tuple[int, ...]:
    """The weekdays that are named as a habit, Monday being 0."""
    habitual = _text("not_habitual")
    days = {
        day
        for day, names in enumerate(_FILE["names"]["days"])
        if re.search(rf"{habitual}(?<![a-z])(?:{names})(?![a-z])", wording)
    }
    if _pattern("weekend").search(wording):
        days |= {5, 6}
    return tuple(sorted(days))


def _part_of_day(wording: str) -> int | None:
    """The minutes of a session in the part of a day that is named."""
    if _pattern("lunch").search(wording):
        return LUNCH_BREAK
    return EVENING if _pattern("evening").search(wording) else None


# --- deadlines --------------------------------------------------------------------------------------


def _deadline(wording: str, today: dt.date) -> tuple[dt.date | None, str]:
    """The first day that is too late, and the words that say so."""
    for name, read_day in _DEADLINES.items():
        match = _pattern(name).search(wording)
        day = read_day(match, today) if match else None
        if match and day and today < day <= today + FURTHEST:
            return day, match[0].strip()
    return None, ""


def _of_date(match: Match, today: dt.date) -> dt.date | None:
    return _after(*map(int, match.groups()))


def _of_numbers(match: Match, today: dt.date) -> dt.date | None:
    """03/04 is the third of April or the fourth of March: the earlier reading is safe."""
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    american = _after(year, first, second) if match[2] == "/" else None
    return min(filter(None, (_after(year, second, first), american)), default=None)


def _of_month(match: Match, today: dt.date) -> dt.date | None:
    groups = match.groupdict()
    month, day = _month(match["month"]), int(match["day"] or groups.get("after") or 0)
    is_past = (month, day or today.day) < (today.month, today.day)
    year = int(match["year"] or today.year + is_past)
    if day:
        return _after(year, month, day)
    part = (match["part"] or "").strip()
    if part.startswith(("mid", "mitte")):
        return dt.date(year, month, 15)
    # "By March" ends before it; in March itself, and for "the end of March", with it.
    is_whole = part not in ("", "the") or "fin" in groups.get("by", "")
    is_whole = is_whole or (year, month) == (today.year, today.month)
    return _later(dt.date(year, month, 1), months=int(is_whole))


def _of_duration(match: Match, today: dt.date) -> dt.date | None:
    groups = match.groupdict()
    if groups.get("halfyear"):
        return _later(today, months=6)
    number = 1.0 if match["number"] == "next" else min(_number(match["number"]), MOST_COUNTED)
    if match["days"] or match["weeks"]:
        return today + dt.timedelta(days=round(number * (7 if match["weeks"] else 1)))
    return _later(today, months=round(number * (12 if match["years"] else 1)))


def _of_year_end(match: Match, today: dt.date) -> dt.date | None:
    return dt.date(today.year, 12, 25) if "christmas" in match[0] else dt.date(today.year + 1, 1, 1)


# The pattern of each way to name a deadline, in the order in which they are tried, and how it is read.
_DEADLINES: dict[str, Callable[[Match, dt.date], dt.date | None]] = {
    "iso": _of_date,
    "numeric": _of_numbers,
    "by_month": _of_month,
    "unspaced_month": _of_month,
    "duration": _of_duration,
    "from_now": _of_duration,
    "unspaced_duration": _of_duration,
    "by_year": lambda match, today: dt.date(int(match[2]) + bool(match["end"]), 1, 1),
    "end_of_year": _of_year_end,
    "end_of_month": lambda match, today: _later(today.replace(day=1), months=1),
}


def _month(text: str) -> int:
    if text.isdigit():
        return min(max(int(text), 1), 12)
    if not text.isascii():
        return int(_WORDS.get(text, 11 if text == "十一" else 1))
    return next(
        number for number, names in enumerate(_FILE["names"]["months"], start=1) if re.fullmatch(names, text)
    )


def _after(year: int, month: int, day: int) -> dt.date | None:
    """The day after that one; None where there is no such day."""
    try:
        return dt.date(year, month, day) + dt.timedelta(days=1)
    except (ValueError, OverflowError):
        return None


def _later(day: dt.date, *, months: int) -> dt.date:
    """The same day some months later, or the last one of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = min(day.year + years, dt.MAXYEAR - 1)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
