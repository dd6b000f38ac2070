"""Assessment submissions."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from coach.api.http import base, bodies, rendering, schema, throttles
from coach.documents import requests
from coach.documents.submissions import ServedSubmission, ServedSubmissions
from coach.models import AssessmentSubmission
from coach.services import submissions


class SubmissionsView(base.View):
    throttle_classes = (throttles.Submissions,)

    @schema.describe("A learner's submissions, newest first", answers=ServedSubmissions, errors=(422,))
    def get(self, request: Request, username: str) -> HttpResponse:
        if not username.strip():
            return rendering.texts([])
        rows = AssessmentSubmission.objects.of(base.username(username)).newest_first()
        return rendering.texts(rows.values_list("api_json", flat=True))

    @schema.describe(
        "Submit answers to the assessment and have them graded",
        body=requests.SubmissionRequest,
        answers=ServedSubmission,
        status=201,
        errors=(404, 409, 413, 422, 429),
    )
    def post(self, request: Request, username: str) -> HttpResponse:
        asked = bodies.read(request, requests.SubmissionRequest)
        served = submissions.submit(
            username=base.username(username),
            answers=[submissions.Answer(entry.task_id, entry.response) for entry in asked.responses],
            metadata=asked.metadata,
        )
        return rendering.text(served, status=201)
