"""Columns for `list_display` that read one attribute of a row."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.db.models import Model

from coach.admin.presentation import cells, links

LONGEST_NAME = 40
Column = Callable[[Any], Any]


def of(path: str, description: str, show: Column = lambda value: value, *, ordering: str = "") -> Column:
    """The attribute at a dotted path, as `show` renders it; sorted by `ordering`, where that is given."""
    read = attrgetter(path)

    @admin.display(description=description, ordering=ordering or None)
    def column(row: Any) -> Any:
        return show(read(row))

    # The cells' class names are made of it.
    column.__name__ = path.replace(".", "_")
    return column


def text(path: str, description: str, length: int = cells.LONGEST_CELL) -> Column:
    """A text on one line, cut at a length."""
    return of(path, description, lambda value: cells.short(value, length))


def name(path: str) -> Column:
    """The name or id that leads to a row's page; long ones are cut there, for the columns beside them."""
    return of(path, path.replace("_", " "), lambda value: cells.short(value, LONGEST_NAME), ordering=path)


def moment(path: str, description: str, *, ordering: str = "") -> Column:
    """A time, to the minute."""
    return of(path, description, cells.moment, ordering=ordering)


def learner(path: str = "learner") -> Column:
    """A link to the learner's page."""
    return of(path, "learner", lambda row: links.to(row, cells.short(str(row), LONGEST_NAME)))


def number(
    path: str, description: str, model: type[Model], by: str, key: str = "pk", **chosen: str
) -> Column:
    """How many rows of another model there are, as a link to their list: those whose `by` is the `key` of the row.

    `path` is where the row has the number, `chosen` are further filters of the list.
    """

    @admin.display(description=description)
    def column(row: Any) -> Any:
        filters = {f"{by}__id__exact": getattr(row, key), **chosen}
        return links.to_list(model, getattr(row, path), filters)

    column.__name__ = path
    return column
