"""Opening an input: a regular file of UTF-8 text, or gzip of one; anything else is refused by its name."""

import codecs
import contextlib
import gzip
import os
import stat
import tempfile
import zlib
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Opened:
    """An input: `file` as it lies on the disk, and the `text` that is read, which is another file where that is gzip."""

    file: BinaryIO
    text: BinaryIO

    def close(self) -> None:
        self.file.close()
        self.text.close()


def open_input(path: Path, *, largest: int = LARGEST_UNPACKED) -> Opened:
    """Open a file; one of gzip is unpacked into a temporary file of at most `largest` bytes. Raises RefusedFile."""
    with contextlib.ExitStack() as undone:
        file = undone.enter_context(open_regular(path))
        is_packed = os.pread(file.fileno(), 2, 0) == _GZIP
        opened = _unpacked(path, file, largest) if is_packed else Opened(file, file)
        undone.callback(opened.close)
        _refuse_by_name(path, opened.text)
        undone.pop_all()
    return opened


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


def _unpacked(path: Path, file: BinaryIO, largest: int) -> Opened:
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
        return Opened(file, text)
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
