"""How often one client may upload and submit: counted in the database, over all processes."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from coach.services.operations import throttles


class Scoped(BaseThrottle):
    """Counts POST requests to views with a `throttle_scope`: by token, or by address where there is none."""

    used = throttles.Used(0, 0)

    def allow_request(self, request: Request, view: Any) -> bool:
        scope = getattr(view, "throttle_scope", "")
        rate = settings.THROTTLES[scope] if scope and request.method == "POST" else None
        if rate is None:
            return True
        who = request.auth or self.get_ident(request)
        self.used = throttles.use(scope=scope, who=who, rate=rate)
        view.headers["RateLimit-Policy"] = f'"{scope}";q={rate[0]};w={rate[1]}'
        view.headers["RateLimit"] = f'"{scope}";r={max(self.used.left, 0)};t={self.used.seconds}'
        return self.used.left >= 0

    def wait(self) -> float:
        return self.used.seconds
