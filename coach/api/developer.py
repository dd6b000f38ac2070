"""Routes for developers: everything of a learner removed, and the submissions of everybody."""

from django.conf import settings
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from coach.api.http import base, bodies, paging, rendering, schema
from coach.documents import requests
from coach.documents.submissions import ServedSubmissions
from coach.models import AssessmentSubmission
from coach.services.keeping import erasing
from coach.services.operations import callers


class DeveloperView(base.View):
    """Served only where the configuration says so; otherwise there is nothing here."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        if not settings.DEBUG_ENDPOINTS:
            raise Http404
        super().initial(request, *args, **kwargs)
        callers.check_all_learners()


class ResetView(DeveloperView):
    @schema.describe("resetLearner", body=requests.ResetRequest)
    def post(self, request: Request) -> HttpResponse:
        erasing.erase(username=bodies.read(request, requests.ResetRequest).username)
        return rendering.nothing()


class SubmissionsView(DeveloperView):
    @schema.describe("listAllSubmissions", answers=ServedSubmissions)
    def get(self, request: Request) -> HttpResponseBase:
        rows = AssessmentSubmission.objects.all()
        if wanted := request.query_params.get("username", ""):
            rows = rows.of(base.username(wanted)) if wanted.strip() else rows.none()
        return paging.submissions(request, rows)
