"""Submissions and attachments: as stored, and as served with the attachments read out of metadata."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

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
_KINDS = get_args(AttachmentKind)


def _metadata_attachments(metadata: dict[str, str]) -> Iterator[ServedAttachment]:
    """The attachments that the metadata names, in the order of the contract; what has a blank name is none."""
    listed = ((key, entry) for key in _LIST_KEYS for entry in _listed(metadata.get(key, "")))
    prefixed = (
        (key, _prefixed(value.strip()))
        for key, value in metadata.items()
        if key.lower().startswith(_PREFIXES)
    )
    for source, entry in (*listed, *prefixed):
        if name := entry.pop("name").strip():
            yield ServedAttachment(**entry, name=name, source=source)


def _listed(text: str) -> Iterator[dict[str, Any]]:
    """The members of each attachment in a JSON array or object, or in a text of names with commas between them."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, list):
        yield from (_element(element) for element in value if isinstance(element, str | dict))
    elif isinstance(value, dict):
        yield from (_member(name, address) for name, address in value.items())
    else:
        yield from ({"name": name, "kind": "file"} for name in text.split(","))


def _element(element: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(element, str):
        return {"name": element, "kind": "file"}
    name = str(_first_filled(element, "name", "filename", "title") or "").strip()
    url = _text(_first_filled(element, "url", "href", "link"))
    kind = str(element.get("kind")).lower()
    return {
        "name": name or url or "",
        "url": url,
        "description": _text(_first_filled(element, "description", "notes")),
        "kind": kind if kind in _KINDS else "link" if url else "file",
    }


def _member(name: str, address: Any) -> dict[str, Any]:
    if not isinstance(address, str):
        return {"name": name.strip() or str(address), "kind": "file"}
    url = address.strip()
    return {"name": name.strip() or url, "url": url, "kind": "link" if url.startswith(_WEB) else "file"}


def _prefixed(value: str) -> dict[str, Any]:
    is_link = value.startswith(_WEB)
    return {"name": value, "url": value if is_link else None, "kind": "link" if is_link else "file"}


def _first_filled(element: dict[str, Any], *names: str) -> Any:
    return next((element[name] for name in names if element.get(name)), None)


def _text(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) else None
