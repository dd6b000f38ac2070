"""The gateway to attachment bytes, over whichever Django storage is configured as `attachments`.

Names that people gave to files never become paths: uploads get a random name, and a path that a
legacy record carries is followed only where it stays below the storage's root.
"""

import contextlib
import datetime as dt
import errno
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

CHUNK_BYTES = 64 * 1024
# Uploads lie in a folder of their own, so that cleaning up can tell them from legacy files.
UPLOADS = "uploads"


class UnsafePath(ValueError):
    """The path is absolute, leads out of the storage's root, or cannot be a path at all."""


class StorageError(Exception):
    """The storage could not be read or written; the cause is chained."""


class StorageFull(StorageError):
    """The storage has no room left."""


class TooLarge(ValueError):
    """The bytes are more than are taken; nothing of them was kept."""


@dataclass(frozen=True)
class Stored:
    """Bytes that lie in the storage: where, how many, and their sha256 in hexadecimal."""

    path: str
    size: int
    sha256: str


@contextlib.contextmanager
def _failing(action: str) -> Iterator[None]:
    """A block, or a function, that reads or writes the storage. Raises StorageError."""
    try:
        yield
    except OSError as error:
        kind = StorageFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else StorageError
        raise kind(f"cannot {action}: {error.strerror}") from error


def safe_path(path: str) -> str:
    """The path, normalised, relative to the storage's root. Raises UnsafePath."""
    parts = PurePosixPath(path).parts
    if not parts or "\0" in path or "\\" in path or path.startswith("/") or ".." in parts:
        raise UnsafePath("the path is empty, absolute, or leads out of the attachments folder")
    normal = str(PurePosixPath(*parts))
    storage = _storage()
    if isinstance(storage, FileSystemStorage) and not _lies_below(storage, normal):
        raise UnsafePath("the path leads out of the attachments folder through a link")
    return normal


def is_reachable() -> bool | None:
    """Whether the object store answers within a moment; None where the bytes lie in a folder."""
    probe = getattr(_storage(), "probe", None)
    try:
        return probe and probe() is None
    except OSError:
        return False


def exists(path: str) -> bool:
    """Whether bytes lie at that (safe) path. Raises StorageError where an object store does not say."""
    storage = _storage()
    if not isinstance(storage, FileSystemStorage):
        with _failing("look for an attachment"):
            return storage.exists(path)
    try:
        return Path(storage.path(path)).is_file()
    except (OSError, ValueError, SuspiciousFileOperation):
        return False


@_failing("read the size of an attachment")
def size(path: str) -> int:
    """The number of bytes at that path. Raises StorageError."""
    return _storage().size(path)


@_failing("read the age of an attachment")
def age(path: str) -> dt.timedelta:
    """How long ago the bytes at that path were written. Raises StorageError."""
    return dt.datetime.now(dt.UTC) - _storage().get_modified_time(path)


def digest(path: str) -> str:
    """The sha256, in hexadecimal, of the bytes at that path. Raises StorageError."""
    with open_bytes(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@_failing("read an attachment")
def open_bytes(path: str) -> "File[bytes]":
    """The bytes at that path, to be read and closed. Raises StorageError."""
    return _storage().open(path, "rb")


def put(path: str, chunks: Iterable[bytes]) -> Stored:
    """Write bytes to a path, replacing what lay there; a half-written file never gets that name.

    Raises UnsafePath, StorageError.
    """
    path, storage = safe_path(path), _storage()
    with _failing("store an attachment"), tempfile.TemporaryFile() as spool:
        spool.writelines(chunks)
        size = spool.tell()
        spool.seek(0)
        digest = hashlib.file_digest(spool, "sha256").hexdigest()
        spool.seek(0)
        if isinstance(storage, FileSystemStorage):
            _write_file(Path(storage.path(path)), spool)
        else:
            # Object stores show an object only once it is whole.
            storage.delete(path)
            storage.save(path, File(spool))
    return Stored(path=path, size=size, sha256=digest)


def upload(chunks: Iterable[bytes]) -> Stored:
    """Write bytes under a new random name. Raises StorageError."""
    name = secrets.token_hex(20)
    return put(f"{UPLOADS}/{name[:2]}/{name}", chunks)


def delete(path: str) -> None:
    """Remove the bytes at that path, if there are any, and folders that are empty then. Raises UnsafePath, StorageError."""
    path = safe_path(path)
    with _failing("delete an attachment"):
        _storage().delete(path)
        _remove_empty_folders(path)


@_failing("list attachments")
def uploads() -> list[str]:
    """The paths of everything that was ever uploaded and still lies in the storage. Raises StorageError."""
    return list(_walk(UPLOADS))


def _remove_empty_folders(path: str) -> None:
    """Legacy stores name folders after learners; those of uploads have random names, and may be about to be used."""
    storage = _storage()
    if not isinstance(storage, FileSystemStorage) or path.startswith(f"{UPLOADS}/"):
        return
    with contextlib.suppress(OSError):
        for folder in PurePosixPath(path).parents[:-1]:
            os.rmdir(storage.path(str(folder)))


def _storage() -> Storage:
    return storages["attachments"]


def _lies_below(storage: FileSystemStorage, path: str) -> bool:
    root = Path(storage.location).resolve()
    return (root / path).resolve().is_relative_to(root)


def _write_file(final: Path, spool: BinaryIO) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=final.parent, prefix=".incoming-")
    try:
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(spool, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, final)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _walk(folder: str) -> Iterator[str]:
    try:
        folders, files = _storage().listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        yield f"{folder}/{name}"
    for name in folders:
        yield from _walk(f"{folder}/{name}")
