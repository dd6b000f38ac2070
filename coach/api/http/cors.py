"""What pages of other sites may read and write, whether or not their requests carry cookies or tokens."""

from collections.abc import Callable

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from coach.api.http import rendering

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Cors(CorsMiddleware):
    """The contract asks for more than the library gives: a preflight needs an origin, and gets the headers it asked for."""

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


class Writes:
    """Middleware: refuses (403) what changes something on behalf of another site's page.

    Browsers name the site in `Origin` and `Sec-Fetch-Site`, and pages cannot change either; other clients send neither.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in _SAFE and _is_foreign(request):
            return rendering.problem(
                "Pages of other sites may not change anything here.", status=403, code="foreign_site"
            )
        return self.get_response(request)


def _is_foreign(request: HttpRequest) -> bool:
    origin = request.META.get("HTTP_ORIGIN")
    if origin:
        may_write = settings.ANY_ORIGIN_WRITES or origin in settings.CORS_ALLOWED_ORIGINS
        return not (may_write or origin in (f"http://{request.get_host()}", f"https://{request.get_host()}"))
    return bool(request.META.get("HTTP_SEC_FETCH_SITE") == "cross-site")
