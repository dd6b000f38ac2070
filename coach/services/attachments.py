"""Attachments: uploading, linking, listing, deleting, downloading, cleaning up after accidents."""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from coach import attachments as storage
from coach.documents import submissions as documents
from coach.documents.base import utc_now
from coach.documents.submissions import PendingAttachment, ServedAttachment
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile
from coach.services import audit, learners
from coach.services.keeping import stored_bytes, versions
from coach.services.operations import connections

# Of these the schemes run what they carry in the reader's browser.
EXECUTING_SCHEMES = ("javascript:", "data:", "vbscript:")


class AttachmentNotFound(LookupError):
    """The learner has no such attachment, or its bytes are not there."""


class EmptyFile(ValueError):
    """An uploaded file without content."""


class UnusableLink(ValueError):
    """A link that is blank, or whose scheme executes."""


@dataclass(frozen=True)
class Download:
    """Bytes to be served: where they lie, how many, under which name and type."""

    path: str
    size: int
    name: str
    content_type: str | None


def pending(*, username: str, spelled: str) -> list[ServedAttachment]:
    """A learner's pending attachments, oldest first; `spelled` is the username as the request spelled it."""
    rows = AttachmentMetadata.objects.pending().of(username).oldest_first()
    return [
        documents.served_pending(row.to_pending_document(username=username), username=spelled) for row in rows
    ]


def upload(
    *,
    username: str,
    spelled: str,
    name: str,
    content_type: str | None,
    description: str | None,
    chunks: Iterable[bytes],
) -> ServedAttachment:
    """Keep an uploaded file as a pending attachment; the bytes are written before the row.

    Raises LearnerNotFound, EmptyFile, storage.StorageError.
    """
    learners.named(username)
    stored = None
    try:
        # Moving bytes may take a while: no connection is held meanwhile.
        with connections.released():
            stored = storage.upload(chunks)
        if not stored.size:
            raise EmptyFile("The file is empty.")
        document = _added(
            username,
            action="attachment.uploaded",
            kind="file",
            name=name,
            description=_stripped(description),
            content_type=content_type or "application/octet-stream",
            size_bytes=stored.size,
            stored_path=stored.path,
        )
    except BaseException:
        if stored:
            storage.delete(stored.path)
        raise
    return documents.served_pending(document, username=spelled)


def link(
    *, username: str, spelled: str, url: str, name: str | None, description: str | None
) -> ServedAttachment:
    """Keep a link as a pending attachment. Raises LearnerNotFound, UnusableLink."""
    url = url.strip()
    if not url:
        raise UnusableLink("The url must not be blank.")
    if "".join(url.split()).lower().startswith(EXECUTING_SCHEMES):
        raise UnusableLink(
            "Links of this scheme are not taken, since opening them would run what they carry."
        )
    words = {"name": _stripped(name) or url, "description": _stripped(description)}
    document = _added(username, action="attachment.linked", kind="link", url=url, **words)
    return documents.served_pending(document, username=spelled)


def delete(*, username: str, attachment_id: str) -> None:
    """Remove a learner's attachment, pending or used; one that is not there is no error.

    Its bytes stay as long as the version that keeps what it was.
    """
    with transaction.atomic():
        try:
            learner = learners.locked(username)
        except learners.LearnerNotFound:
            return
        rows = list(AttachmentMetadata.objects.filter(learner=learner, attachment_id=attachment_id))
        if not rows:
            return
        path = next((row.stored_path for row in rows if row.stored_path), None)
        with versions.keeping(learner, (versions.Kind.ATTACHMENT, attachment_id), stored_path=path) as change:
            AttachmentMetadata.objects.filter(pk__in=[row.pk for row in rows]).delete()
            for submission in AssessmentSubmission.objects.filter(pk__in={row.submission_id for row in rows}):
                submission.apply_document(submission.to_document(username=learner.username))
                submission.save()
            change.event = audit.record("attachment.deleted", learner, attachment_id=attachment_id)
    stored_bytes.release(row.stored_path for row in rows if row.stored_path)


def find(*, username: str, attachment_id: str) -> Download:
    """The bytes of a learner's file: a pending one, else one of a submission. Raises AttachmentNotFound, storage.StorageError."""
    rows = AttachmentMetadata.objects.of(username).filter(attachment_id=attachment_id, kind="file")
    candidates = sorted(rows, key=lambda row: (row.submission_id is not None, row.pk))
    # A storage that hangs holds no connection.
    with connections.released():
        for row in candidates:
            if found := _download(row):
                return found
    raise AttachmentNotFound(f"There is no file {attachment_id!r} to download.")


def consume(learner: LearnerProfile, keys: Collection[int] | None = None) -> list[AttachmentMetadata]:
    """A (locked) learner's pending attachments as a submission takes them along: in order, files without a url.

    With `keys` only those rows. The rows are changed but not saved.
    """
    pending = AttachmentMetadata.objects.filter(learner=learner).pending().oldest_first()
    rows = list(pending if keys is None else pending.filter(pk__in=keys))
    for position, row in enumerate(rows):
        row.position = position
        row.source = "structured"
        if row.kind == AttachmentMetadata.Kind.FILE:
            row.url = None
    return rows


def _added(username: str, *, action: str, **members: Any) -> PendingAttachment:
    """A new pending attachment with those members, stored. Raises LearnerNotFound."""
    identifier = f"att_{secrets.token_hex(8)}"
    document = PendingAttachment(attachment_id=identifier, username=username, created_at=utc_now(), **members)
    with transaction.atomic():
        learner = learners.locked(username)
        row = AttachmentMetadata(learner=learner)
        row.apply_document(document)
        row.save(force_insert=True)
        audit.record(action, learner, attachment_id=document.attachment_id, size_bytes=document.size_bytes)
    return document


def _download(row: AttachmentMetadata) -> Download | None:
    try:
        path = storage.safe_path(row.stored_path or "")
    except storage.UnsafePath:
        return None
    if not storage.exists(path):
        return None
    return Download(path=path, size=storage.size(path), name=row.name, content_type=row.content_type)


def _stripped(text: str | None) -> str | None:
    return (text or "").strip() or None
