"""Reading multipart forms with one file, streamed, bounded, and with the name as the client gave it."""

import contextlib
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, multipartparser
from django.utils.http import parse_header_parameters
from rest_framework.request import Request

from coach import attachments as storage
from coach import json_text
from coach.api.http import bodies, retrying

_multipart: Any = multipartparser
_FILE = "file"
# Boundaries, part headers and a description beside the file itself.
_ALLOWANCE = 64 * 1024
_MOST_PARTS = 1_000
_LONGEST_HEADERS = 8 * 1024
_BOUNDARY = re.compile(r"[ -~]{0,200}[!-~]")
_CONTENT_TYPE = re.compile(rb"^content-type:\s*([^\r\n]*?\S)\s*$", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(rb'filename="?(?:.:\\|\\\\)', re.IGNORECASE)
_DISPOSITION = b"content-disposition:"


@dataclass
class Form:
    """A form with a file part called `file`: name and type as the client gave them, size in bytes; and the other fields."""

    content: IO[bytes]
    name: str = ""
    content_type: str | None = None
    size: int = 0
    fields: dict[str, str] = field(default_factory=dict)

    def chunks(self) -> Iterator[bytes]:
        self.content.seek(0)
        while chunk := self.content.read(storage.CHUNK_BYTES):
            yield chunk

    def digest(self) -> bytes:
        """What tells a form from others, however its parts are delimited."""
        self.content.seek(0)
        content = hashlib.file_digest(self.content, "sha256").hexdigest()  # type: ignore[arg-type]
        members = [self.name, self.content_type, content, *sorted(self.fields.items())]
        return hashlib.sha256(json.dumps(members).encode()).digest()


class _Source:
    """The body as the parser reads it, counted; the parser itself stops at nothing but the end."""

    def __init__(self, request: HttpRequest) -> None:
        self.received = 0
        self._stream = bodies.stream(request)

    def read(self, size: int) -> bytes:
        chunk: bytes = self._stream.read(size)
        self.received += len(chunk)
        if self.received > settings.UPLOAD_MAX_BYTES + _ALLOWANCE:
            raise storage.TooLarge(_TOO_LARGE)
        return chunk


_TOO_LARGE = "A file has at most 25 MiB."


@contextlib.contextmanager
def form(request: Request) -> Iterator[Form]:
    """The request's form; its temporary file is gone when the block ends.

    Raises bodies.Unprocessable where there is no such form or no file, bodies.Incomplete, bodies.TooSlow,
    storage.TooLarge.
    """
    raw = request._request
    if bodies.declared_size(raw) > settings.UPLOAD_MAX_BYTES + _ALLOWANCE:
        raise storage.TooLarge(_TOO_LARGE)
    with tempfile.TemporaryFile() as content:
        found = Form(content)
        with bodies.received():
            _read(raw, found)
        if _FILE in found.fields:
            raise bodies.refused("A file with a name is required.", "body", _FILE)
        if not found.name:
            raise bodies.refused("A file is required.", "body", _FILE, kind="missing")
        if any(json_text.UNSTORABLE.search(text) for text in (*found.fields.values(), found.name)):
            raise bodies.unstorable(_FILE)
        retrying.arrived(found.digest)
        yield found


def _read(request: HttpRequest, form: Form) -> None:
    """Fill in the last file part called `file`, and all other fields as text; other files are read past."""
    source = _Source(request)
    try:
        for number, (raw_headers, (kind, headers, body)) in enumerate(_parts(source, request)):
            if number > _MOST_PARTS:
                raise bodies.refused(f"A form has at most {_MOST_PARTS} parts.", "body")
            name = headers.get("content-disposition", ("", {}))[1].get("name", b"").decode().strip()
            if kind == _multipart.FIELD:
                form.fields[name] = _text(body, headers, name)
            elif kind == _multipart.FILE and name == _FILE:
                _read_file(form, body, headers, raw_headers)
                # Of several parts of a name the last one counts.
                form.fields.pop(_FILE, None)
            elif kind == _multipart.RAW and _DISPOSITION in body.read(_LONGEST_HEADERS).lower():
                raise bodies.refused("The headers of a part are not UTF-8.", "body")
            _multipart.exhaust(body)
    except _multipart.MultiPartParserError as error:
        raise bodies.refused(f"The form cannot be read: {error}", "body") from error
    if source.received < bodies.declared_size(request):
        # The parser takes the end of the stream for the end of the file.
        raise bodies.Incomplete


def _parts(source: _Source, request: HttpRequest) -> Iterator[tuple[bytes, tuple[str, Any, Any]]]:
    """The parts of a form: the headers as they were sent, and what the framework makes of the part."""
    kind, options = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not _BOUNDARY.fullmatch(boundary):
        raise bodies.refused("A file is required.", "body", _FILE, kind="missing")
    stream = _multipart.LazyStream(_multipart.ChunkIter(source, storage.CHUNK_BYTES))
    for part in _multipart.InterBoundaryIter(stream, b"--" + boundary.encode()):
        beginning = part.read(_LONGEST_HEADERS)
        part.unget(beginning)
        headers = beginning.partition(b"\r\n\r\n")[0]
        yield headers, _multipart.parse_boundary_stream(part, _LONGEST_HEADERS)


def _read_file(form: Form, body: Any, headers: Any, raw_headers: bytes) -> None:
    name = headers["content-disposition"][1]["filename"].decode()
    if _PATH.search(raw_headers):
        # Some clients send the path on the user's disk.
        name = name.rpartition("\\")[2]
    if not name.strip():
        return
    form.content.seek(0)
    form.content.truncate()
    for chunk in body:
        form.content.write(chunk)
        if form.content.tell() > settings.UPLOAD_MAX_BYTES:
            raise storage.TooLarge(_TOO_LARGE)
    kind = _CONTENT_TYPE.search(raw_headers)
    form.content_type = kind[1].decode("utf-8", "replace") if kind else None
    form.name, form.size = name, form.content.tell()


def _text(body: Any, headers: Any, name: str) -> str:
    """A field in the charset that its part declares, else UTF-8; nothing is replaced."""
    data = body.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    if len(data) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise RequestDataTooBig
    charset = headers.get("content-type", ("", {}))[1].get("charset", b"utf-8").decode()
    try:
        return str(data, charset)
    except (LookupError, ValueError):
        raise bodies.refused(
            f"The field is not {charset[:40]}, or that is not known.", "body", name
        ) from None
