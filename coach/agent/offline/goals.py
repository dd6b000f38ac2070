"""Understanding a goal: which tracks of the catalogue it names, and what the learner can do already."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from coach.agent.offline import phrases
from coach.agent.offline.languages import WORDS
from coach.agent.offline.tracks import Phrases, Track, catalogue
from coach.agent.tools.requests import LearnerGoals

Level = Literal["new", "programs", "unknown"]

MOST_TRACKS = 2
MOST_OFFERED = 3
OFFERED_TO_ANYBODY = ("computer-basics", "first-steps", "python", "web-frontend")
# A slip of the pen in a word of six letters or more is forgiven.
SHORTEST_FORGIVEN, LIKENESS = 6, 0.83
# A hint, or a topic of several words, counts as much as this many topics of one word; so much decides.
HINT_VOTES = 2
OLDEST_YOUNG_CHILD, YOUNGEST_OLDER_ADULT, OLDEST = 9, 60, 110
_GENERAL = frozenset(WORDS["general"])
_SMALL_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_AGE = re.compile(
    rf"\b(\d{{1,3}}|{'|'.join(_SMALL_NUMBERS)}) (?:years? old|yrs? old|yo|jahre alt|jahrig\w*)\b|\bde (\d{{1,3}}) (?:anos|ans)\b"
    r"|\b(?:i am|i m|aged?|ich bin|j ai|tengo|tenho) (\d{1,3})\b|(\d{1,3}) ?(?:歳|岁)"
)


@dataclass(frozen=True)
class Reading:
    """What a goal comes to.

    `tracks` are those that the plan takes, `later` others that the goal names too. `words` says by which words of the
    goal each track was found; `guessed` that they are only hints.
    """

    tracks: tuple[Track, ...] = ()
    later: tuple[Track, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    guessed: bool = False
    level: Level = "unknown"
    not_covered: tuple[str, ...] = ()


def read(goals: LearnerGoals) -> Reading:
    """Which tracks serve a learner's goal; the use case counts where the goal itself names nothing."""
    parts = phrases.parts(goals.goal)
    level = level_of(goals)
    rejected = {match.phrase for match in phrases.found(parts.unwanted, _tracks_by("names"))}
    found, guessed = _tracks(parts.wanted + _age_words(phrases.normal(goals.goal)), rejected)
    if not found:
        found, guessed = _tracks(phrases.parts(goals.use_case).wanted, rejected)
    if not found:
        return Reading(level=level)
    chosen = _with_track_before([track for track, _ in found], level)
    return Reading(
        tracks=tuple(chosen[:MOST_TRACKS]),
        later=tuple(chosen[MOST_TRACKS:]),
        words={track.id: word for track, word in found},
        guessed=guessed,
        level=level,
        not_covered=_not_covered(parts.wanted, chosen),
    )


def level_of(goals: LearnerGoals) -> Level:
    """Whether a learner says that they have never programmed, or that they have."""
    if phrases.holds(goals.words, *WORDS["new"]):
        return "new"
    known = phrases.parts(goals.goal).known + phrases.parts(goals.use_case).known
    known += phrases.normal(goals.strengths)
    return "programs" if phrases.found(known, WORDS["programs"]) else "unknown"


def is_vague(goal: str) -> bool:
    """Whether a goal holds none but general words."""
    return set(phrases.words(goal)) <= _GENERAL


def nearest(goals: LearnerGoals) -> tuple[Track, ...]:
    """The tracks that share most words with what a learner says; the first of the catalogue where none does."""
    said = set(phrases.words(f"{goals.goal} {goals.use_case}")) - _GENERAL
    near = Counter({track.id: len(said & _vocabulary(track)) for track in catalogue().values()})
    ranked = [track_id for track_id, count in near.most_common(MOST_OFFERED) if count]
    usual = [track_id for track_id in OFFERED_TO_ANYBODY if track_id in near]
    return tuple(catalogue()[track_id] for track_id in (ranked or usual)[:MOST_OFFERED])


# --- finding tracks ---------------------------------------------------------------------------------


def _tracks(wanted: str, rejected: set[str]) -> tuple[list[tuple[Track, str]], bool]:
    """The tracks that a wish names, each with the words that name it, and whether these are only hints."""
    if named := _named(wanted, rejected):
        return named, False
    return _hinted(wanted) or _named(_corrected(wanted), rejected), True


