"""A learner's schedule."""

from django.http import HttpResponse
from rest_framework.request import Request

from coach.api.http import base, bodies, rendering, schema
from coach.documents import requests
from coach.documents.schedule import ServedSchedule
from coach.documents.sessions import Launch
from coach.services import progress, schedules


class ScheduleView(base.View):
    @schema.describe("getSchedule", answers=ServedSchedule)
    def get(self, request: Request, username: str) -> HttpResponse:
        refresh = bodies.parameter(request, "refresh", bool, default=False)
        return rendering.text(schedules.read(username=base.username(username), refresh=refresh))


class AdjustView(base.View):
    @schema.describe("adjustSchedule", body=requests.ScheduleAdjustment, answers=ServedSchedule)
    def post(self, request: Request, username: str) -> HttpResponse:
        asked = bodies.read(request, requests.ScheduleAdjustment)
        return rendering.text(schedules.adjust(username=base.username(username), **dict(asked)))


class LaunchView(base.View):
    @schema.describe("launchItem", body=requests.ItemLaunch, answers=Launch)
    def post(self, request: Request) -> HttpResponse:
        asked = bodies.read(request, requests.ItemLaunch)
        return rendering.document(progress.launch(**dict(asked)))


class CompleteView(base.View):
    @schema.describe("completeItem", body=requests.ItemCompletion, answers=ServedSchedule)
    def post(self, request: Request) -> HttpResponse:
        asked = bodies.read(request, requests.ItemCompletion)
        return rendering.text(progress.complete(**dict(asked)))


class ReopenView(base.View):
    @schema.describe("reopenItem", body=requests.ItemRequest, answers=ServedSchedule)
    def post(self, request: Request) -> HttpResponse:
        asked = bodies.read(request, requests.ItemRequest)
        return rendering.text(progress.reopen(**dict(asked)))
