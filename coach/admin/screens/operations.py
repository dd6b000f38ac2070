"""The operations page: is it healthy, what runs, how large it is, what waits."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import DatabaseError, connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from coach import schema_drift
from coach.admin.access import rights
from coach.admin.presentation import links
from coach.documents.base import utc_now
from coach.models import BackfillRun, MemoryUpload
from coach.services.operations import health

LATEST_RUNS = 10
# A run that has given no sign of life for this long is likely dead.
SILENT_SECONDS = 120


class RunLine:
    """One run: how far it came, of how many records, and what it left behind."""

    def __init__(self, row: BackfillRun) -> None:
        self.row, self.link, self.totals = row, links.to(row), totals(row)
        self.done, self.total = row.counted()
        silence = (utc_now() - row.heartbeat_at).total_seconds()
        self.silent = row.state == BackfillRun.State.RUNNING and silence > SILENT_SECONDS


def totals(row: BackfillRun) -> Counter[str]:
    """How many records of a run came out how, of all stores."""
    return sum(map(Counter, row.outcome_counts.values()), Counter[str]())


def page(request: HttpRequest) -> HttpResponse:
    """The page; a fixed number of queries."""
    rights.may_see_operations.demand(request)
    context = {
        **admin.site.each_context(request),
        "title": "Operations",
        "version": settings.VERSION,
        "environment_name": settings.ENVIRONMENT_NAME,
        "database": _server(),
        "pending": health.pending_migrations(),
        "drift": _drift() if "schema" in request.GET else None,
        "pool": [(name.replace("_", " "), number) for name, number in health.pool_counters().items()],
        "tables": list(_tables()),
        "runs": [RunLine(row) for row in BackfillRun.objects.all()[:LATEST_RUNS]],
        "all_runs": links.list_of(BackfillRun),
        "uploads": _uploads(),
        "all_uploads": links.list_of(MemoryUpload),
        "now": utc_now(),
    }
    return TemplateResponse(request, "admin/coach/operations.html", context)


def _drift() -> list[str]:
    """How the database differs from the models: asked for by a click, since it takes a second."""
    try:
        return schema_drift.differences()
    except schema_drift.NotComparable as error:
        return [str(error)]
    except DatabaseError as error:
        return [f"the database could not be compared ({type(error).__name__})"]


def _server() -> str:
    if connection.vendor != "postgresql":
        return f"SQLite {connection.Database.sqlite_version}"  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0]}"


def _tables() -> Iterator[tuple[str, int | None, int | None]]:
    """Each table: its name, its rows (an estimate) and its bytes with indexes; None where they are unknown."""
    if connection.vendor != "postgresql":
        path = Path(str(connection.settings_dict["NAME"]))
        yield "whole database", None, path.stat().st_size if path.is_file() else None
        return
    models = apps.get_app_config("coach").get_models()
    names = {model._meta.db_table: str(model._meta.verbose_name_plural) for model in models}
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [list(names)])
        for table, rows, size in cursor.fetchall():
            yield names[table], None if rows < 0 else rows, size


_SIZES = """
SELECT relname, reltuples::bigint, pg_total_relation_size(oid) FROM pg_class
WHERE relname = ANY(%s) AND relkind = 'r' AND pg_table_is_visible(oid) ORDER BY 3 DESC
"""


def _uploads() -> list[tuple[str, int]]:
    counted: dict[str, Any] = dict(MemoryUpload.objects.order_by().values_list("state").annotate(Count("pk")))
    return [(label, counted.get(value, 0)) for value, label in MemoryUpload.State.choices]
