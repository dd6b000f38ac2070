"""Reading multipart forms with one file, streamed, bounded, and with the name as the client gave it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.request import Request

from coach import attachments as storage
from coach.api.http import bodies

FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        # Without a type: whatever stands in a form is text.
        "description": {"description": "What the file is."},
    },
}
# Boundaries, part headers and a description beside the file itself.
_ALLOWANCE = 64 * 1024


@dataclass(frozen=True)
class File:
    """An uploaded file: its name and type as the client gave them, and its content."""

    name: str
    content_type: str | None
    content: UploadedFile

    def chunks(self) -> Iterator[bytes]:
        return self.content.chunks(storage.CHUNK_BYTES)


@dataclass(frozen=True)
class Form:
    """A form with a file part called `file`, and its other fields."""

    file: File
    fields: dict[str, str]


class _BoundedHandler(TemporaryFileUploadHandler):
    """Stops reading once a file is larger than what is taken."""

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_MAX_BYTES:
            raise storage.TooLarge(_TOO_LARGE)
        super().receive_data_chunk(raw_data, start)


class _Parser(MultiPartParser):
    """Keeps the names that clients gave; they are shown, never used as paths."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names: list[str] = []

    def sanitize_file_name(self, file_name: str) -> str | None:
        if not file_name.strip():
            return None
        self.names.append(file_name)
        # The name of the temporary file; what is shown comes from `names`.
        return "upload"


class _Source:
    """The body as the parser reads it, counted; the parser itself stops at nothing but the end."""

    def __init__(self, request: HttpRequest) -> None:
        self.received = 0
        self.meta: dict[str, Any] = request.META
        self._stream: Any = request
        if bodies.is_chunked(request):
            # The framework takes a body of undeclared length for an empty one.
            self._stream = request.META["wsgi.input"]
            self.meta = {**request.META, "CONTENT_LENGTH": str(settings.UPLOAD_MAX_BYTES)}

    def read(self, size: int) -> bytes:
        chunk: bytes = self._stream.read(size)
        self.received += len(chunk)
        if self.received > settings.UPLOAD_MAX_BYTES + _ALLOWANCE:
            raise storage.TooLarge(_TOO_LARGE)
        return chunk


_TOO_LARGE = "A file has at most 25 MiB."


@contextlib.contextmanager
def form(request: Request, field: str = "file") -> Iterator[Form]:
    """The request's form; its temporary file is gone when the block ends.

    Raises bodies.Unprocessable where there is no such form or no file, bodies.Incomplete, bodies.TooSlow,
    storage.TooLarge.
    """
    raw = request._request
    if bodies.declared_size(raw) > settings.UPLOAD_MAX_BYTES + _ALLOWANCE:
        raise storage.TooLarge(_TOO_LARGE)
    with bodies.received():
        fields, files, names = _parsed(raw, field)
    if field in fields:
        raise bodies.not_a_file(field)
    if field not in files:
        raise bodies.missing_file(field)
    content = files[field]
    with contextlib.closing(content):
        _refuse_unstorable([*fields.values(), *names])
        yield Form(file=File(name=names[-1], content_type=_type_of(content), content=content), fields=fields)


def _parsed(request: HttpRequest, field: str) -> tuple[dict[str, str], Any, list[str]]:
    if not request.META.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data"):
        raise bodies.missing_file(field)
    source = _Source(request)
    try:
        parser = _Parser(source.meta, source, [_BoundedHandler(request)], "utf-8")
        fields, files = parser.parse()
    except (MultiPartParserError, TooManyFieldsSent, TooManyFilesSent, RequestDataTooBig) as error:
        raise bodies.missing_file(field) from error
    if source.received < bodies.declared_size(request):
        # The parser takes the end of the stream for the end of the file.
        for name in files:
            files[name].close()  # type: ignore[union-attr]
        raise bodies.Incomplete
    return {name: str(fields[name]) for name in fields}, files, parser.names


def _type_of(content: UploadedFile) -> str | None:
    extra = getattr(content, "content_type_extra", None) or {}
    parameters = "".join(f"; {name}={_text(value)}" for name, value in extra.items())
    return f"{content.content_type}{parameters}" if content.content_type else None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _refuse_unstorable(texts: list[str]) -> None:
    if any("\0" in text for text in texts):
        raise bodies.unstorable("file")
