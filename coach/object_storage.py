"""Attachments in an S3-compatible object store, for several machines; needs requirements/s3.txt.

Django's storages report failures as OSError, and the gateway (`coach.attachments`) relies on it; the S3
library has errors of its own, which become OSErrors here.
"""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    """A block, or a function, of the library. Raises OSError."""
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        # Without its words, which quote keys and addresses.
        raise OSError(None, f"the object store failed ({type(error).__name__})") from error


# Left to itself the library waits five times for a minute, and so would a request.
_PATIENT = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2})
_IMPATIENT = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})


class ObjectStorage(S3Storage):
    """A bucket; nothing in it is public, and what is served goes through the service."""

    def __init__(self, **settings: Any) -> None:
        self._given = settings
        super().__init__(**{"client_config": _PATIENT, **settings})

    exists = _failing()(S3Storage.exists)
    size = _failing()(S3Storage.size)
    delete = _failing()(S3Storage.delete)
    listdir = _failing()(S3Storage.listdir)
    get_modified_time = _failing()(S3Storage.get_modified_time)
    _save = _failing()(S3Storage._save)

    @_failing()
    def probe(self) -> None:
        """Raises OSError where the bucket cannot be reached within a moment, is not there, or is not ours."""
        self._prober.connection.meta.client.head_bucket(Bucket=self.bucket_name)

    @functools.cached_property
    def _prober(self) -> S3Storage:
        return S3Storage(**{**self._given, "client_config": _IMPATIENT})

    @_failing()
    def _open(self, name: str, mode: str = "rb") -> Any:
        opened = super()._open(name, mode)
        # The library fetches at the first read, which is too late to answer that it cannot be had.
        opened.open()
        return opened
