"""Submissions and attachments: as stored, and as served with the attachments read out of metadata."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from coach.documents.assessment import GradingResult, TaskType
from coach.documents.base import LARGEST_WHOLE, Count, Document, Identifier, Instant, Moment

AttachmentKind = Literal["file", "link", "note"]
Size = Annotated[int, Field(ge=0, le=LARGEST_WHOLE)]


class Response(Document):
    """One answer; a word count of 0 means "count when shown"."""

    task_id: str
    response: str
    category_key: str
    task_type: TaskType
    word_count: Count = 0


class Attachment(Document):
    """An attachment as a submission stores it; `stored_path` is relative to the storage root."""

    attachment_id: Identifier
    kind: AttachmentKind = "file"
    name: str
    description: str | None = None
    url: str | None = None
    content_type: str | None = None
    size_bytes: Size | None = None
    stored_path: str | None = None
    source: str | None = None
    created_at: Moment


class PendingAttachment(Document):
    """An attachment that is attached to no submission yet."""

    attachment_id: Identifier
    username: str
    kind: AttachmentKind
    name: str
    description: str | None = None
    url: str | None = None
    content_type: str | None = None
    size_bytes: Annotated[int, Field(ge=-LARGEST_WHOLE - 1, le=LARGEST_WHOLE)] | None = None
    stored_path: str | None = None
    created_at: Moment


class Submission(Document):
    """A learner's answers to an assessment, as stored."""

    submission_id: Identifier
    username: str
    submitted_at: Moment
    responses: list[Response] = []
    attachments: list[Attachment] = []
    metadata: dict[str, str] = {}
    grading: GradingResult | None = None


class ServedAttachment(Document):
    """An attachment as clients see it."""

    attachment_id: str | None = None
    name: str
    kind: AttachmentKind
    url: str | None = None
    description: str | None = None
    source: str | None = None
    content_type: str | None = None
    size_bytes: int | None = None


class ServedSubmission(Document):
    """A submission as clients see it."""

    submission_id: Identifier
    username: str
    submitted_at: Instant
    responses: list[Response]
    metadata: dict[str, str]
    grading: GradingResult | None
    attachments: list[ServedAttachment]


class ServedAttachments(RootModel[list[ServedAttachment]]):
    """Attachments as clients see them."""


class ServedSubmissions(RootModel[list[ServedSubmission]]):
    """Submissions as clients see them, newest first."""


def download_path(username: str, attachment_id: str) -> str:
    """The route under which an attachment's bytes are served, for a learner named as given."""
    return f"/api/onboarding/{username}/assessment/attachments/{attachment_id}/download"


def served(submission: Submission) -> ServedSubmission:
    """The submission as clients see it: words counted, own and metadata attachments merged."""
    return ServedSubmission.model_construct(
        **{
            **dict(submission),
            "responses": [_counted(response) for response in submission.responses],
            "attachments": merged_attachments(submission),
        }
    )


def served_pending(attachment: PendingAttachment, *, username: str) -> ServedAttachment:
    """A pending attachment as clients see it; a file never shows a url of its own.

    `username` is the learner as the request spelled it.
    """
    url = None if attachment.kind == "file" else attachment.url
    return _served(attachment, username, url=url, source="structured")


def count_words(text: str) -> int:
    """The number of words separated by white space."""
    return len(text.split())


def _counted(response: Response) -> Response:
    if response.word_count:
        return response
    return response.model_copy(update={"word_count": count_words(response.response)})


def merged_attachments(submission: Any) -> list[ServedAttachment]:
    """Own attachments, then those of the metadata, each (name, url, kind) once.

    `submission` is anything with a submission's members.
    """
    own = (
        _served(attachment, submission.username, url=attachment.url, source=attachment.source)
        for attachment in submission.attachments
    )
    merged: dict[tuple[str, str, str], ServedAttachment] = {}
    for attachment in (*own, *_metadata_attachments(submission.metadata)):
        identity = (attachment.name.strip(), (attachment.url or "").strip(), attachment.kind)
        merged.setdefault(identity, attachment)
    return list(merged.values())


_KEPT = ServedAttachment.model_fields.keys() - {"url", "source"}


def _served(attachment: Any, username: str, *, url: str | None, source: str | None) -> ServedAttachment:
    if attachment.kind == "file" and not url:
        url = download_path(username, attachment.attachment_id)
    kept = {name: getattr(attachment, name) for name in _KEPT}
    return ServedAttachment.model_construct(**kept, url=url, source=source)


# --- attachments that clients wrote into the metadata ---------------------------------------------

_LIST_KEYS = ("attachments", "attachment_manifest", "attachment_links", "submission_attachments")
_PREFIXES = ("attachment:", "attachment_", "file:")
_WEB = ("http://", "https://")
_KINDS: dict[str, AttachmentKind] = {"file": "file", "link": "link", "note": "note"}


def _metadata_attachments(metadata: dict[str, str]) -> Iterator[ServedAttachment]:
    for key in _LIST_KEYS:
        if metadata.get(key, "").strip():
            yield from _from_list_text(metadata[key], source=key)
    for key, value in metadata.items():
        if key.lower().startswith(_PREFIXES):
            yield from _from_prefixed(value.strip(), source=key)


def _from_list_text(text: str, *, source: str) -> Iterator[ServedAttachment]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, list):
        for element in value:
            yield from _from_element(element, source=source)
    elif isinstance(value, dict):
        for name, address in value.items():
            yield from _from_member(name, address, source=source)
    else:
        for name in text.split(","):
            yield from _attachment(name=name, kind="file", source=source)


def _from_element(element: Any, *, source: str) -> Iterator[ServedAttachment]:
    if isinstance(element, str):
        yield from _attachment(name=element, kind="file", source=source)
    elif isinstance(element, dict):
        name = str(_first_filled(element, "name", "filename", "title") or "").strip()
        url = _text(_first_filled(element, "url", "href", "link"))
        kind = str(element.get("kind")).lower()
        yield from _attachment(
            name=name or url or "",
            url=url,
            description=_text(_first_filled(element, "description", "notes")),
            kind=_KINDS.get(kind, "link" if url else "file"),
            source=source,
        )


def _from_member(name: str, address: Any, *, source: str) -> Iterator[ServedAttachment]:
    if isinstance(address, str):
        url = address.strip()
        kind: AttachmentKind = "link" if url.startswith(_WEB) else "file"
        yield from _attachment(name=name.strip() or url, url=url, kind=kind, source=source)
    else:
        yield from _attachment(name=name.strip() or str(address), kind="file", source=source)


def _from_prefixed(value: str, *, source: str) -> Iterator[ServedAttachment]:
    if value.startswith(_WEB):
        yield from _attachment(name=value, url=value, kind="link", source=source)
    else:
        yield from _attachment(name=value, kind="file", source=source)


def _attachment(
    *,
    name: str,
    kind: AttachmentKind,
    source: str,
    url: str | None = None,
    description: str | None = None,
) -> Iterator[ServedAttachment]:
    """One attachment, or nothing where the name is blank."""
    if name.strip():
        yield ServedAttachment(name=name.strip(), kind=kind, url=url, description=description, source=source)


def _first_filled(element: dict[str, Any], *names: str) -> Any:
    return next((element[name] for name in names if element.get(name)), None)


def _text(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) else None
