"""What every view of the API shares."""

from __future__ import annotations

from rest_framework.views import APIView

from coach.documents import usernames


class UnusablePath(ValueError):
    """A path that names nobody (a blank username), or holds a NUL character."""


class View(APIView):
    """A view that serves just the methods it defines: neither HEAD nor OPTIONS."""

    http_method_names = ["get", "post", "delete"]


def username(segment: str) -> str:
    """The normal form of a username in a path, for looking it up.

    A name that nobody can have is returned as it is, since it is simply nobody's.
    Raises UnusablePath.
    """
    if not segment.strip() or "\0" in segment:
        raise UnusablePath("The path must name a learner.")
    try:
        return usernames.normalise(segment)
    except usernames.UnusableUsername:
        return segment.strip().lower()


def identifier(segment: str) -> str:
    """An id in a path. Raises UnusablePath for one that no database can look up."""
    if "\0" in segment:
        raise UnusablePath("The path must not contain a NUL character.")
    return segment
