"""Files that clients upload for a chat: described here, handed to the model's provider, never kept."""

import contextlib
import secrets
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from coach.agent import files
from coach.documents.sessions import UploadedFile
from coach.models import ApiToken, ChatFile, LearnerProfile
from coach.services import memory_uploads
from coach.services.operations import callers, connections
from coach.services.operations.callers import Caller

MOST_BYTES = 5 * 1024 * 1024
PREVIEW_CHARACTERS = 400
_READABLE = ("application/json", "application/xml")


def upload(*, name: str, content_type: str | None, content: bytes) -> UploadedFile:
    """Describe a file and hand it to the provider; where that goes wrong it has no id there, and that is all.

    Raises callers.OutOfScope where the token's learner was erased meanwhile.
    """
    kind = content_type or "application/octet-stream"
    with connections.released():
        openai_file_id = files.upload_for_chat(name=name, content_type=kind, content=content)
    uploaded = UploadedFile(
        file_id=f"file_{secrets.token_hex(8)}",
        name=name,
        mime_type=kind,
        size=len(content),
        preview=_preview(kind, content),
        openai_file_id=openai_file_id,
    )
    caller = callers.current()
    with transaction.atomic():
        # An erasure holds the learner too, and takes the token along.
        LearnerProfile.objects.named(caller.learner or "").select_for_update().first()
        if is_kept := not caller.learner or ApiToken.objects.filter(name=caller.token).exists():
            ChatFile.objects.create(
                file_id=uploaded.file_id,
                kind=ChatFile.Kind.UPLOAD,
                file=uploaded.to_json(),
                **made_by(caller),
            )
        elif openai_file_id:
            memory_uploads.queue_removals([openai_file_id])
    if not is_kept:
        raise callers.OutOfScope("The token was removed.")
    return uploaded


def made_by(caller: Caller) -> dict[str, Any]:
    """The columns that say whose a thread or a file is: a token's, and a learner's where the token is for one."""
    learner = LearnerProfile.objects.named(caller.learner).first() if caller.learner else None
    return {"owner": caller.token, "learner": learner}


def claim(learner: LearnerProfile, file_ids: Iterable[str], *, owner: str) -> None:
    """Say that a token's files belong to a learner, with whom they will be erased; those of another learner stay theirs."""
    rows = ChatFile.objects.filter(file_id__in=file_ids, kind=ChatFile.Kind.UPLOAD, owner=owner)
    rows.filter(learner=None).update(learner=learner)


def forget(rows: QuerySet[ChatFile]) -> None:
    """Delete what is known of files, and have the provider's copies removed; belongs into a transaction."""
    uploads = rows.filter(kind=ChatFile.Kind.UPLOAD).values_list("file", flat=True)
    ids = [UploadedFile.model_validate_json(file).openai_file_id for file in uploads]
    memory_uploads.queue_removals(filter(None, ids))
    rows.delete()


def known(file_id: str, *, owner: str) -> UploadedFile | None:
    """What is known of a file that this token uploaded."""
    row = ChatFile.objects.filter(file_id=file_id, kind=ChatFile.Kind.UPLOAD, owner=owner).first()
    return UploadedFile.model_validate_json(row.file) if row else None


def _preview(content_type: str, content: bytes) -> str:
    """The beginning of a readable text in one line; else what kind of file it is."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _READABLE:
        with contextlib.suppress(UnicodeDecodeError):
            text = " ".join(content.decode("utf-8").split())
            return text[:PREVIEW_CHARACTERS] + ("…" if len(text) > PREVIEW_CHARACTERS else "")
    return f"{content_type} file ({len(content)} bytes)."
