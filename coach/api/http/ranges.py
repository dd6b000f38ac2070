"""Parts of a file: one range of bytes, as RFC 9110 describes it."""

import re
from collections.abc import Iterator
from typing import IO

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.request import Request

from coach import attachments as storage
from coach.api.http import rendering

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def respond(request: Request, content: IO[bytes], *, size: int, etag: str) -> HttpResponseBase:
    """A file, or the part of it that is asked for: 200, 206 or 416; 304 where the client has it.

    What is no single range gets the whole file.
    """
    known = get_conditional_response(request, etag=etag) if "If-None-Match" in request.headers else None
    if known is not None and known.status_code == 304:
        content.close()
        known["ETag"] = etag
        return rendering.bare(known)
    asked = _RANGE.fullmatch(request.headers.get("Range", "").strip().lower())
    if asked and request.headers.get("If-Range", etag) == etag and any(asked.groups()):
        response = _part(content, *_bounds(asked[1], asked[2], size), size)
    else:
        response = FileResponse(content)
        response["Content-Length"] = str(size)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    return response


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """The first byte, and the one behind the last; without a first one the last so many bytes."""
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


def _part(content: IO[bytes], start: int, end: int, size: int) -> HttpResponseBase:
    if start >= end:
        content.close()
        response: HttpResponseBase = rendering.problem(
            "The file has no such bytes.", status=416, code="range_not_satisfiable"
        )
        response["Content-Range"] = f"bytes */{size}"
        return response
    response = StreamingHttpResponse(_read(content, start, end), status=206)
    response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response["Content-Length"] = str(end - start)
    return response


def _read(content: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    with content:
        content.seek(start)
        left = end - start
        while left and (chunk := content.read(min(left, storage.CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
