"""The one normal form of usernames, for paths, bodies, queries and stores alike."""

from __future__ import annotations

import unicodedata

from coach.documents.base import LONGEST_IDENTIFIER

_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class UnusableUsername(ValueError):
    """The text cannot be anybody's username; the message says why."""


def normalise(text: str) -> str:
    """The form under which a learner is stored and shown: stripped, lower-cased, composed (NFC).

    Raises UnusableUsername for a blank text, control or bidirectional characters, lone surrogates,
    and names of more than 255 characters.
    """
    name = unicodedata.normalize("NFC", text.strip().lower())
    if not name:
        raise UnusableUsername("a username must not be blank")
    if len(name) > LONGEST_IDENTIFIER:
        raise UnusableUsername(
            f"a username has at most {LONGEST_IDENTIFIER} characters, this one has {len(name)}"
        )
    for position, character in enumerate(name):
        if unicodedata.category(character) in ("Cc", "Cs") or character in _BIDIRECTIONAL:
            raise UnusableUsername(
                f"a username must not contain control or bidirectional characters: "
                f"U+{ord(character):04X} at position {position + 1}"
            )
    return name
