"""Words that the coach knows whatever the track, which language a text is in, and the sentences in other languages."""

import re
from functools import cache
from typing import Annotated

from pydantic import Field

from coach.agent.offline import phrases
from coach.agent.offline.tracks import Language
from coach.documents import authored
from coach.documents.authored import Entry

_JAPANESE, _CHINESE = re.compile(r"[\u3040-\u30ff]"), re.compile(r"[\u4e00-\u9fff]")
Words = Annotated[list[str], Field(min_length=1)]


class Intent(Entry):
    """One thing that the chat can answer: the question by which it is offered, and what it is known by."""

    name: str
    example: str
    phrases: Words


class Vocabulary(Entry):
    """The shape of words.toml; its comments say what each list is for."""

    general: Words
    no_subject: Words
    asking: Words
    new: Words
    programs: Words
    in_danger: Words
    leads: Words
    place: str
    common: dict[Language, Words]
    english_only: dict[Language, str]
    help: dict[Language, str]
    intents: list[Intent]


@cache
def vocabulary() -> Vocabulary:
    """The words that come with the project; read once."""
    return Vocabulary.model_validate(authored.beside(__file__, "words.toml"))


def of_text(text: str) -> Language:
    """The language of a text; English where nothing speaks for another one."""
    if _JAPANESE.search(text):
        return "ja"
    if _CHINESE.search(text):
        return "zh"
    words = phrases.words(text)
    votes = {
        language: sum(word in common for word in words) for language, common in vocabulary().common.items()
    }
    best = max(votes, key=lambda language: votes[language])
    return best if votes[best] > votes["en"] else "en"


def english_only(text: str) -> str:
    """That the coach has English only, in the language of a text; empty for an English one."""
    return vocabulary().english_only.get(of_text(text), "")


def help_for(text: str) -> str | None:
    """Where a text speaks of self-harm: whom to turn to, in its language; else None."""
    known = vocabulary()
    return known.help[of_text(text)] if phrases.holds(text, *known.in_danger) else None
