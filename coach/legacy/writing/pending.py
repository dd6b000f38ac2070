"""Pending attachments as rows: one each, found by id among the pending ones, then among those used since."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from coach.documents.submissions import PendingAttachment
from coach.legacy.deciding import provenance
from coach.legacy.deciding.provenance import Provenance
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
class PendingRows:
    """The row of one attachment of the learner of that name."""

    attachment: AttachmentMetadata
    username: str

    @property
    def top(self) -> AttachmentMetadata:
        return self.attachment

    @property
    def children(self) -> tuple[()]:
        return ()

    def document(self) -> PendingAttachment:
        """The attachment, derived from the row alone."""
        return self.attachment.to_pending_document(username=self.username)


@dataclass
class PendingCopyRows:
    """The line of one attachment that is not there yet."""

    attachment: CopyRow
    learner_id: int = 0


def find_provenance(attachment_ids: Collection[str]) -> dict[str, Provenance]:
    """The marks of the attachments with those ids: pending ones, else imported ones that were used since.

    A used one without marks came inside a submission: it is another thing that happens to share the id.
    """
    found: dict[str, Provenance] = {}
    for key, submission, *columns in _MARKED.rows(attachment_ids):
        if key not in found or found[key].used:
            found[key] = Provenance._make((*columns, submission is not None))
    return found


_MARKED = provenance.Finder(
    lambda attachment_ids: (
        AttachmentMetadata.objects.filter(
            Q(submission__isnull=True) | ~Q(import_checksum=""), attachment_id__in=attachment_ids
        )
        .order_by("pk")
        .values_list(
            "attachment_id", "submission_id", "pk", "learner_id", "learner__username", *provenance.COLUMNS
        )
    )
)


def load(row_ids: Collection[int]) -> dict[int, PendingRows]:
    """Attachments by primary key, in one query."""
    rows = (
        AttachmentMetadata.objects.filter(pk__in=row_ids).order_by().annotate(username=F("learner__username"))
    )
    return {row.pk: PendingRows(row, row.username) for row in rows}


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
