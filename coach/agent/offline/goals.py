"""Understanding a goal: which tracks of the catalogue it names, and what the learner can do already."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from coach.agent.offline import phrases
from coach.agent.offline.tracks import Module, Track, catalogue
from coach.agent.tools.requests import LearnerGoals

Level = Literal["new", "programs", "unknown"]

MOST_TRACKS = 2
MOST_OFFERED = 3
# A slip of the pen in a word of six letters or more is forgiven.
SHORTEST_FORGIVEN, LIKENESS = 6, 0.83
# Words that are in a goal of any kind.
_GENERAL = frozenset(
    """a about an and at be become becoming better career computer computers course do for get getting good grow help how i
    improve in it job know learn learning life like make me more my new of on people please practice skill skills smart
    some something start stuff study teach tech technology that the things this to want well with work would yes you
    aprender algo mejor quiero lernen etwas besser ich mochte apprendre quelque chose mieux melhor""".split()
)
# "From scratch" is how much somebody knows, not the block language.
_NO_SUBJECT = ("from scratch", "start from scratch", "go over", "go through", "on the go")
_NEW = (
    *(
        "never programmed",
        "never coded",
        "never written code",
        "never written a line",
        "no programming experience",
    ),
    *(
        "no experience",
        "no coding experience",
        "absolute beginner",
        "complete beginner",
        "total beginner",
        "newbie",
    ),
    *(
        "from scratch",
        "from zero",
        "know nothing",
        "can't program",
        "cannot program",
        "don't know how to program",
    ),
    *("don't know how to code", "beginner", "new to programming", "new to coding", "no prior experience"),
    *(
        "desde cero",
        "sin experiencia",
        "principiante",
        "nunca he programado",
        "no se nada",
        "no se programar",
    ),
    *("noch nie programmiert", "anfanger", "anfangerin", "keine erfahrung", "keine vorkenntnisse"),
    *("debutant", "debutante", "jamais programme", "aucune experience", "a partir de zero"),
    *("iniciante", "nunca programei", "do zero", "sem experiencia"),
    *("初心者", "未経験", "ゼロから", "初学者", "零基础", "没有经验", "从零开始"),
)
_PROGRAMS = (
    *(
        "java",
        "javascript",
        "typescript",
        "python",
        "c",
        "c++",
        "c#",
        "ruby",
        "php",
        "kotlin",
        "swift",
        "rust",
        "golang",
    ),
    *(
        "perl",
        "scala",
        "matlab",
        "fortran",
        "cobol",
        "haskell",
        "r",
        "react",
        "django",
        "angular",
        "vue",
        "node",
    ),
    *(
        "programming",
        "programmer",
        "developer",
        "software engineer",
        "software developer",
        "coding",
        "web developer",
    ),
    *(
        "programador",
        "programadora",
        "desarrollador",
        "desarrolladora",
        "desenvolvedor",
        "desenvolvedora",
        "programar",
    ),
    *(
        "entwickler",
        "entwicklerin",
        "programmierer",
        "programmieren",
        "developpeur",
        "developpeuse",
        "programmation",
    ),
    *("プログラマー", "エンジニア", "程序员", "工程师"),
)


@dataclass(frozen=True)
class Reading:
    """What a goal comes to.

    `tracks` are those that the plan takes, `later` others that the goal names too, `offered` the nearest ones where
    there is none. `words` says by which words of the goal each track was found; `guessed` that they are only hints.
    """

    tracks: tuple[Track, ...] = ()
    later: tuple[Track, ...] = ()
    offered: tuple[Track, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    guessed: bool = False
    vague: bool = False
    level: Level = "unknown"
    not_covered: tuple[str, ...] = ()


def read(goals: LearnerGoals) -> Reading:
    """Which tracks serve a learner's goal; the use case counts where the goal itself names nothing."""
    parts = phrases.parts(goals.goal)
    level = level_of(goals)
    rejected = {match.phrase for match in phrases.found(parts.unwanted, _all_names())}
    found, guessed = _tracks(parts.wanted, rejected)
    if not found:
        found, guessed = _tracks(phrases.parts(goals.use_case).wanted, rejected)
    if not found:
        return Reading(offered=nearest(goals), vague=is_vague(goals.goal), level=level)
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
    said = phrases.normal(". ".join((goals.goal, goals.use_case, goals.strengths)))
    if phrases.found(said, _NEW):
        return "new"
    known = (
        phrases.parts(goals.goal).known
        + phrases.parts(goals.use_case).known
        + phrases.normal(goals.strengths)
    )
    return "programs" if phrases.found(known, _PROGRAMS) else "unknown"


def modules_for(track: Track, level: Level) -> list[Module]:
    """The modules of a track without those that a learner of that level can skip."""
    return [module for module in track.module if level != "programs" or not module.newcomers_only]


def is_vague(goal: str) -> bool:
    """Whether a goal holds none but general words."""
    return set(phrases.words(goal)) <= _GENERAL


