"""Uploads until they are imported: private, signed for one person and one store, refused after an hour without confirmation.

They lie in the storage called `staging`, which all web servers share. What the browser carries is a signed token,
never a file name.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from import_export.tmp_storages import BaseStorage

from coach.admin.imports import unpacking
from coach.legacy.deciding.compare import Planned
from coach.legacy.running import reject_file
from coach.legacy.stores import LAYOUTS, Store
from coach.models import BackfillRun
from coach.services.keeping import staged_files

LIFETIME = dt.timedelta(hours=1)
_SALT = "coach.admin.imports.staging"
_GONE = "The upload is gone: it was confirmed, or an hour has passed. Upload it again."


class Unusable(Exception):
    """The token was forged, is too old, belongs to another user, or its upload is gone; the message says which."""


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
                    shutil.copyfileobj(source, target, 1024 * 1024)
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
    with unpacking.unpacked(uploaded, LAYOUTS[Store(store)].file_name) as file:
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
        with tempfile.NamedTemporaryFile() as whole:
            for name in self._names:
                with staged_files.storage().open(name, "rb") as part:
                    shutil.copyfileobj(part, whole)
            whole.flush()
            if self._names:
                staged_files.keep_rejects(run.pk, Path(whole.name))
                staged_files.drop_forgotten(run.pk)

    def discard(self) -> None:
        self._drop("")

    def _drop(self, first: str) -> None:
        while self._names and self._names[-1] >= first:
            staged_files.storage().delete(self._names.pop())

    def _name(self, store: Store, ordinal: int) -> str:
        return _path(self._id, f"rejects-{list(Store).index(store)}-{ordinal:012d}")


class TokenStorage(BaseStorage):
    """What django-import-export takes for its temporary storage: its `name` is the signed token."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._staged: Staged = kwargs["staged"]
        self.name = self._staged.token()

    def read(self) -> Staged:
        return self._staged

    def save(self, data: Any) -> None:
        raise NotImplementedError("uploads are staged as they arrive, never held in memory")

    def remove(self) -> None:
        self._staged.discard()


def _path(identity: str, kind: str = "upload") -> str:
    return f"{staged_files.UPLOADS}/{identity}.{kind}"
