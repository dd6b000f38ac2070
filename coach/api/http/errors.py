"""The only place that knows error bodies and status codes."""

import logging
import math
import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.encoding import escape_uri_path
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions

from coach.api.http import bodies, rendering, retrying
from coach.documents import authored
from coach.services import progress
from coach.services.operations import connections, health, retries

_logger = logging.getLogger(__name__)
LONGEST_DETAIL = 500


class NothingHere(LookupError):
    """The learner has no document of that kind."""


_TABLE = authored.beside(__file__)
# Each exception that a use case may raise, with the status and the code it is answered with; the text is its own.
_ANSWERS: dict[type[Exception], tuple[int, str]] = {
    import_string(name): (int(status), code)
    for status, answers in _TABLE["answers"].items()
    for name, code in answers.items()
}
# Failures that are answered in words of the door's own: words, status and code.
_PROBLEMS: dict[type[Exception], tuple[str, int, str]] = {
    import_string(name): tuple(problem) for name, problem in _TABLE["problems"].items()
}


def answer(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """The answer to an exception that a view raised; an unexpected one is a 500 and is logged."""
    if isinstance(error, retries.Answered):
        return retrying.replayed(error.row)
    if isinstance(error, bodies.Unprocessable):
        return rendering.problem(error.faults, status=422)
    if isinstance(error, exceptions.APIException):
        return _framework_answer(error)
    if _is_away(error):
        return _unavailable(error)
    for kind in type(error).__mro__:
        if kind in _ANSWERS:
            return _expected(error, *_ANSWERS[kind])
    words, status, code = _problem(error)
    if status >= 500:
        _logger.error("unexpected error", exc_info=error)
    return rendering.problem(words, status=status, code=code)


def _problem(error: Exception) -> tuple[str, int, str]:
    return next(_PROBLEMS[kind] for kind in type(error).__mro__ if kind in _PROBLEMS)


def _expected(error: Exception, status: int, code: str) -> HttpResponse:
    """An error in its own words, bounded, for some of them quote what a client sent."""
    words = str(error)
    words = words if len(words) <= LONGEST_DETAIL else f"{words[:LONGEST_DETAIL]}…"
    if isinstance(error, progress.MilestoneLocked):
        return rendering.problem({"code": code, "message": words}, status=status, code=code)
    response = rendering.problem(words, status=status, code=code)
    if isinstance(error, retries.StillAtWork):
        response["Retry-After"] = rendering.RETRY_AFTER
    return response


def unexpected(request: HttpRequest) -> HttpResponse:
    """The answer to an exception outside of any view of the API: in a middleware, or on a staff page."""
    raised = sys.exception()
    error = raised if isinstance(raised, Exception) else Exception()
    if isinstance(error, UnreadablePostError):
        error = bodies.TooSlow() if bodies.timed_out(error) else bodies.Incomplete()
    if _is_away(error):
        words, answer = health.unavailable(error), _unavailable(error)
    else:
        words, status, code = _problem(error)
        answer = rendering.problem(words, status=status, code=code)
    if not request.path_info.startswith("/admin/"):
        return answer
    if answer.status_code == 500:
        words = "Something went wrong, and was noted. Please go back and try again."
    # Who it was is shown where that is known already: the page asks the database for nothing.
    user = request.__dict__.get("_cached_user")
    shown = {"title": "Something went wrong", "words": words, "user": user, "has_permission": user}
    page = render_to_string("admin/error.html", {**shown, "csrf_token": get_token(request)})
    return HttpResponse(page, status=answer.status_code)


@csrf_exempt
def unrouted(request: HttpRequest) -> HttpResponse:
    """307 to the route without the extra slash where there is one; 404 otherwise, in any method."""
    path = request.path_info
    if path.endswith("/") and _is_served(path[:-1]):
        query = request.META.get("QUERY_STRING", "")
        location = escape_uri_path(request.path[:-1]) + (f"?{query}" if query else "")
        return rendering.bare(HttpResponse(status=307, headers={"Location": location}))
    return rendering.problem("Not Found", status=404, code="not_found")


def _is_served(path: str) -> bool:
    try:
        return resolve(path).func is not unrouted
    except Resolver404:
        return False


def _is_away(error: Exception) -> bool:
    """Whether the database was lost, refused, not to be had in time, or only reads."""
    # What a broken connection raises after the first error is of the second kind.
    return isinstance(error, OperationalError | InterfaceError) or health.is_read_only(error)


def _unavailable(error: Exception) -> HttpResponse:
    """503, whichever statement of a request it struck: nothing was committed that was not acknowledged."""
    _logger.error("the database is away", exc_info=error)
    if health.is_read_only(error):
        connections.discard()
    response = rendering.problem(health.unavailable(error), status=503, code="database_unavailable")
    response["Retry-After"] = "1"
    return response


def _framework_answer(error: exceptions.APIException) -> HttpResponse:
    code = str(error.get_codes())
    words = "Method Not Allowed" if isinstance(error, exceptions.MethodNotAllowed) else str(error.detail)
    response = rendering.problem(words, status=error.status_code, code=code)
    if getattr(error, "wait", None):
        response["Retry-After"] = str(math.ceil(error.wait))
    if getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = error.auth_header
    return response
