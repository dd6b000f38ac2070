"""Template tags of the staff pages."""

from __future__ import annotations

import datetime as dt

from django import template
from django.conf import settings
from django.contrib.admin.views.main import ChangeList

from coach.admin import cells, dates

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
    """All tags as small marks."""
    return cells.tags(names, most=len(names))


@register.simple_tag(name="bytes")
def size(count: int | None) -> str:
    """A number of bytes for people."""
    return cells.size(count)


@register.inclusion_tag("admin/coach/date_steps.html")
def date_steps(changelist: ChangeList) -> dict[str, object]:
    """The years, months and days of a list."""
    return {"steps": dates.steps(changelist)}
