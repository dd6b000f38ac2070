"""Template tags of the staff pages."""

from __future__ import annotations

import datetime as dt

from django import template
from django.conf import settings
from django.contrib.admin.views.main import ChangeList
from django.template import Context
from django.urls import reverse

from coach.admin.access import rights
from coach.admin.changelist import dates
from coach.admin.presentation import cells, documents, links
from coach.models import LearnerProfile

register = template.Library()


@register.simple_tag
def environment() -> dict[str, str]:
    """The name and colour of this deployment; an empty name shows no banner."""
    return {"name": settings.ENVIRONMENT_NAME, "colour": settings.ENVIRONMENT_COLOUR}


@register.simple_tag
def moment(instant: dt.datetime | None) -> str:
    """A time in UTC, to the minute."""
    return cells.moment(instant)


@register.simple_tag
def tags(names: list[str]) -> str:
    """All tags as small badges."""
    return cells.tags(names, most=len(names))


@register.simple_tag(name="bytes")
def size(count: int | None) -> str:
    """A number of bytes for people."""
    return cells.size(count)


@register.simple_tag
def json_value(value: object) -> str:
    """One side of a change: a text as it is, any other value as JSON, long ones folded."""
    return documents.side(value)


@register.inclusion_tag("admin/coach/date_steps.html")
def date_steps(changelist: ChangeList) -> dict[str, object]:
    """The years, months and days of a list."""
    return {"steps": dates.steps(changelist)}


@register.simple_tag(takes_context=True)
def daily_work(context: Context) -> list[tuple[str, str, str]]:
    """What staff come for: addresses, words, and what awaits them there, as far as they may."""
    request = context["request"]
    work = [
        (links.list_of(LearnerProfile), "Learners", "find one, and see everything about them"),
        (
            f"{links.list_of(LearnerProfile)}?work=ungraded",
            "Ungraded submissions",
            "learners who wait for a grade",
        ),
        (
            f"{links.list_of(LearnerProfile)}?schedule=stale",
            "Stale schedules",
            "learners whose schedule is behind",
        ),
    ]
    if rights.may_import(request):
        work += [
            (reverse("admin:coach_learnerprofile_import"), "Import profiles", "a learner_profiles.json"),
            (
                reverse("admin:coach_assessmentsubmission_import"),
                "Import submissions",
                "an assessment_submissions.json",
            ),
            (
                reverse("admin:coach_attachmentmetadata_import"),
                "Import attachments",
                "an assessment_attachments.json",
            ),
        ]
    if rights.may_see_operations(request):
        work.append((reverse("admin:coach_operations"), "Operations", "runs, connections, tables, queue"))
    return work if request.user.has_perm("coach.view_learnerprofile") else []
