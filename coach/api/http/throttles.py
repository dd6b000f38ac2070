"""How often one client may upload and submit: counted in the database, over all processes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from coach.services.operations import throttles


class _Throttle(BaseThrottle):
    """Counts POST requests by token, or by address where there is none."""

    scope = ""
    seconds = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        rate = settings.THROTTLES[self.scope]
        if rate is None or request.method != "POST":
            return True
        who = request.auth or self.get_ident(request)
        self.seconds = throttles.wait(scope=self.scope, who=who, rate=rate)
        return self.seconds == 0

    def wait(self) -> float:
        return self.seconds


class Uploads(_Throttle):
    scope = "uploads"


class Submissions(_Throttle):
    scope = "submissions"
