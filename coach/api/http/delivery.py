"""How answers travel: entity tags and 304, compression, and what caches may do with them."""

import hashlib
import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import get_conditional_response, patch_vary_headers

# Below this many bytes compression saves no packet.
LEAST_COMPRESSED = 1024
_REFUSED = re.compile(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)", re.IGNORECASE)


class Delivery(GZipMiddleware):
    """Middleware for JSON answers; pages, files and streams of events pass through as they are.

    Django's own compression lengthens each answer by chance, so that its length tells nothing of a secret in it.
    """

    async_capable = False

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        # A part of a file that was compressed would be no part of it.
        if not response.get("Content-Type", "").endswith("json") or response.has_header("Accept-Ranges"):
            return response
        if request.method == "GET" and response.status_code == 200:
            response.setdefault("Cache-Control", "private, no-cache")
            if isinstance(response, HttpResponse) and not response.has_header("ETag"):
                # Processors have instructions for this digest: it takes a fifth of the time of the framework's.
                digest = hashlib.sha256(response.content, usedforsecurity=False).hexdigest()
                response["ETag"] = f'"{digest[:32]}"'
            response = conditional(request, response)
        # The framework takes `gzip;q=0` for a wish.
        refused = _REFUSED.search(request.headers.get("Accept-Encoding", ""))
        if refused or (isinstance(response, HttpResponse) and len(response.content) < LEAST_COMPRESSED):
            patch_vary_headers(response, ("Accept-Encoding",))
            return response
        return super().process_response(request, response)


def conditional(request: Any, response: HttpResponseBase) -> HttpResponseBase:
    """The answer, or 304 where the client has what its tag names."""
    if "HTTP_IF_NONE_MATCH" not in request.META:
        return response
    found = get_conditional_response(request, etag=response.get("ETag"), response=response)  # type: ignore[arg-type]
    # 412 is for writes, and If-Match alone changes nothing either.
    return found if found is not None and found.status_code == 304 else response
