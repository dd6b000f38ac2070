"""The one normal form of usernames, for paths, bodies, queries and stores alike."""

import unicodedata

from coach.documents.base import LONGEST_IDENTIFIER

# Control characters, lone surrogates, and what changes a text without being seen (bidirectional, zero-width).
_UNSEEN = frozenset({"Cc", "Cs", "Cf"})
# Seen as nothing too, in other categories: joiners, fillers and variation selectors.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | {
    chr(code) for code in range(0xFE00, 0xFE10)
}
# In an address they are a separator, or lead elsewhere.
_NOT_IN_PATHS = frozenset({".", ".."})


class UnusableUsername(ValueError):
    """The text cannot be anybody's username; the message says why."""


def folded(text: str) -> str:
    """The text stripped, lower-cased and composed (NFC), whether or not it can be anybody's username."""
    return unicodedata.normalize("NFC", text.strip().lower())


def normalise(text: str) -> str:
    """The form under which a learner is stored and shown: stripped, lower-cased, composed (NFC).

    Raises UnusableUsername for a blank text, unseen characters, lone surrogates, names that no path of a URL can
    hold, and names of more than 255 characters.
    """
    name = folded(text)
    if not name:
        raise UnusableUsername("a username must not be blank")
    if len(name) > LONGEST_IDENTIFIER:
        raise UnusableUsername(
            f"a username has at most {LONGEST_IDENTIFIER} characters, this one has {len(name)}"
        )
    if name in _NOT_IN_PATHS or "/" in name:
        raise UnusableUsername("a username must not contain a slash, and must not be . or ..")
    for position, character in enumerate(name):
        if unicodedata.category(character) in _UNSEEN or character in _BLANK:
            raise UnusableUsername(
                f"a username must not contain control, bidirectional or zero-width characters: "
                f"U+{ord(character):04X} at position {position + 1}"
            )
    return name
