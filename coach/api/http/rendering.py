"""How answers are written: always JSON, stored documents passed through unparsed."""

import json
from collections.abc import Iterable
from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from coach.documents.base import Document

JSON = "application/json"
# Seconds after which a client may try again.
RETRY_AFTER = "5"


class AlwaysJSON(BaseContentNegotiation):
    """The contract answers JSON whatever the client says it accepts."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


def text(stored: str | bytes, *, status: int = 200) -> HttpResponse:
    """An answer that is a stored document, as it is."""
    return HttpResponse(stored, content_type=JSON, status=status)


def texts(stored: Iterable[str]) -> HttpResponse:
    """An answer that is an array of stored documents."""
    return text(f"[{','.join(stored)}]")


def document(value: Document, *, status: int = 200) -> HttpResponse:
    """An answer that is a document."""
    return text(value.to_json(), status=status)


def members(values: dict[str, Any]) -> HttpResponse:
    """An answer that is an object of plain values, times, and `stored` parts."""
    return HttpResponse(orjson.dumps(values, option=orjson.OPT_UTC_Z), content_type=JSON)


def stored(document_text: str | bytes | None) -> orjson.Fragment | None:
    """A stored document as a part of `members`."""
    return None if document_text is None else orjson.Fragment(document_text)


def problem(detail: Any, *, status: int, code: str = "") -> HttpResponse:
    """An answer that says what was wrong; the detail may quote whatever a client sent.

    A detail for people has a `code` for programs beside it, in a header: the recorded bodies have no other member.
    """
    body = json.dumps({"detail": detail}, default=str)
    # A client's NaN or infinity becomes a text: JSON has no such numbers.
    body = json.dumps(json.loads(body, parse_constant=str))
    response = HttpResponse(body, content_type=JSON, status=status)
    if code:
        response["Error-Code"] = code
    if status == 503:
        response["Retry-After"] = RETRY_AFTER
    return response


def nothing() -> HttpResponse:
    """The empty answer: 204, without a body."""
    return bare(HttpResponse(status=204))


def bare(response: HttpResponse) -> HttpResponse:
    """An answer without a body, and so without the type of one."""
    del response["Content-Type"]
    return response
