"""Constraints and indexes in a line each; conditions are spelled as in a filter."""

from typing import Any

from django.db import models


def holds(name: str, **condition: Any) -> models.CheckConstraint:
    """That every row meets a condition: `holds("attachment_kind_known", kind__in=("file", "link", "note"))`."""
    return models.CheckConstraint(condition=models.Q(**condition), name=name)


def index(name: str, *fields: str, **condition: Any) -> models.Index:
    """An index of those columns; with a condition only of the rows that meet it: `index("stale", "id", is_stale=True)`."""
    return models.Index(fields=fields, condition=models.Q(**condition) if condition else None, name=name)


def unique(name: str, *fields: str, **condition: Any) -> models.UniqueConstraint:
    """That no two rows have the same values in those columns; with a condition, no two rows that meet it."""
    when = models.Q(**condition) if condition else None
    return models.UniqueConstraint(fields=fields, condition=when, name=name)
