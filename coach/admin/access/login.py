"""Signing in, with a guard against guessing: failed attempts are counted by address and by account."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from coach.services.operations import throttles

_TOO_MANY = (
    "Too many failed attempts. Wait a while before you try again; a right password does not help until then."
)


class GuardedLogin(AdminAuthenticationForm):
    """Refuses, unasked, whoever failed too often: one address, or one address with one account."""

    def clean(self) -> dict[str, Any]:
        guards = self._guards()
        if any(throttles.exhausted(scope="login", who=who, rate=rate) for who, rate in guards):
            raise ValidationError(_TOO_MANY, code="throttled")
        try:
            return super().clean() or {}
        except ValidationError:
            for who, rate in guards:
                throttles.wait(scope="login", who=who, rate=rate)
            raise

    def _guards(self) -> list[tuple[str, throttles.Rate]]:
        rate = settings.THROTTLES["login"]
        if rate is None or self.request is None:
            return []
        most, seconds = rate
        where = address(self.request)
        account = str(self.cleaned_data.get("username", "")).strip().lower()
        return [(where, rate), (f"{where} {account}", (max(1, most // 10), seconds))]


def address(request: HttpRequest) -> str:
    """Where a request comes from: what our own proxies say, never what a client says."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    if settings.PROXIES and hops:
        return hops[-min(settings.PROXIES, len(hops))]
    return str(request.META.get("REMOTE_ADDR", ""))
