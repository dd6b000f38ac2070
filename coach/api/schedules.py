"""A learner's schedule."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from coach.api.http import base, bodies, rendering, schema
from coach.documents import requests
from coach.documents.schedule import ServedSchedule
from coach.documents.sessions import Launch
from coach.services import progress, schedules


class ScheduleView(base.View):
    @schema.describe(
        "getSchedule",
        "A learner's schedule, generated where there is none",
        answers=ServedSchedule,
        errors=(400, 404, 422),
        parameters=[schema.REFRESH],
    )
    def get(self, request: Request, username: str) -> HttpResponse:
        refresh = bodies.parameter(request, "refresh", bool, default=False)
        return rendering.text(schedules.read(username=base.username(username), refresh=refresh))


class AdjustView(base.View):
    @schema.describe(
        "adjustSchedule",
        "Move an item of the schedule to a later day",
        body=requests.ScheduleAdjustment,
        answers=ServedSchedule,
        errors=(404, 422, 503),
    )
    def post(self, request: Request, username: str) -> HttpResponse:
        asked = bodies.read(request, requests.ScheduleAdjustment)
        return rendering.text(schedules.adjust(username=base.username(username), **dict(asked)))


class LaunchView(base.View):
    @schema.describe(
        "launchItem",
        "Begin an item of the schedule",
        body=requests.ItemLaunch,
        answers=Launch,
        errors=(404, 409, 422, 502, 503),
    )
    def post(self, request: Request) -> HttpResponse:
        asked = bodies.read(request, requests.ItemLaunch)
        return rendering.document(progress.launch(**dict(asked)))


class CompleteView(base.View):
    @schema.describe(
        "completeItem",
        "Mark an item of the schedule as completed",
        body=requests.ItemCompletion,
        answers=ServedSchedule,
        errors=(404, 422),
    )
    def post(self, request: Request) -> HttpResponse:
        asked = bodies.read(request, requests.ItemCompletion)
        return rendering.text(progress.complete(**dict(asked)))


class ReopenView(base.View):
    @schema.describe(
        "reopenItem",
        "Undo the completion of an item of the schedule",
        body=requests.ItemRequest,
        answers=ServedSchedule,
        errors=(404, 422),
    )
    def post(self, request: Request) -> HttpResponse:
        asked = bodies.read(request, requests.ItemRequest)
        return rendering.text(progress.reopen(**dict(asked)))
