"""Idempotency-Key: a POST that is repeated under its key is carried out once, and answered the same every time."""

from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse

from coach.api.http import rendering
from coach.models import IdempotencyKey
from coach.services.operations import connections, retries

# Failures after which nothing of the last transaction stays; after others, what was told before they struck does.
_UNDONE = frozenset({"internal_error", "database_unavailable"})
# A failure after which the change stays all the same.
_CARRIED_OUT = "cannot_reschedule"
_FAILED_STREAM = b'data: {"type":"error"'


def answer(request: HttpRequest, respond: Callable[[], Any]) -> Any:
    """The response to a request; one with a key is stored together with what it changed, unless it is a 5xx."""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None or request.method != "POST":
        return respond()
    turn = retries.Turn(key.strip(), f"POST {request.get_full_path()}")
    try:
        with retries.taking(turn):
            response = respond()
        if response.streaming:
            turn.pause()
            response.streaming_content = _followed(turn, response, response.streaming_content)
            return response
        code = response.get("Error-Code", "")
        if code not in _UNDONE:
            if response.status_code < 500 or code == _CARRIED_OUT:
                _keep(turn, response, response.content)
            else:
                turn.end()
    except BaseException:
        turn.abandon()
        raise
    turn.abandon()
    return response


def replayed(row: IdempotencyKey) -> HttpResponse:
    """A response that was stored."""
    response = HttpResponse(bytes(row.body), content_type=row.content_type, status=row.status)
    if row.error_code:
        response["Error-Code"] = row.error_code
    return response if row.content_type else rendering.bare(response)


def _keep(turn: retries.Turn, response: HttpResponse, body: bytes) -> None:
    kind, code = response.get("Content-Type", ""), response.get("Error-Code", "")
    turn.end(status=response.status_code, content_type=kind, error_code=code, body=body)


def _followed(turn: retries.Turn, response: Any, events: Iterator[bytes]) -> Iterator[bytes]:
    """A stream that is stored when it is complete; after one that broke off, a repetition is answered with a new one."""
    pieces: list[bytes] = []
    try:
        for piece in events:
            pieces.append(piece)
            yield piece
        if not (pieces and pieces[-1].startswith(_FAILED_STREAM)):
            turn.resume()
            _keep(turn, response, b"".join(pieces))
    finally:
        turn.abandon()
        connections.release()


def arrived(body: Callable[[], bytes]) -> None:
    """Called when a body has arrived, with what gives its digest. Raises what `retries.Turn.begin` does."""
    if turn := retries.current():
        turn.begin(body())
