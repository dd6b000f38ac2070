"""Reject files as inputs: one line a rejected record, with its place, its errors and its content."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coach.legacy.codes import Code
from coach.legacy.reading import raw_records
from coach.legacy.reading.opening import LARGEST_UNPACKED
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.reading.scanner import Cursor
from coach.legacy.reading.store_file import StoreFile, open_text
from coach.legacy.stores import Store

_LINE = re.compile(rb"([^\n]*+)\n?")


def open_rejects(path: Path, *, largest: int = LARGEST_UNPACKED) -> StoreFile:
    """A (mended) reject file as an input: its records stand under all three stores.

    A line that is not a rejected record is rejected again. Raises RefusedFile.
    """
    return open_text(path, None, _entries, largest=largest)


def position(line: bytes) -> tuple[Store, int] | None:
    """The record that a whole line rejects: its store, and its number there; None where the line does not say."""
    if not line.endswith(b"}\n"):
        return None
    members = _head(line)
    try:
        return Store(members["store"]), int(members["ordinal"])
    except (KeyError, ValueError, TypeError):
        return None


def _head(line: bytes) -> dict[str, Any]:
    """The members of a line but for the record itself, whose span stands under `span`."""
    cursor = Cursor(line)
    members: dict[str, Any] = {}
    try:
        for name in cursor.members():
            start, end = cursor.value()
            if name == "record":
                members["span"] = (start, end)
            else:
                members[name] = json.loads(line[start:end])  # takes lone surrogates, which an owner may hold
        cursor.end()
    except (ValueError, RecursionError):
        return {}
    return members


def _entries(opened: StoreFile) -> Iterator[RawRecord]:
    counts = dict.fromkeys(Store, 0)
    for number, line in enumerate(_LINE.finditer(opened.data, opened.start), 1):
        for record in _records(opened, number, *line.span(1)) if line[1].strip() else ():
            yield record._replace(ordinal=counts[record.store])
            counts[record.store] += 1


def _records(opened: StoreFile, number: int, start: int, end: int) -> Iterator[RawRecord]:
    """The records of a line, numbered later; one that is unreadable becomes a record that is rejected again."""
    members = _head(opened.data[start:end])
    try:
        store, (first, last) = Store(members["store"]), members["span"]
    except (KeyError, ValueError, TypeError):
        yield raw_records.cut_out(
            Store.PROFILES, f"line {number}", None, (start, end), Code.UNREADABLE_LINE, opened.data
        )
        return
    owner = members.get("owner")
    owner = str(owner) if owner is not None else None if store == Store.PROFILES else ""
    # A mended place may hold what no database stores.
    place = f"line {number}: {members.get('place', '$')}".encode(errors="backslashreplace").decode()
    for span in _spans(opened, members, start + first, start + last):
        yield raw_records.cut_out(store, place, owner, span, "", opened.data)


def _spans(opened: StoreFile, members: dict[str, Any], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the line's record lies, or its records where what was no list is one now."""
    if members.get("code") != Code.NOT_A_LIST or opened.data[start] != ord("["):
        yield start, end
        return
    cursor = Cursor(opened.data[start:end])
    for _ in cursor.elements():
        first, last = cursor.value()
        yield start + first, start + last
