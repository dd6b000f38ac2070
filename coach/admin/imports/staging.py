"""Uploads until they are imported: unpacked, private, signed for one person and one store, refused after an hour.

They lie in the storage called `staging`, which all web servers share. What the browser carries is a signed token,
never a file name.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import json
import secrets
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core import signing
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from coach.legacy.deciding.compare import Planned
from coach.legacy.running import reject_file
from coach.legacy.stores import LAYOUTS, Store
from coach.models import BackfillRun
from coach.services.keeping import staged_files

LIFETIME = dt.timedelta(hours=1)
_SALT = "coach.admin.imports.staging"
_GONE = "The upload is gone: it was confirmed, or an hour has passed. Upload it again."
_CHUNK_BYTES = 1024 * 1024
_DAMAGED = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


class Unusable(Exception):
    """The token was forged, is too old, belongs to another user, or its upload is gone; the message says which."""


class CannotUnpack(Exception):
    """The archive is damaged, holds too much, or not the store; the message says which."""


@dataclass(frozen=True)
class Staged:
    """One upload: `id` is its random name, `store` the page it was made on, `name` the file's name as uploaded."""

    id: str
    user: int
    store: str
    name: str
    on_conflict: str

    def token(self) -> str:
        """What the browser brings back."""
        return signing.dumps(asdict(self), salt=_SALT)

    @contextlib.contextmanager
    def file(self) -> Iterator[Path]:
        """The upload as a file of this machine, while the block lasts. Raises Unusable."""
        with tempfile.TemporaryDirectory(prefix="arcadia-import-") as folder:
            # Store files and reject files are told apart by their names.
            path = Path(folder) / ("upload.jsonl" if self.is_rejects else "upload.json")
            try:
                with staged_files.storage().open(_path(self.id), "rb") as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target, _CHUNK_BYTES)
            except OSError:
                raise Unusable(_GONE) from None
            yield path

    def size(self) -> int:
        """Bytes of the upload. Raises Unusable."""
        try:
            return staged_files.storage().size(_path(self.id))
        except OSError:
            raise Unusable(_GONE) from None

    @property
    def is_rejects(self) -> bool:
        """Whether the upload is a mended reject file rather than a store."""
        return self.name.lower().endswith(".jsonl")

    def remember(self, plan: list[list[Any]]) -> None:
        """Keep what was shown, to be compared with what a confirmation would do."""
        path = _path(self.id, "plan")
        staged_files.storage().delete(path)
        staged_files.storage().save(path, ContentFile(json.dumps(plan).encode()))

    def remembered(self) -> list[list[Any]]:
        """What was shown. Raises Unusable."""
        try:
            with staged_files.storage().open(_path(self.id, "plan"), "rb") as file:
                return list(json.loads(file.read()))
        except (OSError, ValueError):
            raise Unusable("What was shown for this upload is gone. Upload it again.") from None

    def discard(self) -> None:
        """Remove the upload and what was shown of it."""
        for kind in ("upload", "plan"):
            with contextlib.suppress(OSError):
                staged_files.storage().delete(_path(self.id, kind))


def stage(uploaded: UploadedFile[bytes], *, user: AbstractBaseUser, store: str, on_conflict: str) -> Staged:
    """Keep an upload, unpacked, until it is confirmed; `manage.py maintain` removes abandoned ones. Raises CannotUnpack."""
    name = Path(uploaded.name or "upload").name[:200]
    staged = Staged(secrets.token_hex(16), user.pk, store, name.removesuffix(".gz"), on_conflict)
    with _unpacked(uploaded, LAYOUTS[Store(store)].file_name) as file:
        staged_files.storage().save(_path(staged.id), file)
    return staged


def claim(token: str, *, user: AbstractBaseUser, store: str) -> Staged:
    """The upload that a token stands for. Raises Unusable."""
    try:
        staged = Staged(**signing.loads(token, salt=_SALT, max_age=LIFETIME))
    except signing.SignatureExpired:
        raise Unusable("The preview is more than an hour old. Upload the file again.") from None
    except (signing.BadSignature, TypeError):
        raise Unusable("This is no preview of ours. Upload the file again.") from None
    if (staged.user, staged.store) != (user.pk, store):
        raise Unusable("The preview was made by another user or for another store. Upload the file again.")
    return staged


def of_run(run: BackfillRun) -> Staged:
    """The upload that a run imports."""
    assert run.upload
    [file] = run.file_list
    options = json.loads(run.options)
    return Staged(run.upload, 0, str(file["store"]), str(file["name"]), options["on_conflict"])


class StagedRejects:
    """The rejects of a run that another machine may go on with: a part beside the upload for each transaction that had some."""

    def __init__(self, staged: Staged) -> None:
        self._id = staged.id
        self._names = sorted(staged_files.names_of(self._id, "rejects"))

    def add(self, planned: Sequence[Planned]) -> None:
        name = self._name(planned[0].record.store, planned[0].record.ordinal)
        self._drop(name)
        if text := reject_file.lines_of(planned):
            self._names.append(name)
            staged_files.storage().save(name, ContentFile(text))

    def close(self) -> None:
        """Nothing is open."""

    def keep_before(self, store: Store, ordinal: int) -> None:
        """Drop the records that a run which goes on from there will come to again."""
        self._drop(self._name(store, ordinal))

    def put_together(self, run: BackfillRun) -> None:
        """Make the reject file of the run from the parts."""
        with tempfile.TemporaryDirectory(prefix="arcadia-rejects-") as folder:
            whole = Path(folder) / "rejects.jsonl"
            for name in self._names:
                with staged_files.storage().open(name, "rb") as part, whole.open("ab") as target:
                    shutil.copyfileobj(part, target)
            staged_files.keep_rejects(run.pk, whole)
            if self._names:
                staged_files.drop_forgotten(run.pk)

    def discard(self) -> None:
        self._drop("")

    def _drop(self, first: str) -> None:
        while self._names and self._names[-1] >= first:
            staged_files.storage().delete(self._names.pop())

    def _name(self, store: Store, ordinal: int) -> str:
        return _path(self._id, f"rejects-{list(Store).index(store)}-{ordinal:012d}")


def _path(identity: str, kind: str = "upload") -> str:
    return f"{staged_files.UPLOADS}/{identity}.{kind}"


@contextlib.contextmanager
def _unpacked(uploaded: File[bytes], wanted: str) -> Iterator[File[bytes]]:
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
            except _DAMAGED as error:
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
