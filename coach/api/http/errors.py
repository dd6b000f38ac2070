"""The only place that knows error bodies and status codes."""

from __future__ import annotations

import logging
import math
import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework import exceptions

from coach import attachments as storage
from coach.api.http import base, bodies, rendering
from coach.documents import usernames
from coach.services import assessments, attachments, learners, progress, schedules, submissions
from coach.services.chat import protocol
from coach.services.operations import callers, health

_logger = logging.getLogger(__name__)


LONGEST_DETAIL = 500


class NothingHere(LookupError):
    """The learner has no document of that kind."""


# Lost, refused, or not to be had in time. What a broken connection raises after the first error is the second kind.
_DATABASE_IS_AWAY = (OperationalError, InterfaceError)

# Each exception that a use case may raise, and the status it is answered with; the text is its own.
_STATUS: dict[type[Exception], int] = {
    attachments.EmptyFile: 400,
    protocol.NotSupported: 400,
    schedules.CannotSchedule: 400,
    callers.OutOfScope: 403,
    NothingHere: 404,
    learners.LearnerNotFound: 404,
    assessments.NoAssessment: 404,
    attachments.AttachmentNotFound: 404,
    schedules.NoSchedule: 404,
    schedules.ItemNotFound: 404,
    protocol.NothingThere: 404,
    submissions.NothingToAnswer: 409,
    progress.MilestoneLocked: 409,
    storage.TooLarge: 413,
    base.UnusablePath: 422,
    usernames.UnusableUsername: 422,
    attachments.UnusableLink: 422,
    schedules.BlankItem: 422,
    schedules.NotLater: 422,
    schedules.AlreadyCompleted: 422,
    submissions.UnusableResponse: 422,
    protocol.NotOfProtocol: 422,
    protocol.AgentError: 502,
    protocol.Unreachable: 503,
    health.Unhealthy: 503,
    schedules.CannotReschedule: 503,
}


_TOO_SLOW = "The body took too long to arrive."
_INCOMPLETE = "The body is malformed, or ended before it was complete."


def answer(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """The answer to an exception that a view raised; what nobody expected is a 500 and reaches the log."""
    if isinstance(error, bodies.Unprocessable):
        return rendering.problem(error.faults, status=422)
    if isinstance(error, bodies.BodyTooLarge | RequestDataTooBig):
        return rendering.problem("The body is larger than the 2 MiB that are taken.", status=413)
    if isinstance(error, bodies.TooSlow):
        return rendering.problem(_TOO_SLOW, status=408)
    if isinstance(error, bodies.Incomplete):
        return rendering.problem(_INCOMPLETE, status=400)
    if isinstance(error, exceptions.APIException):
        return _framework_answer(error)
    if isinstance(error, Http404):
        return rendering.problem("Not Found", status=404)
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return rendering.problem(_detail(error), status=_STATUS[kind])
    if isinstance(error, _DATABASE_IS_AWAY):
        return _unavailable(error)
    _logger.error("unexpected error", exc_info=error)
    if isinstance(error, storage.StorageError):
        return rendering.problem(
            "The attachment storage is not available at the moment; try again.", status=507
        )
    return rendering.problem("Internal Server Error", status=500)


def _detail(error: Exception) -> Any:
    """An error's own words, bounded, for some of them quote what a client sent; with a code where clients need one."""
    words = str(error)
    words = words if len(words) <= LONGEST_DETAIL else f"{words[:LONGEST_DETAIL]}…"
    if isinstance(error, progress.MilestoneLocked):
        return {"code": "milestone_locked", "message": words}
    return words


def unexpected(request: HttpRequest) -> HttpResponse:
    """The answer to an exception outside of any view of the API: in a middleware, or on a staff page."""
    error = sys.exception()
    words = "Something went wrong, and was noted. Please go back and try again."
    answer = rendering.problem("Internal Server Error", status=500)
    if isinstance(error, _DATABASE_IS_AWAY):
        words, answer = health.unavailable(error), _unavailable(error)
    elif isinstance(error, UnreadablePostError):
        status, words = (408, _TOO_SLOW) if bodies.timed_out(error) else (400, _INCOMPLETE)
        answer = rendering.problem(words, status=status)
    if not request.path_info.startswith("/admin/"):
        return answer
    return HttpResponse(f"<!doctype html><title>{words}</title><p>{words}", status=answer.status_code)


def _unavailable(error: Exception) -> HttpResponse:
    """503, whichever statement of a request it struck: nothing was committed that was not acknowledged."""
    _logger.error("the database is away", exc_info=error)
    response = rendering.problem(health.unavailable(error), status=503)
    response["Retry-After"] = "1"
    return response


def _framework_answer(error: exceptions.APIException) -> HttpResponse:
    response = rendering.problem(str(error.detail), status=error.status_code)
    if isinstance(error, exceptions.MethodNotAllowed):
        response = rendering.problem("Method Not Allowed", status=405)
    if getattr(error, "wait", None):
        response["Retry-After"] = str(math.ceil(error.wait))
    if getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = error.auth_header
    return response
