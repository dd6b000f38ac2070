"""What an import left on a row, read without the row's document; and what it leaves next."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from coach.legacy.records import Decoded

COLUMNS = ("raw_checksum", "import_checksum", "content_checksum", "edited_since_import", "unknown_members")


@dataclass(frozen=True, slots=True)
class Mark:
    """The marks of one row. `used`: a pending attachment that a submission has taken along since."""

    pk: int
    learner_id: int
    username: str
    raw_checksum: str
    import_checksum: str
    content_checksum: str
    edited: bool
    unknown: str | None
    used: bool = False


# What stands on a row of its own, in the order of `line`.
WRITTEN = (*COLUMNS, "imported_at", "imported_by_id")
NONE = ("", "", "", False, None, None, None)


def line(decoded: Decoded, *, run_id: int | None, at: dt.datetime) -> tuple[Any, ...]:
    """The marks of a row that this record makes, as values of the columns `WRITTEN`."""
    return (
        decoded.raw.checksum,
        decoded.import_checksum,
        decoded.content_checksum,
        False,
        decoded.unknown_text,
        at,
        run_id,
    )


def leave(row: Any, values: tuple[Any, ...] = NONE) -> None:
    """Mark a row with the values of a `line`; without them as one that belongs to a marked one."""
    for name, value in zip(WRITTEN, values, strict=True):
        setattr(row, name, value)
