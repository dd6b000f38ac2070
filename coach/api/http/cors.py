"""Cross-origin answers where the contract asks for more than django-cors-headers gives."""

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class Cors(CorsMiddleware):
    """A preflight needs an origin, and is answered with the very headers it asked for."""

    sync_capable = True
    async_capable = False

    def check_preflight(self, request: HttpRequest) -> HttpResponseBase | None:
        return super().check_preflight(request) if "origin" in request.headers else None

    def add_response_headers(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not request.META.get("HTTP_ORIGIN", "null").strip():
            # An empty origin is answered like any other that names no site.
            request.META["HTTP_ORIGIN"] = "null"
            request.__dict__.pop("headers", None)
        response = super().add_response_headers(request, response)
        asked = request.headers.get("access-control-request-headers")
        if asked and "access-control-allow-headers" in response:
            response["access-control-allow-headers"] = asked
        return response
