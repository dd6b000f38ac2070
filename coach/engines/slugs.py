"""Slugs: the short, lower-case names that are made from titles, labels and category keys."""

import re

_RUNS = re.compile("-{2,}")


def slug(text: str, *, fallback: str) -> str:
    """The text with every character that is no letter or digit (of any script) as a hyphen.

    Letters are lower-cased one by one, hyphens are stripped from both ends, and runs of them become
    one. Where nothing is left of the text, the fallback stands in: as it is, except for runs.
    """
    hyphenated = "".join(character.lower() if character.isalnum() else "-" for character in text)
    return _RUNS.sub("-", hyphenated.strip("-") or fallback)
