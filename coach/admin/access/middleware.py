"""Django's middleware for people with accounts, run for staff pages only: clients of the API have no sessions."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse


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
