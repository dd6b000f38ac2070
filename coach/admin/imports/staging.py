"""Uploads between preview and confirmation: private, signed for one person and one store, gone after an hour.

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
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core import signing
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages
from django.core.files.uploadedfile import UploadedFile
from import_export.tmp_storages import BaseStorage

from coach.documents.base import utc_now

LIFETIME = dt.timedelta(hours=1)
_SALT = "coach.admin.imports.staging"
_UPLOADS, _REJECTS = "imports", "rejects"


class Unusable(Exception):
    """The token was forged, is too old, belongs to somebody else, or its upload is gone; the message says it."""


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
                with _storage().open(_path(self.id), "rb") as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target, 1024 * 1024)
            except OSError:
                raise Unusable(
                    "The upload is gone: it was confirmed, or an hour has passed. Upload it again."
                ) from None
            yield path

    @property
    def is_rejects(self) -> bool:
        """Whether the upload is a mended reject file rather than a store."""
        return self.name.lower().endswith(".jsonl")

    def remember(self, plan: list[list[Any]]) -> None:
        """Keep what was shown, to be compared with what a confirmation would do."""
        path = _path(self.id, "plan")
        _storage().delete(path)
        _storage().save(path, ContentFile(json.dumps(plan).encode()))

    def remembered(self) -> list[list[Any]]:
        """What was shown. Raises Unusable."""
        try:
            with _storage().open(_path(self.id, "plan"), "rb") as file:
                return list(json.loads(file.read()))
        except (OSError, ValueError):
            raise Unusable("What was shown for this upload is gone. Upload it again.") from None

    def discard(self) -> None:
        """Remove the upload and what was shown of it."""
        for kind in ("upload", "plan"):
            with contextlib.suppress(OSError):
                _storage().delete(_path(self.id, kind))


def stage(uploaded: UploadedFile, *, user: AbstractBaseUser, store: str, on_conflict: str) -> Staged:
    """Keep an upload until it is confirmed; abandoned ones are cleaned up on the way."""
    clean_up()
    staged = Staged(
        secrets.token_hex(16), user.pk, store, Path(uploaded.name or "upload").name[:200], on_conflict
    )
    _storage().save(_path(staged.id), uploaded)
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
        raise Unusable("The preview was made by somebody else or for another store. Upload the file again.")
    return staged


def clean_up(*, now: dt.datetime | None = None) -> int:
    """Remove uploads that were never confirmed; answers how many files that were."""
    now = now or utc_now()
    removed = 0
    for name in _names(_UPLOADS):
        path = f"{_UPLOADS}/{name}"
        with contextlib.suppress(OSError):
            if now - _storage().get_modified_time(path) > LIFETIME:
                _storage().delete(path)
                removed += 1
    return removed


def keep_rejects(run: int, path: Path) -> None:
    """Keep the reject file of a run, to be downloaded from any web server."""
    # Left behind by a run that was rolled back and whose number was given again.
    _storage().delete(_rejects_of(run))
    if path.exists():
        with path.open("rb") as file:
            _storage().save(_rejects_of(run), File(file))


def has_rejects(run: int) -> bool:
    """Whether there is a reject file of a run of these screens."""
    return _storage().exists(_rejects_of(run))


def open_rejects(run: int) -> File[bytes]:
    """The reject file of a run of these screens, to be closed. Raises FileNotFoundError."""
    return _storage().open(_rejects_of(run), "rb")


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


def _storage() -> Storage:
    return storages["staging"]


def _rejects_of(run: int) -> str:
    return f"{_REJECTS}/run-{run}.jsonl"


def _path(identity: str, kind: str = "upload") -> str:
    return f"{_UPLOADS}/{identity}.{kind}"


def _names(folder: str) -> list[str]:
    try:
        return _storage().listdir(folder)[1]
    except FileNotFoundError:
        return []
