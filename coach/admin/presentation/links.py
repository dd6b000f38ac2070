"""Where staff pages live, and links to them; whatever is shown is escaped."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from django.db import models
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

_WEB = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)


def page_of(model: type[models.Model], pk: object, name: str = "") -> str:
    """The address of a page of a row; without a name the learner page for learners, the stock page for the rest."""
    name = name or ("page" if model._meta.model_name == "learnerprofile" else "change")
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=(pk,))


def list_of(model: type[models.Model], **filters: object) -> str:
    """The address of a list, narrowed by filters."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address


def to(row: models.Model | None, text: object = None) -> SafeString | None:
    """A link to a row's page; None where there is no row."""
    if row is None:
        return None
    return format_html('<a href="{}">{}</a>', page_of(type(row), row.pk), str(row) if text is None else text)


def to_list(model: type[models.Model], text: object, filters: Mapping[str, object]) -> SafeString:
    """A link to a narrowed list."""
    return format_html('<a href="{}">{}</a>', list_of(model, **filters), text)


def outside(url: str | None) -> SafeString | str | None:
    """A link out of the console, for http and https only; any other address is shown as text."""
    if not url or not _WEB.match(url):
        return url
    return format_html('<a href="{}" rel="noopener noreferrer nofollow">{}</a>', url, url)
