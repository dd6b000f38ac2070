"""Words that the coach knows whatever the track, which language a text is in, and the sentences in other languages."""

import re
from typing import Any

from coach.agent.offline import phrases
from coach.agent.offline.tracks import Language
from coach.documents import authored

_JAPANESE, _CHINESE = re.compile(r"[\u3040-\u30ff]"), re.compile(r"[\u4e00-\u9fff]")
# The comments of the file say what each list is for.
WORDS: dict[str, Any] = authored.beside(__file__, "words.toml")


def of_text(text: str) -> Language:
    """The language of a text; English where nothing speaks for another one."""
    if _JAPANESE.search(text):
        return "ja"
    if _CHINESE.search(text):
        return "zh"
    words = phrases.words(text)
    votes: dict[Language, int] = {
        language: sum(word in common for word in words) for language, common in WORDS["common"].items()
    }
    best = max(votes, key=lambda language: votes[language])
    return best if votes[best] > votes["en"] else "en"


def english_only(text: str) -> str:
    """That the coach has English only, in the language of a text; empty for an English one."""
    return str(WORDS["english_only"].get(of_text(text), ""))


def help_for(text: str) -> str | None:
    """Where a text speaks of self-harm: whom to turn to, in its language; else None."""
    return str(WORDS["help"][of_text(text)]) if phrases.holds(text, *WORDS["in_danger"]) else None
