"""The sentences of the offline coach, from texts.toml, and the words that fill them."""

from collections.abc import Sequence

from coach.documents import authored

LONGEST_QUOTE = 120
_SENTENCES: dict[str, str] = authored.beside(__file__)


def say(name: str, /, **words: object) -> str:
    """The sentence of that name with these words in it."""
    return authored.worded(_SENTENCES[name], **{**_SENTENCES, **words})


def signed(text: str) -> str:
    """A text with who made it."""
    return f"{text}\n\n{say('signature')}"


def quoted(text: str, *, most: int = LONGEST_QUOTE) -> str:
    """A text as it is quoted in an answer: whole, or its beginning."""
    return f"“{text if len(text) <= most else text[:most].rstrip() + '…'}”"


def listed(lines: Sequence[str], *, numbered: bool = False) -> str:
    """Lines as a list, with hyphens or numbers."""
    return "\n".join(f"{n}. {line}" if numbered else f"- {line}" for n, line in enumerate(lines, start=1))
