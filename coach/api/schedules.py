"""A learner's schedule."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from coach.api.http import base, bodies, rendering, schema
from coach.documents import requests
from coach.documents.schedule import ServedSchedule
from coach.services import schedules


class ScheduleView(base.View):
    @schema.describe(
        "A learner's schedule, generated where there is none",
        answers=ServedSchedule,
        errors=(400, 404, 422),
        parameters=[schema.REFRESH],
    )
    def get(self, request: Request, username: str) -> HttpResponse:
        refresh = bodies.flag(request, "refresh", default=False)
        return rendering.text(schedules.read(username=base.username(username), refresh=refresh))


class AdjustView(base.View):
    @schema.describe(
        "Move an item of the schedule to a later day",
        body=requests.ScheduleAdjustment,
        answers=ServedSchedule,
        errors=(404, 422, 503),
    )
    def post(self, request: Request, username: str) -> HttpResponse:
        asked = bodies.read(request, requests.ScheduleAdjustment)
        return rendering.text(schedules.adjust(username=base.username(username), **dict(asked)))
