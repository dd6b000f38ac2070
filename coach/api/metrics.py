"""The metrics, for a Prometheus server to scrape."""

from django.http import HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST
from rest_framework.request import Request

from coach.api.http import base, schema
from coach.services.operations import metrics


class MetricsView(base.View):
    @schema.describe("getMetrics", answers=str)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)
