"""How many rows: exact where that is cheap, an estimate of the database's planner where it is not."""

from __future__ import annotations

import json
from typing import Any

from django.core.paginator import Paginator
from django.db import connections, models
from django.utils.functional import cached_property

# Up to here rows are counted; beyond, nobody reads them one by one.
COUNTED = 10_000


class Counted(int):
    """A number of rows that knows whether it is exact."""

    exact: bool

    def __new__(cls, number: int, *, exact: bool = True) -> Counted:
        counted = super().__new__(cls, number)
        counted.exact = exact
        return counted


def of(rows: models.QuerySet[Any]) -> Counted:
    """The number of rows: exact on SQLite and up to COUNTED, beyond that estimated on PostgreSQL."""
    connection = connections[rows.db]
    if connection.vendor != "postgresql":
        return Counted(rows.count())
    if not rows.query.where and (estimate := _table_estimate(rows)) > COUNTED:
        return Counted(estimate, exact=False)
    found = up_to(rows, COUNTED)
    if found.exact:
        return found
    return Counted(max(COUNTED + 1, _planned(rows)), exact=False)


def up_to(rows: models.QuerySet[Any], most: int) -> Counted:
    """The number of rows, counted no further than `most`; inexact where there are more."""
    found = rows.order_by().values("pk")[: most + 1].count()
    return Counted(min(found, most), exact=found <= most)


def _table_estimate(rows: models.QuerySet[Any]) -> int:
    """What the last ANALYZE found in the table; -1 where there was none."""
    with connections[rows.db].cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table])
        return int(cursor.fetchone()[0])


def _planned(rows: models.QuerySet[Any]) -> int:
    plan = rows.order_by().values("pk").explain(format="json")
    return int(json.loads(plan)[0]["Plan"]["Plan Rows"])


class EstimatingPaginator(Paginator):
    """Pages over a list whose length need not be known exactly."""

    @cached_property
    def count(self) -> Counted:  # type: ignore[override]
        return of(self.object_list)  # type: ignore[arg-type]
