"""Onboarding: the plan, the onboarding view of a learner, and how far it has come."""

import orjson
from django.http import HttpResponse
from rest_framework.request import Request

from coach.api import profiles
from coach.api.http import base, bodies, errors, rendering, schema
from coach.documents import assessment, profile, requests
from coach.services import assessments, onboarding


class PlanView(base.View):
    @schema.describe("createPlan", body=requests.PlanRequest, answers=profile.ServedProfile)
    def post(self, request: Request) -> HttpResponse:
        asked = bodies.read(request, requests.PlanRequest)
        return _view(onboarding.plan(**dict(asked)))

    @schema.describe("getOnboardingOfPlan", answers=profile.ServedProfile)
    def get(self, request: Request) -> HttpResponse:
        return _view("plan")


class OnboardingView(base.View):
    @schema.describe("getOnboarding", answers=profile.ServedProfile)
    def get(self, request: Request, username: str) -> HttpResponse:
        return _view(base.username(username))


class StatusView(base.View):
    @schema.describe("getOnboardingStatus", answers=profile.OnboardingStatus)
    def get(self, request: Request, username: str) -> HttpResponse:
        row = profiles.learner_row(profiles.onboarding_view, base.username(username))
        plan_ready = None not in (row["curriculum_plan"], row["elo_category_plan"])
        return rendering.members(
            {
                "username": row["username"],
                "plan_ready": plan_ready,
                "assessment_ready": plan_ready and row["onboarding_assessment"] is not None,
                "generated_at": orjson.loads(row["curriculum_plan"])["generated_at"] if plan_ready else None,
            }
        )


class AssessmentStatusView(base.View):
    @schema.describe("setAssessmentStatus", body=requests.StatusChange, answers=assessment.Assessment)
    def post(self, request: Request, username: str) -> HttpResponse:
        change = bodies.read(request, requests.StatusChange)
        return rendering.text(assessments.set_status(username=base.username(username), status=change.status))


def _view(name: str) -> HttpResponse:
    row = profiles.learner_row(profiles.onboarding_view, name)
    if row["curriculum_plan"] is None or row["onboarding_assessment"] is None:
        raise errors.NothingHere("The learner has no curriculum or no assessment yet.")
    return rendering.members(
        profiles.served(row, shown_assessment=row["onboarding_assessment"], submissions=[])
    )
