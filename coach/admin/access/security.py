"""What every staff page is answered with: a content security policy that runs nothing but our own files."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# No inline scripts, no inline styles, nothing from elsewhere, no frames, no plug-ins.
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


class StaffPages:
    """Middleware: the policy for everything below /admin/ that does not bring a stricter one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith("/admin/"):
            response.setdefault("Content-Security-Policy", POLICY)
            response.setdefault("Cache-Control", "private, no-store")
        return response
