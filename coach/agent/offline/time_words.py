"""The words and patterns of time_words.toml, which match text as `phrases.plain` leaves it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from coach.documents import authored

_FILE = authored.beside(__file__)

WORDS: Mapping[str, float] = {
    word: float(value) for value, group in _FILE["numbers"].items() for word in group.split()
}
DAY_NAMES: tuple[str, ...] = tuple(_FILE["names"]["days"])
MONTHS: tuple[str, ...] = tuple(_FILE["names"]["months"])


@functools.cache
def text(name: str) -> str:
    """A pattern's text, with the patterns that it refers to put in."""
    if name == "number":
        # The longest word first, or "six" is found in "sixteen".
        spaced = sorted((word for word in WORDS if word.isascii()), key=len, reverse=True)
        return rf"(?:\d+(?:[.,]\d+)?|{'|'.join(spaced)}|{text('unspaced_number')})"
    if name == "unit":
        return "|".join(f"(?P<{unit}>{words})" for unit, words in _FILE["units"].items())
    if name == "month":
        return "|".join(MONTHS)
    pieces = _FILE["patterns"][name]
    return re.sub(r"\{\{(\w+)\}\}", lambda found: text(found[1]), "".join(pieces))


@functools.cache
def pattern(name: str) -> re.Pattern[str]:
    """The compiled pattern of that name in the file."""
    return re.compile(text(name))
