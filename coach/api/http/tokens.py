"""Who calls: bearer tokens, demanded where the configuration says so."""

from typing import Any

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from coach.services.operations import callers, tokens


class Bearer(BaseAuthentication):
    """`Authorization: Bearer TOKEN`. A token that is not usable is refused, also where none is demanded."""

    def authenticate(self, request: Request) -> tuple[callers.Caller, str] | None:
        scheme, _, presented = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        caller = tokens.identify(presented.strip())
        if caller is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        callers.set_current(caller)
        return caller, caller.token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="arcadia"'


class MayCall(BasePermission):
    """Everybody, or everybody with a token; calls without one are counted."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is not None:
            if callers.current().read_only and request.method != "GET":
                raise callers.OutOfScope("The token only reads.")
            return True
        tokens.none_presented()
        return not settings.REQUIRE_API_TOKEN
