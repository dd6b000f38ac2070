"""Attachments' bytes: copied from a legacy folder into the storage, to the same relative path, verified, once."""

import contextlib
import errno
import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from coach import attachments
from coach.documents.base import Document
from coach.documents.submissions import Attachment, PendingAttachment, Submission
from coach.legacy.codes import Code, Fault


@dataclass(frozen=True)
class Copied:
    """What became of one attachment's bytes: `copied`, `present`, or the code of what stood in the way."""

    code: str
    fault: Fault | None = None


class Copier:
    """Copies from one folder. Reads nothing outside of it, links included.

    One that does not write finds fault with bytes that would have to be copied; one that rehearses takes them for copied.
    """

    def __init__(self, folder: Path, *, writes: bool = True, rehearses: bool = False) -> None:
        self._root, self._writes, self._rehearses = folder.resolve(), writes, rehearses

    def copy_all(self, document: Document) -> Iterator[Copied]:
        """Bring over the bytes of a submission's attachments, or of a pending one. Raises attachments.StorageError."""
        for path, attachment in _files(document):
            yield self._copy(path, attachment)

    def _copy(self, path: str, attachment: Attachment | PendingAttachment) -> Copied:
        stored = attachment.stored_path or ""
        try:
            target = attachments.safe_path(stored)
            source = self._source(stored)
        except (attachments.UnsafePath, ValueError):
            return _fault(
                Code.UNSAFE_PATH, path, "the path leads out of the attachments folder, and is not followed"
            )
        try:
            size, digest = _digest(source)
        except OSError as error:
            return _fault(Code.MISSING_FILE, path, f"the bytes cannot be read: {error.strerror}")
        code = "present" if _lies_there(target, size, digest) else "copied"
        if code == "copied" and not self._writes:
            reason = f"the storage holds other bytes of {attachment.attachment_id}, or none"
            return _fault(Code.OTHER_BYTES, path, reason)
        if code == "copied" and not self._rehearses:
            _write(source, target, size, digest)
        if attachment.size_bytes not in (None, size):
            reason = (
                f"the record says {attachment.size_bytes} bytes, the file has {size}; it was copied as it is"
            )
            return _fault(Code.OTHER_SIZE, path.replace("stored_path", "size_bytes"), reason)
        return Copied(code)

    def _source(self, stored: str) -> Path:
        source = self._spelled_on_disk(stored).resolve()
        if not source.is_relative_to(self._root) or source == self._root:
            raise ValueError("outside of the folder")
        return source

    def _spelled_on_disk(self, stored: str) -> Path:
        """Where a file lies whose name may be composed otherwise (é as one character or as two) than the record's path."""
        path = self._root
        for part in PurePosixPath(stored).parts:
            with contextlib.suppress(OSError):
                if not os.path.lexists(path / part):
                    alike = [name for name in os.listdir(path) if _composed(name) == _composed(part)]
                    part = alike[0] if len(alike) == 1 else part
            path /= part
        return path


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _files(document: Document) -> Iterator[tuple[str, Attachment | PendingAttachment]]:
    """The attachments whose bytes were stored, each with the path of its `stored_path`."""
    if isinstance(document, Submission):
        inner = [
            (f"$.attachments[{index}].stored_path", item) for index, item in enumerate(document.attachments)
        ]
        yield from ((path, item) for path, item in inner if item.kind == "file" and item.stored_path)
    elif isinstance(document, PendingAttachment) and document.kind == "file" and document.stored_path:
        yield "$.stored_path", document


def _fault(code: str, path: str, reason: str) -> Copied:
    return Copied(code, Fault(path, reason, code))


def _digest(source: Path) -> tuple[int, str]:
    hashed, size = hashlib.sha256(), 0
    for chunk in _chunks(source):
        hashed.update(chunk)
        size += len(chunk)
    return size, hashed.hexdigest()


def _chunks(source: Path) -> Iterator[bytes]:
    # Not through a pipe or a device that bears the name: opening those could wait for ever.
    handle = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        while chunk := file.read(attachments.CHUNK_BYTES):
            yield chunk


def _lies_there(target: str, size: int, digest: str) -> bool:
    return (
        attachments.exists(target)
        and attachments.size(target) == size
        and attachments.digest(target) == digest
    )


def _write(source: Path, target: str, size: int, digest: str) -> None:
    stored = attachments.put(target, _chunks(source))
    if (stored.size, stored.sha256) != (size, digest):
        raise attachments.StorageError("an attachment's file was changed while it was being copied")