def nearest(goals: LearnerGoals) -> tuple[Track, ...]:
    """The tracks that share most words with what a learner says; the first of the catalogue where none does."""
    said = set(phrases.words(f"{goals.goal} {goals.use_case}")) - _GENERAL
    near = Counter({track.id: len(said & _vocabulary(track.id)) for track in catalogue().values()})
    ranked = [track_id for track_id, count in near.most_common(MOST_OFFERED) if count]
    usual = [
        track_id
        for track_id in ("computer-basics", "first-steps", "python", "web-frontend")
        if track_id in near
    ]
    return tuple(catalogue()[track_id] for track_id in (ranked or usual)[:MOST_OFFERED])


# --- finding tracks ---------------------------------------------------------------------------------


def _tracks(wanted: str, rejected: set[str]) -> tuple[list[tuple[Track, str]], bool]:
    """The tracks that a wish names, each with the words that name it, and whether these are only hints."""
    if named := _named(wanted, rejected):
        return named, False
    hinted = _hinted(wanted)
    return (hinted, True) if hinted else (_misspelt(wanted), True)


def _named(wanted: str, rejected: set[str]) -> list[tuple[Track, str]]:
    """The tracks whose names are in a wish, the first named first; a name inside of a longer one does not count."""
    matches = _longest(phrases.found(wanted, [*_all_names(), *_all_hints(), *_NO_SUBJECT]))
    found: dict[str, str] = {}
    for match in matches:
        track_id = _all_names().get(match.phrase)
        if track_id and match.phrase not in rejected and not _is_excluded(track_id, wanted, matches):
            found.setdefault(track_id, match.phrase)
    return [(catalogue()[track_id], word) for track_id, word in found.items()]


def _hinted(wanted: str) -> list[tuple[Track, str]]:
    """The one track that most hints speak for; none where two tracks have as many."""
    matches = _longest(phrases.found(wanted, [*_all_hints(), *_NO_SUBJECT]))
    votes: Counter[str] = Counter()
    words: dict[str, str] = {}
    for match in matches:
        for track_id in _all_hints().get(match.phrase, ()):
            if not _is_excluded(track_id, wanted, ()):
                votes[track_id] += 1
                words.setdefault(track_id, match.phrase)
    best = votes.most_common(2)
    if not best or (len(best) > 1 and best[0][1] == best[1][1]):
        return []
    return [(catalogue()[best[0][0]], words[best[0][0]])]


def _misspelt(wanted: str) -> list[tuple[Track, str]]:
    """The track whose name somebody has probably meant to write."""
    names = {phrases.normal(name).strip(): track_id for name, track_id in _all_names().items()}
    single = [name for name in names if " " not in name and len(name) >= SHORTEST_FORGIVEN]
    for word in wanted.split():
        near = (
            difflib.get_close_matches(word, single, n=1, cutoff=LIKENESS)
            if len(word) >= SHORTEST_FORGIVEN
            else []
        )
        if near and near[0][0] == word[0]:
            return [(catalogue()[names[near[0]]], near[0])]
    return []


def _longest(matches: Iterable[phrases.Match]) -> list[phrases.Match]:
    """The matches in order of place, without those that lie within a longer one."""
    result: list[phrases.Match] = []
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        if not result or match.end > result[-1].end or match[:2] == result[-1][:2]:
            result.append(match)
    return result


def _is_excluded(track_id: str, wanted: str, matches: Iterable[phrases.Match]) -> bool:
    """Whether a wish rules a track out, and names it by nothing but what another track is named by as well."""
    excluded = _phrases(catalogue()[track_id].excluded)
    return bool(phrases.found(wanted, excluded)) and not any(
        _all_names().get(match.phrase) == track_id for match in matches
    )


def _with_track_before(tracks: list[Track], level: Level) -> list[Track]:
    """The tracks, and before the first of them the one that somebody new to programming needs."""
    first = tracks[0]
    if level != "new" or first.before is None or first.before not in catalogue():
        return tracks
    before = catalogue()[first.before]
    return [before, *(track for track in tracks if track is not before)]


def _not_covered(wanted: str, tracks: Iterable[Track]) -> tuple[str, ...]:
    words = [word for track in tracks for word in track.not_about]
    return tuple(dict.fromkeys(match.phrase for match in phrases.found(wanted, words)))


@cache
def _all_names() -> Mapping[str, str]:
    """Name → the track that it selects."""
    return {name: track.id for track in catalogue().values() for name in _phrases(track.names)}


@cache
def _all_hints() -> Mapping[str, list[str]]:
    """Hint → the tracks that it speaks for."""
    hints: dict[str, list[str]] = {}
    for track in catalogue().values():
        for hint in _phrases(track.hints):
            hints.setdefault(hint, []).append(track.id)
    return hints


def _phrases(by_language: Mapping[str, list[str]]) -> list[str]:
    return list(dict.fromkeys(phrase for several in by_language.values() for phrase in several))


@cache
def _vocabulary(track_id: str) -> frozenset[str]:
    """The words by which a track can be near to a goal."""
    track = catalogue()[track_id]
    texts = [track.name, track.summary, *track.focus, *_phrases(track.names), *_phrases(track.hints)]
    texts += [topic for module in track.module for topic in module.topics]
    return frozenset(word for text in texts for word in phrases.words(text)) - _GENERAL
