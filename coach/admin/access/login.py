"""Signing in, with a guard against guessing: failed attempts are counted by address and by account."""

import ipaddress
from typing import Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest

from coach.admin.access import middleware
from coach.models import StaffPreference
from coach.services import audit
from coach.services.operations import throttles

_TOO_MANY = (
    "Too many failed attempts. Wait a while before you try again; a right password does not help until then."
)


class GuardedLogin(AdminAuthenticationForm):
    """Refuses, unasked, whoever failed too often: one address (or IPv6 network), or one of them with one account."""

    def clean(self) -> dict[str, Any]:
        # Counted before the password is looked at: guesses made at the same moment are all counted.
        guards = self._guards()
        if any([throttles.use(scope="login", who=who, rate=rate).left < 0 for who, rate in guards]):
            raise ValidationError(_TOO_MANY, code="throttled")
        try:
            cleaned = super().clean() or {}
        except ValidationError:
            self._record_failure()
            for field in self.fields.values():
                field.widget.attrs["aria-invalid"] = "true"
            raise
        for who, _ in guards:
            throttles.take_back(scope="login", who=who)
        return cleaned

    def _record_failure(self) -> None:
        """Record the failure. A name of no account may be a password typed into the wrong field, and is not kept."""
        name = str(self.cleaned_data.get("username", ""))
        known = get_user_model().objects.filter(username=name).exists()
        with audit.acting_as(f"staff {name}" if known else "unknown"):
            audit.record(
                "sign_in.failed", None, address=network(address(self.request)) if self.request else ""
            )

    def _guards(self) -> list[tuple[str, throttles.Rate]]:
        rate = settings.THROTTLES["login"]
        if rate is None or self.request is None:
            return []
        most, seconds = rate
        where = network(address(self.request))
        account = str(self.cleaned_data.get("username", "")).strip().lower()
        return [(where, rate), (f"{where} {account}", (max(1, most // 10), seconds))]


@receiver(user_logged_in)
def _remember_zone(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Keep the reader's zone in the session, so that no page asks for it."""
    chosen = StaffPreference.objects.filter(user=user).values_list("timezone", flat=True)
    request.session[middleware.ZONE] = chosen.first() or ""


def network(where: str) -> str:
    """What one client has: an IPv4 address, or the /64 in which it chooses IPv6 addresses as it likes."""
    try:
        parsed = ipaddress.ip_address(where.partition("%")[0])
    except ValueError:
        return where
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def address(request: HttpRequest) -> str:
    """Where a request comes from: what our own proxies say, never what a client says."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    if settings.PROXIES and hops:
        return hops[-min(settings.PROXIES, len(hops))]
    return str(request.META.get("REMOTE_ADDR", ""))
