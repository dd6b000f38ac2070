"""Reading requests: bodies and queries become documents, or a list of everything that is wrong with them."""

import contextlib
import functools
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from pydantic import BaseModel, TypeAdapter, ValidationError
from rest_framework.request import Request

from coach import json_text
from coach.api.http import retrying

# A 422 lists so many faults, and quotes so many characters of each input.
MOST_FAULTS = 100
LONGEST_QUOTE = 200
_TOO_DEEP = f"nested deeper than {json_text.DEEPEST_NESTING} levels"

D = TypeVar("D", bound=BaseModel)
T = TypeVar("T")


class Unprocessable(Exception):
    """The request does not have the right shape; `faults` has one entry for each thing wrong."""

    def __init__(self, faults: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


class Incomplete(Exception):
    """The body is malformed, or ended before it was complete: the client, or the network, gave up."""


class TooSlow(Exception):
    """The body took too long to arrive."""


def read(request: Request, shape: type[D]) -> D:
    """The request's JSON body as a document. Raises Unprocessable, and as `raw` does."""
    body = raw(request)
    is_json = _is_json(request.content_type)
    value = _json(body) if is_json else (body.decode("utf-8", "replace") or None)
    if value is None:
        raise refused("A body is required.", "body", kind="missing")
    try:
        # As attributes: an array or a text in place of an object is then reported as the contract says.
        document = shape.model_validate(value, from_attributes=True)
    except ValidationError as error:
        raise Unprocessable(list(_faults(error, "body"))) from error
    if is_json and b"\\u" in body:
        _refuse(value, json_text.NUL)
        # Half a pair in a member that is not read does no harm.
        _refuse(document.model_dump(), json_text.SURROGATES)
    return document


def parameter(request: Request, name: str, kind: Any, *, default: T) -> T:
    """A parameter of the query, of that kind; of several of its name the last counts. Raises Unprocessable."""
    if not request.META.get("QUERY_STRING"):
        return default
    value = request.query_params.get(name)
    if value is None:
        return default
    try:
        found: T = _adapter(kind).validate_python(value)
        return found
    except ValidationError as error:
        raise Unprocessable(list(_faults(error, "query", name))) from error


def refused(reason: str, *place: Any, kind: str = "value_error") -> Unprocessable:
    """What is wrong with one place of a request, such as `"body", "file"`."""
    return Unprocessable([_fault(kind, list(place), reason, None)])


def unstorable(*place: Any) -> Unprocessable:
    """What is wrong with a text of the body that no database of ours keeps."""
    return refused(
        "NUL characters and lone surrogates cannot be stored.", "body", *place, kind="string_unicode"
    )


_adapter = functools.cache(TypeAdapter[Any])


def raw(request: Request) -> bytes:
    """The request's body. Raises RequestDataTooBig, TooSlow, Incomplete."""
    most, size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, declared_size(request._request)
    if size > most:
        raise RequestDataTooBig
    with received():
        body = bytes(stream(request._request).read(most + 1))
    if len(body) > most:
        raise RequestDataTooBig
    if len(body) < size:
        raise Incomplete
    retrying.arrived(lambda: hashlib.sha256(body).digest())
    return body


def timed_out(error: BaseException | None) -> bool:
    """Whether a timeout is at the bottom of it; the framework wraps it once or twice."""
    while isinstance(error, UnreadablePostError):
        error = error.__cause__
    return isinstance(error, TimeoutError)


def stream(request: HttpRequest) -> Any:
    """The body, to be read; one that comes in chunks from the server itself, since the framework takes it for empty."""
    chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    return request.META["wsgi.input"] if chunked and request.META.get("wsgi.input_terminated") else request


def declared_size(request: HttpRequest) -> int:
    """How many bytes the client says that the body has; 0 where it does not say."""
    # The server refuses what is no number.
    return int(request.META.get("CONTENT_LENGTH") or 0)


@contextlib.contextmanager
def received() -> Iterator[None]:
    """A block that reads the body. Raises TooSlow, Incomplete."""
    try:
        yield
    except (TimeoutError, ConnectionError, UnreadablePostError) as error:
        raise (TooSlow if timed_out(error) else Incomplete) from error


def _is_json(content_type: str | None) -> bool:
    kind = (content_type or "").partition(";")[0].strip().lower()
    return not kind or kind == "application/json" or kind.endswith("+json")


def _json(body: bytes) -> Any:
    """The value of a JSON text; None for an empty one. Raises Unprocessable."""
    if not body:
        return None
    try:
        value = json.loads(body)
    except json.JSONDecodeError as error:
        raise _malformed(error.pos, error.msg) from error
    except RecursionError as error:
        raise _malformed(0, _TOO_DEEP) from error
    except ValueError as error:
        # Not UTF-8, or a number of more digits than can be read.
        raise _malformed(0, str(error)) from error
    if json_text.is_too_deep(value):
        raise _malformed(0, _TOO_DEEP)
    return value


def _malformed(position: int, reason: str) -> Unprocessable:
    fault = _fault("json_invalid", ["body", position], "JSON decode error", {})
    return Unprocessable([{**fault, "ctx": {"error": reason}}])


def _faults(error: ValidationError, *prefix: str) -> Iterator[dict[str, Any]]:
    faults = error.errors(include_url=False)
    for fault in faults[:MOST_FAULTS]:
        place = [part[:LONGEST_QUOTE] if isinstance(part, str) else part for part in fault["loc"]]
        yield {**fault, "loc": [*prefix, *place], "input": _quoted(fault["input"])}
    if (more := len(faults) - MOST_FAULTS) > 0:
        yield _fault(
            "too_many_faults",
            list(prefix[:1]),
            "One more fault is not listed." if more == 1 else f"{more} more faults are not listed.",
            None,
        )


def _quoted(value: Any) -> Any:
    """A value as it is, or the beginning of its JSON text where that is long; not more than that is put together."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_QUOTE else f"{value[:LONGEST_QUOTE]}…"
    text = ""
    for piece in json.JSONEncoder(default=str).iterencode(value):
        text += piece[: LONGEST_QUOTE + 1]
        if len(text) > LONGEST_QUOTE:
            return f"{text[:LONGEST_QUOTE]}…"
    return value


def _fault(kind: str, place: list[Any], message: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "loc": place, "msg": message, "input": value}


def _refuse(value: Any, characters: re.Pattern[str]) -> None:
    """No database of ours keeps NUL characters or lone surrogates. Raises Unprocessable."""
    for place in json_text.places(value, characters):
        raise unstorable(*place)
