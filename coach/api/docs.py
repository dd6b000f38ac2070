"""The description of the API, and the page that shows it."""

from __future__ import annotations

import functools
import threading
from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView
from rest_framework.request import Request

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
    http_method_names: ClassVar[list[str]] = ["get"]
    url_name = "openapi"


@functools.cache
def _description() -> bytes:
    generator: Any = SchemaGenerator  # the library has no types
    schema = generator().get_schema(request=None, public=True)
    text: bytes = OpenApiJsonRenderer().render(schema, renderer_context={})
    return text
