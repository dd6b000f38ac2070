"""Paths that no route serves: unknown ones, and known ones with one slash too many."""

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.encoding import escape_uri_path
from django.views.decorators.csrf import csrf_exempt

from coach.api.http import rendering


@csrf_exempt
def unrouted(request: HttpRequest) -> HttpResponse:
    """307 to the route without the extra slash where there is one; 404 otherwise, in any method."""
    path = request.path_info
    if path.endswith("/") and _is_served(path[:-1]):
        return _moved(request, request.path[:-1])
    return rendering.problem("Not Found", status=404, code="not_found")


def _is_served(path: str) -> bool:
    try:
        return resolve(path).func is not unrouted
    except Resolver404:
        return False


def _moved(request: HttpRequest, path: str) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    response = rendering.bare(HttpResponse(status=307))
    response["Location"] = escape_uri_path(path) + (f"?{query}" if query else "")
    return response
