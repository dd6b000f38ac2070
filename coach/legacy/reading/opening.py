"""Opening an input: a regular file of UTF-8 text, or gzip of one; anything else is refused by its name."""

import codecs
import contextlib
import gzip
import os
import stat
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO

# What a gzip file may unpack to, in bytes, where the caller does not say.
LARGEST_UNPACKED = 64 * 1024**3
_CHUNK_BYTES = 1024 * 1024
_HEAD_BYTES = 4096
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode), "a device"),
)


class RefusedFile(Exception):
    """The file cannot be imported at all; the message says why and names it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name}: {reason}")
        self.path, self.reason = path, reason


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file; raises RefusedFile for anything else, at once: to open a pipe would wait for its writer."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "")
            raise RefusedFile(path, f"is {kind}, where a file is expected")
        return path.open("rb")
    except OSError as error:
        raise RefusedFile(path, f"cannot be read: {error.strerror}") from error


def text_of(path: Path, file: BinaryIO, *, largest: int = LARGEST_UNPACKED) -> BinaryIO:
    """The text of an open file: the file itself, or a temporary one of at most `largest` bytes where it is gzip.

    Raises RefusedFile.
    """
    text = _unpacked(path, file, largest) if os.pread(file.fileno(), 2, 0) == _GZIP else file
    try:
        _refuse_by_name(path, text)
    except RefusedFile:
        text.close()
        raise
    return text


def _unpacked(path: Path, file: BinaryIO, largest: int) -> BinaryIO:
    try:
        with contextlib.ExitStack() as undone:
            text = undone.enter_context(tempfile.TemporaryFile())
            with gzip.GzipFile(fileobj=file) as unpacked:
                while chunk := unpacked.read(_CHUNK_BYTES):
                    if text.tell() + len(chunk) > largest:
                        raise RefusedFile(path, f"it unpacks to more than {largest:,} bytes")
                    text.write(chunk)
            text.flush()
            undone.pop_all()
        return text
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RefusedFile(path, "not a whole gzip file") from error
    except OSError as error:
        raise RefusedFile(path, f"cannot be unpacked: {error.strerror}") from error


def _refuse_by_name(path: Path, text: BinaryIO) -> None:
    head = os.pread(text.fileno(), _HEAD_BYTES, 0)
    if not head:
        raise RefusedFile(path, "the file is empty, where one JSON value is expected")
    if head.startswith(_ZIP):
        is_workbook = b"[Content_Types].xml" in head or b"xl/" in head
        what = "an Excel workbook: export its records as JSON" if is_workbook else "a zip archive: unpack it"
        raise RefusedFile(path, f"is {what}")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head[:4]:
        raise RefusedFile(path, "is UTF-16 or UTF-32 text: save it as UTF-8")
