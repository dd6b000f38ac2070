"""Pending attachments as rows: one each, found by id among the pending ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coach.documents.submissions import PendingAttachment
from coach.legacy.deciding import provenance
from coach.legacy.decoding.codec import Content
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
    """The copy row of one attachment."""

    attachment: CopyRow
    learner_id: int = 0


def copy_rows(content: Content, marked: tuple[Any, ...]) -> PendingCopyRows:
    """The copy row of an attachment; `marked` is its provenance."""
    return PendingCopyRows(PENDING.copy_row(content, content.members, None, 0, None, *marked))


def insert(built: Sequence[PendingCopyRows]) -> None:
    """Write attachments that are not there yet."""
    bulk.write(PENDING, [(rows.learner_id, *rows.attachment) for rows in built])


def update(pairs: Sequence[tuple[AttachmentMetadata, PendingCopyRows]]) -> None:
    """Turn attachments into what copy rows say, writing only what differs."""
    changes = bulk.Changes()
    for old, new in pairs:
        changes.update(PENDING, old, new.attachment)
    changes.write()
