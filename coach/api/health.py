"""Whether the service, and what it stands on, is well."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from coach.api.http import base, rendering, schema
from coach.services.operations import health


class _Probe(base.View):
    """Asked by machines that have no token, and that need an answer where the database has none."""

    authentication_classes = ()
    permission_classes = ()


class HealthView(_Probe):
    @schema.describe("getHealth", "Whether the process answers", answers=health.Liveness)
    def get(self, request: Request) -> HttpResponse:
        return rendering.document(health.Liveness())


class DatabaseHealthView(_Probe):
    @schema.describe(
        "getDatabaseHealth",
        "Whether the database answers and is migrated",
        answers=health.DatabaseHealth,
        errors=(503,),
    )
    def get(self, request: Request) -> HttpResponse:
        return rendering.document(health.database())
