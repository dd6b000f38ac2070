"""Pending attachments as rows: one each, found by id among the pending ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coach.documents.submissions import PendingAttachment
from coach.legacy.deciding import provenance
from coach.legacy.deciding.stored_rows import PendingRows
from coach.legacy.decoding.codec import Content
from coach.legacy.decoding.records import Decoded
from coach.legacy.writing import bulk
from coach.legacy.writing.copy_rows import CopyRow, Table
from coach.models import AttachmentMetadata

PENDING = Table(
    AttachmentMetadata,
    PendingAttachment,
    late=["learner_id"],
    given=["submission_id", "position", "source", *provenance.WRITTEN],
)


@dataclass
class PendingCopyRows:
    """The line of one attachment that is not there yet."""

    attachment: CopyRow
    learner_id: int = 0


def build(decoded: Decoded) -> PendingRows:
    """The row that a record makes, not yet marked, owned, numbered or saved."""
    assert isinstance(decoded.document, PendingAttachment)
    row = AttachmentMetadata()
    row.apply_document(decoded.document)
    return PendingRows(row, decoded.username)


def copy_rows(content: Content, marked: tuple[Any, ...]) -> PendingCopyRows:
    """The copy row of an attachment, which equals the row that `build` makes of it."""
    return PendingCopyRows(PENDING.copy_row(content, content.members, None, 0, None, *marked))


def insert(built: Sequence[PendingCopyRows]) -> None:
    """Write attachments that are not there yet."""
    bulk.write(PENDING, [((lines.learner_id,), lines.attachment) for lines in built])


def update(pairs: Sequence[tuple[PendingRows, PendingRows]]) -> None:
    """Turn attachments' rows, the first of each pair, into the second ones, writing only what differs."""
    changes = bulk.Changes()
    for old, new in pairs:
        changes.update(old.attachment, new.attachment)
    changes.write()
