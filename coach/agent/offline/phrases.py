"""Reading a text by whole words and phrases, and separating what a learner wants from what they know or do not want."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from coach.documents import authored

# Scripts without spaces between words: there a phrase matches anywhere.
_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f々ー"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:\+\+|#)?")
_HAS_UNSPACED = re.compile(rf"[{_UNSPACED}]")


class Parts(NamedTuple):
    """A text by what its clauses say, each normalised: what is wanted, what is known already, what is not wanted."""

    wanted: str
    known: str
    unwanted: str


class Match(NamedTuple):
    """A phrase found in a normalised text, with its place there."""

    start: int
    end: int
    phrase: str


def plain(text: str) -> str:
    """The text in lower case, without accents, full-width forms and repeated spaces; punctuation stays."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    kept = [
        character
        for character in unicodedata.normalize("NFD", folded)
        if not "\u0300" <= character <= "\u036f"
    ]
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


@lru_cache(maxsize=8192)
def normal(text: str) -> str:
    """The words of a text, one space between and around them: what phrases are looked for in."""
    return f" {' '.join(_TOKEN.findall(plain(text)))} "


def words(text: str) -> list[str]:
    """The words of a text, without accents and capitals."""
    return normal(text).split()


def found(text: str, phrases: Iterable[str]) -> list[Match]:
    """The phrases that a normalised text holds as whole words, each at its first place."""
    matches = []
    for phrase in phrases:
        wanted = normal(phrase)
        if not wanted.strip():
            continue
        if _HAS_UNSPACED.search(wanted):
            wanted = wanted.strip()
        place = text.find(wanted)
        if place >= 0:
            matches.append(Match(place, place + len(wanted), phrase))
    return matches


def holds(text: str, *phrases: str) -> bool:
    """Whether a text that is not normalised yet holds one of the phrases as whole words."""
    return bool(found(normal(text), phrases))


_BREAK, _KNOWN, _UNWANTED, _UNWANTED_BEFORE, _FROM_TO, _MOVE = (
    re.compile("".join(lines)) for lines in authored.beside(__file__).values()
)


def parts(text: str) -> Parts:
    """What a text wants, knows and does not want, clause by clause."""
    wanted, known, unwanted = [], [], []
    for clause in _BREAK.split(plain(text)):
        if not clause or not clause.strip():
            continue
        clause, origin = _without_origin(clause)
        known.append(origin)
        clause, rejected = _without_rejected(clause)
        unwanted.append(rejected)
        if marker := _KNOWN.search(clause):
            known.append(clause[marker.start() :])
            clause = clause[: marker.start()]
        wanted.append(clause)
    return Parts(*(normal(" · ".join(texts)) for texts in (wanted, known, unwanted)))


def _without_origin(clause: str) -> tuple[str, str]:
    """A clause without the place that somebody moves away from ("from testing to automation"), and that place."""
    origin = _FROM_TO.search(clause) if _MOVE.search(clause) else None
    if origin is None:
        return clause, ""
    return clause[: origin.start()] + " " + clause[origin.end() :], origin[1]


def _without_rejected(clause: str) -> tuple[str, str]:
    if before := _UNWANTED_BEFORE.search(clause):
        return clause[before.end() :], before[1]
    marker = _UNWANTED.search(clause)
    return (clause, "") if marker is None else (clause[: marker.start()], clause[marker.end() :])
