"""How often one client may upload and submit: counted in the database, over all processes."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from coach.services.operations import throttles


class _Throttle(BaseThrottle):
    """Counts POST requests by token, or by address where there is none."""

    scope = ""
    used = throttles.Used(0, 0)

    def allow_request(self, request: Request, view: Any) -> bool:
        rate = settings.THROTTLES[self.scope]
        if rate is None or request.method != "POST":
            return True
        who = request.auth or self.get_ident(request)
        self.used = throttles.use(scope=self.scope, who=who, rate=rate)
        left, seconds = max(self.used.left, 0), self.used.seconds
        view.limits = {
            "RateLimit-Policy": f'"{self.scope}";q={rate[0]};w={rate[1]}',
            "RateLimit": f'"{self.scope}";r={left};t={seconds}',
        }
        return self.used.left >= 0

    def wait(self) -> float:
        return self.used.seconds


class Uploads(_Throttle):
    scope = "uploads"


class Submissions(_Throttle):
    scope = "submissions"
