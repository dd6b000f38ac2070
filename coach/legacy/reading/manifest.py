"""The manifest beside a store: what it says of each file."""

import json
from pathlib import Path
from typing import Any

from coach.legacy.reading import opening
from coach.legacy.reading.opening import RefusedFile
from coach.legacy.stores import MANIFEST


def compare(path: Path, *, sha256: str, size: int, text_sha256: str) -> None:
    """Compare a file with its folder's manifest, if there is one; raises RefusedFile.

    A gzip file may be named as it lies there, or as what it unpacks to.
    """
    files = _files(path.with_name(MANIFEST))
    declared = files.get(path.name)
    if declared is None:
        unpacked = files.get(path.name.removesuffix(".gz"), {})
        declared, sha256 = {"sha256": unpacked.get("sha256", text_sha256)}, text_sha256
    if declared.get("sha256", sha256) != sha256:
        raise RefusedFile(path, f"its sha256 is {sha256}, and not the one that {MANIFEST} names")
    if declared.get("size", size) != size:
        raise RefusedFile(path, f"it has {size} bytes, and not as many as {MANIFEST} says")


def _files(path: Path) -> dict[str, dict[str, Any]]:
    """What a manifest says of each file, by name; nothing where there is none."""
    if not path.exists():
        return {}
    with opening.open_regular(path) as file:
        try:
            files = json.loads(file.read())["files"]
            return {str(name): dict(members) for name, members in files.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            reason = 'no manifest: {"files": {NAME: {"sha256": …, "size": …, "records": …}}} is expected'
            raise RefusedFile(path, reason) from None
