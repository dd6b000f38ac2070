"""TOML files that people edit by hand: texts, tables and catalogues, checked against a shape where they have one."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError


class Count(int):
    """A number that a sentence names with its noun: `{days:day|days}`."""

    def __format__(self, nouns: str) -> str:
        one, _, several = nouns.partition("|")
        return f"{int(self)} {one if self == 1 else several}" if nouns else str(int(self))


class FileFault(Exception):
    """The file cannot be used; the message has a line for each fault, with the file and the place."""


S = TypeVar("S", bound=BaseModel)


def beside(module: str, name: str = "") -> dict[str, Any]:
    """The file of that name beside a module's own (`__file__`); without a name the one that is called like the module."""
    path = Path(module).with_name(name) if name else Path(module).with_suffix(".toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def filled(part: Any, **words: str) -> Any:
    """A part of a file with words in the places that braces name, at any depth."""
    if isinstance(part, dict):
        return {name: filled(value, **words) for name, value in part.items()}
    if isinstance(part, list):
        return [filled(value, **words) for value in part]
    return part.format_map(words) if isinstance(part, str) else part


def worded(sentence: str, /, **words: Any) -> str:
    """A sentence of a file with words and numbers in it; a number may bring its noun, as Count says."""
    return sentence.format_map(
        {key: Count(word) if isinstance(word, int) else word for key, word in words.items()}
    )


def joined(words: Sequence[str]) -> str:
    """Words as a sentence lists them: a, b and c; none are “none”."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "none"


def read(path: Path, shape: type[S]) -> S:
    """A file in that shape, without any other member. Raises FileFault."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        # A misspelt member must not be dropped in silence.
        return shape.model_validate(document, extra="forbid")
    except ValidationError as error:
        faults = ((_place(document, fault["loc"]), fault["msg"]) for fault in error.errors())
        raise FileFault("\n".join(f"{path.name}: {place}: {reason}" for place, reason in faults)) from error
    except (OSError, ValueError) as error:
        raise FileFault(f"{path.name}: {error}") from error


def _place(document: Any, location: Sequence[str | int]) -> str:
    """A position in the file as its author would name it: category 'x', module 'y', minutes."""
    words: list[str] = []
    for step in location:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            document = None  # the author left it out
        if isinstance(step, int):
            members = document if isinstance(document, dict) else {}
            name = members.get("key") or members.get("id") or members.get("module_id")
            words[-1] += f" {name!r}" if name else f" {step + 1}"
        else:
            words.append(step)
    return ", ".join(words) or "the whole file"
