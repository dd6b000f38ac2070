"""What every view of the API shares."""

import functools
from typing import Any

from rest_framework.views import APIView

from coach.api.http import retrying
from coach.documents import usernames
from coach.services.operations import callers


class UnusablePath(ValueError):
    """A path without a name (a blank username), or with a NUL character."""


class View(APIView):
    """A view that serves just the methods it defines: neither HEAD nor OPTIONS."""

    http_method_names = ["get", "post", "delete"]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        respond = functools.partial(super().dispatch, request, *args, **kwargs)
        with callers.calling():
            return retrying.answer(request, respond)


def username(segment: str) -> str:
    """The normal form of a username in a path, for looking it up. Raises OutOfScope where the token is for another.

    A name that no learner can have is returned as it is; no learner is found under it.
    Raises UnusablePath.
    """
    if "\0" in segment:
        raise UnusablePath("A username must not contain a NUL character.")
    if not segment.strip():
        raise UnusablePath("The path must name a learner.")
    name = usernames.folded(segment)
    callers.check_learner(name)
    return name


def identifier(segment: str) -> str:
    """An id in a path, without blanks around it. Raises UnusablePath for one that no database can look up."""
    if "\0" in segment:
        raise UnusablePath("An id must not contain a NUL character.")
    return segment.strip()
