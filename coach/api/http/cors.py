"""Cross-origin answers where the contract asks for more than django-cors-headers gives."""

import copy

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers


class Cors(CorsMiddleware):
    """A preflight needs an origin, and is answered with the very headers it asked for."""

    sync_capable = True
    async_capable = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "HTTP_ORIGIN" in request.META:
            return super().__call__(request)  # type: ignore[return-value]
        # Most requests come from no page; caches must keep their answers apart all the same.
        response = self.get_response(request)
        if not request.path_info.startswith(("/admin/", "/static/")):
            patch_vary_headers(response, ("origin",))  # type: ignore[arg-type]
        return response  # type: ignore[return-value]

    def check_preflight(self, request: HttpRequest) -> HttpResponseBase | None:
        return super().check_preflight(request) if "origin" in request.headers else None

    def add_response_headers(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not request.META.get("HTTP_ORIGIN", "null").strip():
            # An empty origin is answered like any other that names no site.
            request = copy.copy(request)
            request.META = {**request.META, "HTTP_ORIGIN": "null"}
            request.__dict__.pop("headers", None)
        response = super().add_response_headers(request, response)
        asked = request.headers.get("access-control-request-headers")
        if asked and "access-control-allow-headers" in response:
            response["access-control-allow-headers"] = asked
        return response
