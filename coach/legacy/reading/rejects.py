"""Reject files as inputs: one line a rejected record, with its place, its errors and its content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from coach.legacy.codes import Code
from coach.legacy.reading import raw_records
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.reading.scanner import Cursor, Malformed
from coach.legacy.reading.store_file import RefusedFile, StoreFile, open_text
from coach.legacy.stores import Store


def open_rejects(path: Path) -> StoreFile:
    """A (mended) reject file as an input: its records stand under all three stores.

    A line that is no rejected record is rejected in its turn. Raises RefusedFile.
    """
    return open_text(path, None, _entries)


def position(line: bytes) -> tuple[Store, int] | None:
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
                members[name] = orjson.loads(line[start:end])
        cursor.end()
    except (Malformed, ValueError):
        return {}
    finally:
        cursor.close()
    return members


def _entries(opened: StoreFile) -> Iterator[RawRecord]:
    counts = dict.fromkeys(Store, 0)
    for number, start, end in _lines(opened):
        members = _head(opened.data[start:end])
        place = f"line {number}"
        try:
            store, (first, last) = Store(members["store"]), members["span"]
        except (KeyError, ValueError, TypeError):
            raise RefusedFile(
                opened.path,
                f"{place} is no rejected record: an object with store, owner and record is expected",
            ) from None
        owner = members.get("owner")
        for begin, finish in _spans(opened, members, start + first, start + last):
            raw = opened.data[begin:finish]
            yield RawRecord(
                store=store,
                ordinal=counts[store],
                place=f"{place}: {members.get('place', '$')}",
                owner=str(owner) if owner is not None else None if store == Store.PROFILES else "",
                start=begin,
                end=finish,
                key=opened.read_key(store, begin, finish),
                fault="",
                checksum=raw_records.checksum(raw),
                data=opened.data,
            )
            counts[store] += 1


def _spans(opened: StoreFile, members: dict[str, Any], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the line's record lies, or its records where what was no list is one now."""
    if members.get("code") != Code.NOT_A_LIST or opened.data[start] != ord("["):
        yield start, end
        return
    cursor = Cursor(opened.data[start:end])
    for _ in cursor.elements():
        first, last = cursor.value()
        yield start + first, start + last
    cursor.close()


def _lines(opened: StoreFile) -> Iterator[tuple[int, int, int]]:
    start = number = 0
    while start < opened.size:
        number += 1
        end = opened.data.find(b"\n", start)
        end = opened.size if end < 0 else end
        if opened.data[start:end].strip():
            yield number, start, end
        start = end + 1
