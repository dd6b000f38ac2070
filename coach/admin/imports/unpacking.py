"""Uploads that are packed: the store that a screen imports, out of the archive of an export, and gzip."""

from __future__ import annotations

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from django.conf import settings
from django.core.files.base import File
from django.template.defaultfilters import filesizeformat

_CHUNK_BYTES = 1024 * 1024
_FAULTS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


class CannotUnpack(Exception):
    """The archive is damaged, holds too much, or not the store; the message says which."""


@contextmanager
def unpacked(uploaded: File[bytes], wanted: str) -> Iterator[File[bytes]]:
    """The text of an upload: of an archive the file `wanted`; what is not packed is handed on. Raises CannotUnpack."""
    head = uploaded.read(4)
    uploaded.seek(0)
    if head == b"PK\x03\x04" or head[:2] == b"\x1f\x8b":
        with tempfile.TemporaryFile() as text:
            try:
                if head[:2] == b"PK":
                    _copy_member(uploaded, wanted, text)
                else:
                    with gzip.GzipFile(fileobj=uploaded) as source:
                        _copy(source, text)
            except _FAULTS as error:
                raise CannotUnpack(
                    "The archive is damaged, or packed in a way that is not known here."
                ) from error
            text.seek(0)
            yield File(text)
    else:
        yield uploaded


def _copy_member(uploaded: File[bytes], wanted: str, target: IO[bytes]) -> None:
    with zipfile.ZipFile(uploaded) as archive:
        if wanted not in archive.namelist():
            names = ", ".join(sorted(archive.namelist())[:6]) or "nothing"
            raise CannotUnpack(
                f"The archive holds no {wanted}, which this screen imports, but {names[:300]}."
            )
        with archive.open(wanted) as source:
            _copy(source, target)


def _copy(source: IO[bytes] | gzip.GzipFile, target: IO[bytes]) -> None:
    # What an archive says of its sizes need not be true.
    while chunk := source.read(_CHUNK_BYTES):
        if target.tell() + len(chunk) > settings.IMPORT_MAX_BYTES:
            raise CannotUnpack(f"It unpacks to more than {filesizeformat(settings.IMPORT_MAX_BYTES)}.")
        target.write(chunk)