def _named(wanted: str, rejected: set[str]) -> list[tuple[Track, str]]:
    """The tracks whose names are in a wish, the first named first; a name inside of a longer one does not count."""
    names = _tracks_by("names")
    known = [*names, *_tracks_by("hints"), *WORDS["no_subject"]]
    found: dict[str, str] = {}
    for match in _longest(phrases.found(wanted, known)):
        for track_id in names.get(match.phrase, ()):
            if match.phrase not in rejected and not _is_excluded(track_id, wanted):
                found.setdefault(track_id, match.phrase)
    return [(catalogue()[track_id], word) for track_id, word in found.items()]


def _hinted(wanted: str) -> list[tuple[Track, str]]:
    """The one track that most hints and topics speak for; none where two have as many, or one common word is all."""
    hints, topics = _tracks_by("hints"), _tracks_by("topics")
    votes: Counter[str] = Counter()
    words: dict[str, str] = {}
    for match in _longest(phrases.found(wanted, [*hints, *topics, *WORDS["no_subject"]])):
        weight = HINT_VOTES if match.phrase in hints or " " in match.phrase else 1
        for track_id in {*hints.get(match.phrase, ()), *topics.get(match.phrase, ())}:
            if not _is_excluded(track_id, wanted):
                votes[track_id] += weight
                words.setdefault(track_id, match.phrase)
    best = votes.most_common(2)
    if not best or best[0][1] < HINT_VOTES or (len(best) > 1 and best[0][1] == best[1][1]):
        return []
    return [(catalogue()[best[0][0]], words[best[0][0]])]


def _corrected(wanted: str) -> str:
    """A wish with words that are nearly one of the names' words as those."""
    return f" {' '.join(map(_respelt, wanted.split()))} "


def _respelt(word: str) -> str:
    if len(word) < SHORTEST_FORGIVEN or word in _name_words():
        return word
    near = difflib.get_close_matches(word, _name_words(), n=1, cutoff=LIKENESS)
    return near[0] if near and near[0][0] == word[0] else word


def _longest(matches: Iterable[phrases.Match]) -> list[phrases.Match]:
    """The matches in order of place, without those that lie within a longer one."""
    result: list[phrases.Match] = []
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        if not result or match.end > result[-1].end or match[:2] == result[-1][:2]:
            result.append(match)
    return result


def _is_excluded(track_id: str, wanted: str) -> bool:
    return bool(phrases.found(wanted, _phrases(catalogue()[track_id].excluded)))


def _age_words(text: str) -> str:
    """Words for the ages that a normalised text names: small children and older people come for other tracks."""
    named = [next(filter(None, match.groups())) for match in _AGE.finditer(text)]
    ages = [int(age) if age.isdigit() else _SMALL_NUMBERS.index(age) for age in named]
    young = any(3 <= age <= OLDEST_YOUNG_CHILD for age in ages)
    old = any(YOUNGEST_OLDER_ADULT <= age <= OLDEST for age in ages)
    return f"{'young child ' * young}{'older adult ' * old}"


def _with_track_before(tracks: list[Track], level: Level) -> list[Track]:
    """The tracks, and before the first of them the one that a beginner needs."""
    first = tracks[0]
    if level != "new" or first.before is None or first.before not in catalogue():
        return tracks
    before = catalogue()[first.before]
    return [before, *(track for track in tracks if track is not before)]


def _not_covered(wanted: str, tracks: Iterable[Track]) -> tuple[str, ...]:
    words = [word for track in tracks for word in track.not_about]
    return tuple(dict.fromkeys(match.phrase for match in phrases.found(wanted, words)))


@cache
def _tracks_by(kind: Literal["names", "hints", "topics"]) -> Mapping[str, list[str]]:
    """Each name, hint or topic of a module → the tracks that it selects, that it speaks for, or that teach it."""
    tracks: dict[str, list[str]] = {}
    for track in catalogue().values():
        known = _topics(track) if kind == "topics" else _phrases(getattr(track, kind))
        for phrase in dict.fromkeys(map(str.lower, known)):
            tracks.setdefault(phrase, []).append(track.id)
    return tracks


@cache
def _name_words() -> list[str]:
    words = {word for name in _tracks_by("names") for word in phrases.words(name)}
    return sorted(word for word in words if len(word) >= SHORTEST_FORGIVEN)


def _topics(track: Track) -> list[str]:
    return [topic for module in track.module for topic in module.topics]


def _phrases(by_language: Phrases) -> list[str]:
    return list(dict.fromkeys(phrase for several in by_language.values() for phrase in several))


def _vocabulary(track: Track) -> set[str]:
    """The words by which a track can be near to a goal."""
    texts = [track.name, track.summary, *track.focus, *_phrases(track.names), *_phrases(track.hints)]
    texts += _topics(track)
    return {word for text in texts for word in phrases.words(text)} - _GENERAL
