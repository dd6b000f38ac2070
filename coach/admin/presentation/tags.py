"""Template tags of the staff pages."""

from django import template
from django.conf import settings
from django.contrib.admin.views.main import ChangeList

from coach.admin.changelist import dates
from coach.admin.presentation import cells, documents
from coach.admin.screens import home

register = template.Library()
register.simple_tag(home.work)
register.simple_tag(home.glance)
register.simple_tag(cells.moment)
register.simple_tag(cells.day)
register.simple_tag(cells.tags)
register.simple_tag(cells.size, name="bytes")
register.simple_tag(documents.readable)
register.simple_tag(documents.side, name="json_value")


@register.simple_tag
def environment() -> dict[str, str]:
    """The name and colour of this deployment; an empty name shows no banner."""
    return {"name": settings.ENVIRONMENT_NAME, "colour": settings.ENVIRONMENT_COLOUR}


@register.inclusion_tag("admin/coach/date_steps.html")
def date_steps(changelist: ChangeList) -> dict[str, object]:
    """The years, months and days of a list."""
    return {"steps": dates.steps(changelist)}
