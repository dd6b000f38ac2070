"""Middleware of staff pages, which are all below /admin/: their headers, their time zone, and where they are read from."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve
from django.utils import timezone

from coach.documents import schedule as zones
from coach.models.database import replica

# No inline scripts, no inline styles, nothing from elsewhere, no frames, no plug-ins.
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
# Where a session keeps the name of its reader's time zone.
ZONE = "zone"
_WRITTEN = "written"
_View = Callable[[HttpRequest], HttpResponse]


def staff_pages(get_response: _View) -> _View:
    """Put the policy on every page, also where no session can be read, unless the page brings a stricter one."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if is_staff_page(request):
            response.setdefault("Content-Security-Policy", POLICY)
            response.setdefault("Cache-Control", "private, no-store")
        return response

    return answer


def reader_zone(get_response: _View) -> _View:
    """Show times in the zone that the reader chose."""

    def answer(request: HttpRequest) -> HttpResponse:
        if not is_staff_page(request):
            return get_response(request)
        with timezone.override(zones.known_zone(request.session.get(ZONE, ""))):
            return get_response(request)

    return answer


def replica_reads(get_response: _View) -> _View:
    """Read lists and the home page from the replica, once it has what this member of staff wrote last."""

    def answer(request: HttpRequest) -> HttpResponse:
        if not is_staff_page(request) or not replica.configured():
            return get_response(request)
        if request.method in ("GET", "HEAD"):
            # The session and the account come from the primary, before the block.
            if not request.user.is_authenticated or not _is_list(request):
                return get_response(request)
            with replica.reading(after=request.session.get(_WRITTEN, "0/0")):
                return get_response(request)
        response = get_response(request)
        if request.user.is_authenticated:
            request.session[_WRITTEN] = replica.position()
        return response

    return answer


def is_staff_page(request: HttpRequest) -> bool:
    """Whether a request is for a page below /admin/."""
    return request.path_info.startswith("/admin/")


def _is_list(request: HttpRequest) -> bool:
    try:
        name = resolve(request.path_info).url_name or ""
    except Http404:
        return False
    return name == "index" or name.endswith("_changelist")
