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


def leave(row: Any, decoded: Decoded, *, run_id: int | None, at: dt.datetime) -> None:
    """Mark a row as what that record made of it."""
    row.raw_checksum = decoded.raw.checksum
    row.import_checksum = decoded.import_checksum
    row.content_checksum = decoded.content_checksum
    row.edited_since_import = False
    row.unknown_members = decoded.unknown_text
    row.imported_at = at
    row.imported_by_id = run_id


def leave_none(row: Any) -> None:
    """Mark a row as one that belongs to a marked one."""
    row.raw_checksum = row.import_checksum = row.content_checksum = ""
    row.edited_since_import = False
    row.unknown_members = row.imported_at = row.imported_by_id = None
