"""The search box in the header: everything that staff have in hand leads to its page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db import OperationalError, connection, models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from coach.admin.changelist import search
from coach.admin.presentation import cells, links
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile, MemoryRecord, ScheduleItem

SHOWN = 5
# Milliseconds that one kind may take: a word that nearly every row holds tells nothing.
LONGEST_MS = 200

# What a hit shows: its name, and what else tells it from others.
Shown = Callable[[Any], tuple[str, str]]
KINDS: dict[type[models.Model], Shown] = {
    LearnerProfile: lambda row: (row.username, row.goal),
    MemoryRecord: lambda row: (row.note, f"{row.note_id}, of {row.learner.username}"),
    AssessmentSubmission: lambda row: (row.submission_id, f"of {row.learner.username}"),
    AttachmentMetadata: lambda row: (row.name, f"{row.attachment_id}, of {row.learner.username}"),
    ScheduleItem: lambda row: (row.title, f"{row.item_id}, of {row.schedule.learner.username}"),
}


@dataclass(frozen=True)
class Group:
    """The hits of one kind; `rows` is None where it took too long to look."""

    title: str
    rows: list[tuple[str, str, str]] | None
    all: str = ""


def page(request: HttpRequest) -> HttpResponse:
    """Hits by kind, of the kinds that the user may see."""
    term = request.GET.get("q", "").strip()
    groups = [group for group in _groups(request, term) if group.rows != []] if term else []
    context = {
        **admin.site.each_context(request),
        "title": "Search",
        "term": term,
        "groups": groups,
        "most_words": search.MOST_WORDS,
    }
    return TemplateResponse(request, "admin/coach/search.html", context)


def _groups(request: HttpRequest, term: str) -> Iterator[Group]:
    for model, shown in KINDS.items():
        screen: Any = admin.site._registry[model]
        if not screen.has_view_permission(request):
            continue
        title = str(model._meta.verbose_name_plural)
        try:
            found = _found(request, screen, term)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != "57014":
                raise
            yield Group(title, None)
            continue
        rows = [_line(row, *shown(row)) for row in found[:SHOWN]]
        yield Group(title, rows, links.list_of(model, q=term) if len(found) > SHOWN else "")


def _line(row: models.Model, name: str, detail: str) -> tuple[str, str, str]:
    return links.page_of(type(row), row.pk), cells.short(name, 120), cells.short(detail, 160)


def _found(request: HttpRequest, screen: Any, term: str) -> list[Any]:
    rows = search.own(screen.model, screen.look_ups, term)
    if rows is None:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Six rows are asked for, which makes the planner hope to meet them in the table; the indexes know.
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
            cursor.execute(f"SET LOCAL statement_timeout = {LONGEST_MS}")
        keys = list(rows.values_list("pk", flat=True)[: SHOWN + 1])
        return list(screen.rows(request).filter(pk__in=keys).order_by("pk"))
