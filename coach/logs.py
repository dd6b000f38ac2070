"""The log: one JSON object a line, one line a request, each with the id of the request it belongs to.

Never in it: bodies, notes, tokens, usernames, and what a client or a learner wrote. So a line names the route
that served a request and not its path, and an exception shows its kind and where it was, but not its words.
"""

import contextlib
import datetime as dt
import logging
import re
import secrets
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import orjson
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from coach import telemetry

_logger = logging.getLogger("coach.requests")
_request_id: ContextVar[str] = ContextVar("request_id", default="")
_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
# Their words are about servers and files, not about people, and an operator needs them.
_HARMLESS = (OperationalError, InterfaceError, ImproperlyConfigured, OSError)
_METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"})
_DEEPEST_CAUSE = 5
_MOST_FRAMES = 25
# Routes that are asked all day by machines; worth a line only when they fail.
_PROBES = frozenset({"healthz", "healthz/database", "metrics"})


class Requests:
    """Middleware, the outermost: gives each request its id, answers with it, and reports how it went."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID") or ""
        identifier = given if _SANE_ID.fullmatch(given) else secrets.token_hex(8)
        token = _request_id.set(identifier)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = identifier
            _report(request, response.status_code, time.perf_counter() - started)
            return response
        finally:
            _request_id.reset(token)


class JSONLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        if identifier := _request_id.get():
            line["request_id"] = identifier
        line.update(getattr(record, "members", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe(record.exc_info[1])
        return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS).decode()


def describe(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """An exception's kind, the places it passed, and its cause; its words only where they cannot be a person's."""
    described: dict[str, Any] = {
        "kind": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": _frames(error.__traceback__),
    }
    if isinstance(error, _HARMLESS):
        described["words"] = str(error)
    if isinstance(error, DatabaseError) and (diagnosis := getattr(error.__cause__, "diag", None)):
        described["sqlstate"], described["constraint"] = diagnosis.sqlstate, diagnosis.constraint_name
    if error.__cause__ is not None and depth < _DEEPEST_CAUSE:
        described["cause"] = describe(error.__cause__, depth + 1)
    return described


def _report(request: HttpRequest, status: int, seconds: float) -> None:
    route = (request.resolver_match and request.resolver_match.route) or "unrouted"
    method = request.method if request.method in _METHODS else "other"
    telemetry.request_answered(method=method, route=route, status=status, seconds=seconds)
    level = logging.WARNING if status >= 500 else logging.INFO
    if (status < 400 and route in _PROBES) or not _logger.isEnabledFor(level):
        return
    duration = round(seconds * 1000, 2)
    members = {"method": method, "route": route, "status": status, "duration_ms": duration}
    _logger.log(level, "%s %s %s", method, route, status, extra={"members": members})


def _message(record: logging.LogRecord) -> str:
    """The record's text; of the framework's records about a request only the template, since it quotes the path."""
    if record.name.startswith(("django.request", "django.security")):
        quotes_path = isinstance(record.args, tuple) and record.args and record.msg == "%s: %s"
        return str(record.args[0]) if quotes_path else str(record.msg)[:80]  # type: ignore[index]
    with contextlib.suppress(Exception):
        return record.getMessage()
    return str(record.msg)


def _frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace, limit=-_MOST_FRAMES)
    return [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
