"""Middleware for people with accounts, run for staff pages only: clients of the API have no sessions."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve
from django.utils import timezone

from coach.documents import schedule as zones
from coach.models.database import replica

_WRITTEN = "written"
# Where a session keeps the name of its reader's time zone.
ZONE = "zone"


class _StaffOnly:
    """Goes before a middleware class: any other request passes it by."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/admin/"):
            return super().__call__(request)  # type: ignore[misc]
        return self.get_response(request)


class Sessions(_StaffOnly, SessionMiddleware):
    pass


class Authentication(_StaffOnly, AuthenticationMiddleware):
    pass


class Messages(_StaffOnly, MessageMiddleware):
    pass


class Zone:
    """Staff pages show times in the zone that their reader chose."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/admin/"):
            return self.get_response(request)
        with timezone.override(zones.known_zone(request.session.get(ZONE, ""))):
            return self.get_response(request)


class Replica:
    """Lists and the home page are read from the replica, once it has what this member of staff wrote last."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/admin/") or not replica.configured():
            return self.get_response(request)
        if request.method in ("GET", "HEAD"):
            # The session and the account come from the primary, before the block.
            if not request.user.is_authenticated or not _is_list(request):
                return self.get_response(request)
            with replica.reading(after=request.session.get(_WRITTEN, "0/0")):
                return self.get_response(request)
        response = self.get_response(request)
        if request.user.is_authenticated:
            request.session[_WRITTEN] = replica.position()
        return response


def _is_list(request: HttpRequest) -> bool:
    try:
        name = resolve(request.path_info).url_name or ""
    except Http404:
        return False
    return name == "index" or name.endswith("_changelist")
