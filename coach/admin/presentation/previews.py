"""What of an attachment can be shown in place: images and PDFs in a frame, texts as text, everything else not at all.

The first bytes decide, never the type or the name that a client gave.
"""

import codecs
import contextlib
from dataclasses import dataclass

from coach.models import AttachmentMetadata
from coach.services import attachments, staff

MOST_TEXT_BYTES = 64 * 1024
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)


@dataclass(frozen=True)
class Preview:
    """An attachment as a page shows it: `media` is the type of what a frame shows, `text` what is shown as text."""

    row: AttachmentMetadata
    media: str = ""
    text: str | None = None
    cut: bool = False
    there: bool = False


def of(row: AttachmentMetadata) -> Preview:
    """What can be shown of an attachment. Reads the first bytes of a file."""
    head = _head(row) if row.kind == AttachmentMetadata.Kind.FILE else None
    if head is None:
        return Preview(row)
    if media := media_type(head):
        return Preview(row, media=media, there=True)
    return Preview(row, text=_text(head), cut=len(head) > MOST_TEXT_BYTES, there=True)


def media_type(head: bytes) -> str:
    """The type of an image or a PDF that begins like this; empty for anything else."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((media for beginning, media in _BEGINNINGS if head.startswith(beginning)), "")


def _head(row: AttachmentMetadata) -> bytes | None:
    # A storage that does not answer must not keep the page from being shown.
    if not staff.has_bytes(row):
        return None
    with contextlib.suppress(attachments.AttachmentNotFound), staff.open_bytes(row) as file:
        return file.read(MOST_TEXT_BYTES + 1)
    return None


def _text(head: bytes) -> str | None:
    if b"\0" in head:
        return None
    with contextlib.suppress(UnicodeDecodeError):
        # The last character may be cut in two: it waits in the decoder.
        return codecs.getincrementaldecoder("utf-8")().decode(head)
    return None
