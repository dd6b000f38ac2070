"""Pages of other sites cannot write, whether or not they may read the answer: cookies and tokens play no part in it."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from coach.api.http import rendering

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


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
        return not (may_write or _site(origin) == request.get_host())
    return bool(request.META.get("HTTP_SEC_FETCH_SITE") == "cross-site")


def _site(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
