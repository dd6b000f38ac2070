"""The description of the API, and the page that shows it."""

import functools
import threading
from typing import Any, ClassVar

from django.http import HttpResponse
from django.templatetags.static import static
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView
from rest_framework.request import Request

# Swagger UI sets styles by script, and draws with data URLs.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The generator is not safe in several threads at once, and its result never changes.
_generating = threading.Lock()


class DescriptionView(SpectacularJSONAPIView):
    http_method_names: ClassVar[list[str]] = ["get"]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        with _generating:
            description = _description()
        return HttpResponse(description, content_type=OpenApiJsonRenderer.media_type)


class PageView(SpectacularSwaggerView):
    """Swagger UI, begun by a script of ours, so that nothing inline has to run."""

    http_method_names: ClassVar[list[str]] = ["get"]
    url_name = "openapi"
    template_name = "coach/docs.html"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if not _has_assets():
            reason = (
                "The files of this page are missing: run manage.py collectstatic, and restart the service."
            )
            return HttpResponse(reason, status=503, content_type="text/plain; charset=utf-8")
        response: HttpResponse = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        response["Content-Security-Policy"] = _POLICY
        return response


def _has_assets() -> bool:
    try:
        static("drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css")
    except ValueError:  # the storage knows files by what collectstatic found
        return False
    return True


@functools.cache
def _description() -> bytes:
    generator: Any = SchemaGenerator  # the library has no types
    schema = generator().get_schema(request=None, public=True)
    text: bytes = OpenApiJsonRenderer().render(schema, renderer_context={})
    return text
