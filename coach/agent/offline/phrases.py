"""Reading a text by whole words and phrases, and separating what a learner wants from what they know or do not want."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

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


# --- clauses ----------------------------------------------------------------------------------------

_BREAK = re.compile(
    r"[;:!?\n()。！？；：、，]|\.(?=\s|$)|,(?!\d)|\s[–—-]\s"
    r"|\b(?:but|however|aber|sondern|pero|sino|mas|mais|now|ahora|jetzt|maintenant|agora)\b"
    r"|\b(?=(?:who|and)?\s*(?:i\s+)?(?:want|wants|wanting|would like|need|needs|hope|wish|quiero|queremos"
    r"|mochte|mochten|will|je veux|voudrais|quero)\b)"
)
_KNOWN = re.compile(
    r"\b(?:i (?:already )?(?:know|can|use|have used|work with|teach)(?! nothing| no\b| not\b)"
    r"|already (?:know|knows|comfortable|familiar)|i am (?:good|fluent|comfortable|familiar)|years? of|years? with"
    r"|experienced? (?:in|with|of)|background in|coming from|come from|^ ?as an? |i am an? |i'm an? "
    r"|ya se|ya conozco|conozco|tengo experiencia|anos de|soy|vengo de"
    r"|ich kann(?! (?:noch )?(?:nicht|kein))|ich kenne|ich bin|kenntnisse|erfahrung|jahre|komme von"
    r"|je (?:connais|sais|suis)|experience en|ans de|ja sei|conheco|sou|tenho experiencia)"
    r"|経験|知っています|できます|我会|我懂|我是"
)
_UNWANTED = re.compile(
    r"\b(?:not(?! only| sure| just)|no(?! experience| idea| prior| previous| se\b| programming| coding| more than)"
    r"|without(?! knowing)|instead of|rather than|except|anything but|don't want|do not want|avoid|tired of|hate"
    r"|sin|no quiero|en vez de|en lugar de|ohne|kein|keine|keinen|nicht|statt|anstatt|sans|pas de|pas du"
    r"|au lieu de|plutot que|sem|nao quero|em vez de)\b"
    r"|不是|不要|不想|而不"
)
# In Japanese the negation follows what it negates.
_UNWANTED_BEFORE = re.compile(r"^(.*?)(?:ではなく|じゃなく|以外)")
_FROM_TO = re.compile(r"\b(?:from|von|de|des|du|desde)\b(.{2,40}?)\b(?:to|into|zu|zur|nach|a|al|vers|para)\b")
_MOVE = re.compile(
    r"\b(?:move|switch|go|change|transition|migrate|moving|switching|wechsel\w*|pasar|passer|mudar)\b"
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
