"""Whether the service, and what it stands on, is well."""

from django.http import HttpResponse
from rest_framework.request import Request

from coach.api.http import base, rendering, schema
from coach.services.operations import health


class _Probe(base.View):
    """Asked by machines that have no token, and that need an answer where the database has none."""

    authentication_classes = ()
    permission_classes = ()


class HealthView(_Probe):
    @schema.describe("getHealth", answers=health.Liveness)
    def get(self, request: Request) -> HttpResponse:
        return rendering.document(health.Liveness())


class DatabaseHealthView(_Probe):
    @schema.describe("getDatabaseHealth", answers=health.DatabaseHealth)
    def get(self, request: Request) -> HttpResponse:
        return rendering.document(health.database())
