"""How a place in a document is spelled: `$.alice[3].metadata["odd name"]`, and how it is read back."""

import json
import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*+")
_STEP = re.compile(
    r'\.(?P<name>[A-Za-z_][A-Za-z0-9_-]*+)|\[(?P<index>\d++)\]|\[(?P<text>"(?:[^"\\]|\\.)*+")\]'
)


def step(name: str | int) -> str:
    """One step: a position, a plain name, or any other name as JSON text (ASCII only)."""
    if isinstance(name, int):
        return f"[{name}]"
    return f".{name}" if _PLAIN.fullmatch(name) else f"[{json.dumps(name)}]"


def spell(steps: Iterable[str | int]) -> str:
    """The path of those steps, from `$`."""
    return "$" + "".join(step(name) for name in steps)


def read(path: str) -> list[str | int]:
    """The steps of a path. Raises ValueError for text that is no path."""
    if not path.startswith("$"):
        raise ValueError("a path begins with $")
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            raise ValueError(f"not a path at character {at}")
        if found["index"]:
            steps.append(int(found["index"]))
        else:
            steps.append(found["name"] or str(json.loads(found["text"])))
        at = found.end()
    return steps
