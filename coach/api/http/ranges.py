"""Parts of a file: one range of bytes, as RFC 9110 describes it."""

import re
from typing import IO

from django.http import FileResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from whitenoise.responders import SlicedFile

from coach import attachments as storage
from coach.api.http import delivery, rendering

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class _File(FileResponse):
    block_size = storage.CHUNK_BYTES


def respond(request: Request, content: IO[bytes], *, size: int, etag: str) -> HttpResponseBase:
    """A file, or the part of it that is asked for: 200, 206 or 416; 304 where the client has it.

    What is no single range gets the whole file.
    """
    response: HttpResponseBase
    part = _part(request, size) if request.headers.get("If-Range", etag) == etag else None
    start, end = part or (0, size)
    if part and start >= end:
        content.close()
        response = rendering.problem("The file has no such bytes.", status=416, code="range_not_satisfiable")
        response["Content-Range"] = f"bytes */{size}"
    else:
        response = _File(SlicedFile(content, start, end - 1), status=206 if part else 200)
        response["Content-Length"] = str(end - start)
        if part:
            response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    answer = delivery.conditional(request, response)
    if answer is not response:
        content.close()
    return answer


def _part(request: Request, size: int) -> tuple[int, int] | None:
    """The first byte of the range that is asked for, and the one behind the last; without a first one the last so many."""
    asked = _RANGE.fullmatch(request.headers.get("Range", "").strip().lower())
    if asked is None or not any(asked.groups()):
        return None
    first, last = asked.groups()
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size
