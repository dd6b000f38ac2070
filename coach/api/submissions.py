"""Assessment submissions."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from coach.api.http import base, bodies, paging, rendering, schema
from coach.documents import requests
from coach.documents.submissions import ServedSubmission, ServedSubmissions
from coach.models import AssessmentSubmission
from coach.services import submissions


class SubmissionsView(base.View):
    throttle_scope = "submissions"

    @schema.describe("listSubmissions", answers=ServedSubmissions)
    def get(self, request: Request, username: str) -> HttpResponseBase:
        rows = AssessmentSubmission.objects
        blank = not username.strip()
        return paging.submissions(request, rows.none() if blank else rows.of(base.username(username)))

    @schema.describe("submitAnswers", body=requests.SubmissionRequest, answers=ServedSubmission)
    def post(self, request: Request, username: str) -> HttpResponse:
        asked = bodies.read(request, requests.SubmissionRequest)
        served = submissions.submit(
            username=base.username(username), answers=asked.responses, metadata=asked.metadata
        )
        return rendering.text(served, status=201)
