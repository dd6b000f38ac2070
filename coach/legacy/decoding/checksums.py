"""Checksums of records and documents: sha256 in hexadecimal, of a canonical form.

The canonical form sorts members, and leaves out defaults: a class that gains an optional member, or lists its
members in another order, changes no checksum. Members whose order means something stand in it as pairs.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import orjson

from coach.documents.base import Document

# Objects whose member order is part of what a document says (contract, section 2).
ORDERED = ("elo_snapshot", "metadata")


def of_record(document: Document, unknown: Mapping[str, Any]) -> str:
    """The checksum of what a record says: what was filled in (defaults, missing times) is not part of it."""
    text = _canonical(_said(document, exclude_unset=True))
    if unknown:
        text += json.dumps(unknown, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest()


def of_content(document: Document) -> str:
    """The checksum of a whole document, times that were filled in included."""
    return hashlib.sha256(_canonical(_said(document, exclude_unset=False))).hexdigest()


def _said(document: Document, *, exclude_unset: bool) -> dict[str, Any]:
    return document.model_dump(mode="json", exclude_defaults=True, exclude_unset=exclude_unset)


def _canonical(said: dict[str, Any]) -> bytes:
    for name in ORDERED:
        if name in said:
            said[name] = list(said[name].items())
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
