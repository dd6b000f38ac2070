"""How many rows: exact where that is cheap, an estimate of the database's planner where it is not."""

import json
from collections.abc import Sequence
from typing import Any, Self

from django.core.paginator import Paginator
from django.db import connections, models
from django.utils.functional import cached_property

# Up to here rows are counted; beyond, an estimate is enough.
COUNTED = 10_000
# What can be counted at a glance: so many rows, found for so little (some tens of milliseconds).
FEW, MOST_COST = 1_000, 10_000


class Counted(int):
    """A number of rows that knows whether it is exact."""

    exact: bool

    def __new__(cls, number: int, *, exact: bool = True) -> Self:
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
    [plan] = _plans(connection, [_statement(rows)])
    return Counted(max(COUNTED + 1, plan["Plan Rows"]), exact=False)


def glances(choices: Sequence[models.QuerySet[Any]]) -> list[Counted]:
    """Numbers of rows for a glance: counted where few are expected and cheap to find, else what is expected.

    However many choices there are, this takes one question to the planner and one to the tables.
    """
    if not choices:
        return []
    connection = connections[choices[0].db]
    if connection.vendor != "postgresql":
        return [Counted(rows.count()) for rows in choices]
    asked = [_statement(rows) for rows in choices]
    plans = _plans(connection, asked)
    cheap = [plan["Plan Rows"] <= FEW and plan["Total Cost"] <= MOST_COST for plan in plans]
    counted = iter(_counted(connection, [one for one, few in zip(asked, cheap, strict=True) if few]))
    return [
        next(counted) if few else Counted(plan["Plan Rows"], exact=False)
        for plan, few in zip(plans, cheap, strict=True)
    ]


def up_to(rows: models.QuerySet[Any], most: int) -> Counted:
    """The number of rows, counted no further than `most`; inexact where there are more."""
    found = rows.order_by().values("pk")[: most + 1].count()
    return Counted(min(found, most), exact=found <= most)


def _table_estimate(rows: models.QuerySet[Any]) -> int:
    """What the last ANALYZE found in the table; -1 where there was none."""
    with connections[rows.db].cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table]
        )
        return int(cursor.fetchone()[0])


_Statement = tuple[str, Sequence[Any]]


def _statement(rows: models.QuerySet[Any]) -> _Statement:
    """The SQL that finds the rows' keys, also where Django itself knows that there are none."""
    compiler = rows.order_by().values("pk").query.get_compiler(rows.db, elide_empty=False)
    return compiler.as_sql()


def _plans(connection: Any, statements: Sequence[_Statement]) -> list[dict[str, Any]]:
    """What the planner expects: `Plan Rows` and `Total Cost` (in its own unit, a sequentially read page)."""
    # As arrays each is planned whole, on its own, and none is executed.
    sql, params = _joined("ARRAY({})", statements)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) SELECT {sql}", params)
        found = cursor.fetchone()[0]
    return list((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]["Plans"])


def _counted(connection: Any, statements: Sequence[_Statement]) -> list[Counted]:
    if not statements:
        return []
    sql, params = _joined(f"(SELECT count(*) FROM ({{}} LIMIT {FEW + 1}) AS found)", statements)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", params)
        return [Counted(min(number, FEW), exact=number <= FEW) for number in cursor.fetchone()]


def _joined(pattern: str, statements: Sequence[_Statement]) -> tuple[str, list[Any]]:
    sql = ", ".join(pattern.format(text) for text, _ in statements)
    return sql, [value for _, params in statements for value in params]


class EstimatingPaginator(Paginator):  # type: ignore[type-arg]
    """Pages over a list whose length need not be known exactly."""

    @cached_property
    def count(self) -> Counted:
        return of(self.object_list)  # type: ignore[arg-type]
