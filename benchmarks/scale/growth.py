"""A year of many learners, month by month: what tables grow to, what upkeep keeps flat, and what a million would need."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django

from benchmarks import generate_stores, servers
from coach.tests import postgres

TEMPLATES = 50
MONTH = dt.timedelta(days=30)
MONTHS = 12
MILLION = 1_000_000
# Days; short, so that a year shows whether what upkeep removes stays as large as it is.
RETENTION = {"audit": 90, "version": 90, "chat": 90}
# Tables of which each row is copied, with what must differ in each copy. Parents first.
COPIED: dict[str, tuple[str, ...]] = {
    "LearnerProfile": ("username",),
    "CurriculumSchedule": (),
    "ScheduleItem": (),
    "MemoryRecord": (),
    "AssessmentSubmission": ("submission_id",),
    "AttachmentMetadata": ("attachment_id",),
}
# What one learner does in a month: rows that stay.
STAYS = (
    """INSERT INTO coach_assessmentsubmission ({submission}) SELECT {submission_values} FROM (
        SELECT DISTINCT ON (learner_id) * FROM coach_assessmentsubmission ORDER BY learner_id, id) t""",
    """INSERT INTO coach_memoryrecord (learner_id, position, note_id, note, tags, created_at)
        SELECT id, 1000 + {month} * 4 + k, 'month-{month}-' || k, repeat('What was worth keeping. ', 6), '["sql"]', '{at}'
        FROM coach_learnerprofile, generate_series(1, 4) k""",
)
# Rows that are changed: eight items are launched and completed, and each time the schedule is written again.
# They are done in parts, as learners come one by one: a page has room again before it is written to next.
PARTS = 10
CHANGED = (
    "UPDATE coach_scheduleitem SET launch_status = 'in_progress', last_launched_at = '{at}' WHERE position % 12 = {month} % 12",
    "UPDATE coach_curriculumschedule SET api_json = (rtrim(api_json::text) || repeat(' ', {month} % 3))::json WHERE true",
    "UPDATE coach_scheduleitem SET launch_status = 'completed', last_completed_at = '{at}' WHERE position % 12 = {month} % 12",
    "UPDATE coach_curriculumschedule SET api_json = (rtrim(api_json::text) || repeat(' ', 1 + {month} % 3))::json WHERE true",
    "UPDATE coach_learnerprofile SET last_updated = '{at}' WHERE true",
)
# Rows with a retention.
GOES = (
    """INSERT INTO coach_auditevent (learner_id, username, at, actor, action, detail)
        SELECT id, username, '{at}'::timestamptz + k * interval '1 day', 'client', 'submission.graded', '{{"id": "sub"}}'
        FROM coach_learnerprofile, generate_series(1, 4) k""",
    """INSERT INTO coach_recordversion (learner_id, kind, natural_key, actor, at, document, after)
        SELECT id, 'profile', username, 'staff someone', '{at}', json_build_object('curriculum_plan', curriculum_plan),
        '{{"curriculum_plan": "f"}}' FROM coach_learnerprofile""",
    """INSERT INTO coach_chatthread (thread_id, created_at, owner, learner_id, thread, preferences)
        SELECT 'thread-{month}-' || id || '-' || k, '{at}', '', id, '{{"id": "thread", "title": "Joins"}}', '{{}}'
        FROM coach_learnerprofile, generate_series(1, 2) k""",
    """INSERT INTO coach_chatitem (thread_id, item_id, kind, item)
        SELECT id, 'item-' || k, 'assistant_message', json_build_object('content', repeat('A row of the outer table. ', 20))
        FROM coach_chatthread, generate_series(1, 6) k WHERE thread_id LIKE 'thread-{month}-%'""",
    """INSERT INTO coach_idempotencykey (key, request, learner_id, made_at, holder, status, content_type, error_code, body)
        SELECT md5('{month}-' || id || '-' || k) || md5(id::text), md5('r'), id, '{at}', 'h', 200, 'application/json', '',
        convert_to(repeat('An answer. ', 200), 'UTF8') FROM coach_learnerprofile, generate_series(1, 10) k""",
    """INSERT INTO coach_throttlewindow (key, started, count)
        SELECT 'submissions-{month}-' || id, extract(epoch FROM '{at}'::timestamptz), 3 FROM coach_learnerprofile""",
)
SIZES = """
    SELECT relname, reltuples::bigint, pg_relation_size(c.oid), pg_indexes_size(c.oid), pg_total_relation_size(c.oid)
    FROM pg_class c WHERE relkind = 'r' AND relname LIKE 'coach\\_%' ORDER BY 5 DESC
"""
HOT = """
    SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE n_tup_upd > 0 AND relname LIKE 'coach\\_%'
    ORDER BY n_tup_upd DESC LIMIT 4
"""


def main(learners: int) -> bool:
    """On a server of its own; prints sizes and times. False where tables with a retention keep growing."""
    with tempfile.TemporaryDirectory(prefix="arcadia-scale-") as name, postgres.cluster() as cluster:
        retention = {f"{each.upper()}_RETENTION_DAYS": str(days) for each, days in RETENTION.items()}
        environment = servers.production(cluster.url, Path(name), LOG_LEVEL="ERROR", **retention)
        os.environ.update(environment)
        django.setup()
        with _timed(f"{learners:,} learners"):
            _fill(Path(name), learners)
        first = _sizes()
        grown = [_month(number) for number in range(1, MONTHS + 1)]
        _report(first, learners)
        # From the month in which the first rows are old enough.
        flat = grown[-1] <= grown[4] * 1.1
        print(
            f"what has a retention: {grown[4] / 2**20:,.0f} MiB after 5 months, {grown[-1] / 2**20:,.0f} MiB after {MONTHS}"
        )
        return flat


@contextlib.contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - began:.1f} s", flush=True)


def _execute(*statements: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        # A throw-away server; checking five million foreign keys would prove nothing.
        cursor.execute("SET session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement.replace("%", "%%"), [])


def _fetched(query: str) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query.replace("%", "%%"), [])
        return cursor.fetchall()


def _fill(folder: Path, learners: int) -> None:
    """Learners of the generator are imported, and copied until there are enough."""
    from django.apps import apps
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    generate_stores.generate(learners=TEMPLATES, out=folder)
    # The command ends with its status.
    with open(os.devnull, "w") as nowhere, contextlib.suppress(SystemExit):
        call_command("backfill", "--data-dir", str(folder), "--no-progress", stdout=nowhere)
    models = {name: apps.get_model("coach", name) for name in COPIED}
    spans = {}
    for model in models.values():
        [(least, most)] = _fetched(
            f"SELECT COALESCE(min(id), 0), COALESCE(max(id), 0) FROM {model._meta.db_table}"
        )
        spans[model] = (most, most - least + 1)
    for name, model in models.items():
        columns, values = _copied(model, COPIED[name], spans)
        last, table = spans[model][0], model._meta.db_table
        copies = f"generate_series(1, {learners // TEMPLATES - 1}) k"
        _execute(
            f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} t, {copies} WHERE t.id <= {last}",
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))",
        )
    _execute("VACUUM ANALYZE")


def _copied(model: Any, different: tuple[str, ...], spans: dict[Any, tuple[int, int]]) -> tuple[str, str]:
    """Columns, and what stands in them in copy number k: ids and foreign keys moved on by the width of the template."""
    columns, values = [], []
    for field in model._meta.concrete_fields:
        moved = spans.get(model if field.primary_key else field.related_model)
        value = f't."{field.column}"'
        if moved:
            value = f"{value} + k * {moved[1]}"
        elif field.column in different:
            value = f"{value} || '-' || k"
        columns.append(f'"{field.column}"')
        values.append(value)
    return ", ".join(columns), ", ".join(values)


def _month(number: int) -> int:
    """What everybody does, and upkeep at the end of it; bytes of what has a retention."""
    at = dt.datetime(2027, 1, 1, tzinfo=dt.UTC) + number * MONTH
    submission = [column for column, *_ in _fetched(COLUMNS)]
    other = {"submission_id": f"submission_id || '-month-{number}'", "submitted_at": f"'{at}'::timestamptz"}
    words = {
        "month": number,
        "at": at,
        "submission": ", ".join(f'"{column}"' for column in submission),
        "submission_values": ", ".join(other.get(column, f'"{column}"') for column in submission),
    }
    began = time.monotonic()
    changed = [f"{statement} AND id % {PARTS} = {part}" for part in range(PARTS) for statement in CHANGED]
    _execute(*(statement.format(**words) for statement in (*STAYS, *changed, *GOES)))
    used = time.monotonic() - began
    began = time.monotonic()
    removed = _maintain(at + MONTH)
    maintained = time.monotonic() - began
    began = time.monotonic()
    _execute("VACUUM ANALYZE")
    goes = sum(total for name, (_, _, _, total) in _sizes().items() if name in RETAINED)
    print(
        f"month {number:2}: written in {used:.0f} s; maintain removed {removed:,} rows in {maintained:.0f} s; vacuum took "
        f"{time.monotonic() - began:.0f} s; what has a retention: {goes / 2**20:,.0f} MiB",
        flush=True,
    )
    return goes


COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_name = 'coach_assessmentsubmission' AND column_name <> 'id' ORDER BY ordinal_position
"""
RETAINED = {
    f"coach_{name}"
    for name in ("auditevent", "recordversion", "chatthread", "chatitem", "idempotencykey", "throttlewindow")
}


def _maintain(now: dt.datetime) -> int:
    """Upkeep as of that time."""
    from coach.models import retries, versions
    from coach.services.operations import upkeep

    then: Callable[[], dt.datetime] = lambda: now  # noqa: E731
    for module in (retries, versions, upkeep):
        module.utc_now = then  # type: ignore[attr-defined]
    return sum(upkeep.maintain().values())


def _sizes() -> dict[str, tuple[int, int, int, int]]:
    """Rows, bytes of the table itself, of its indexes, of everything."""
    return {name: sizes for name, *sizes in _fetched(SIZES)}  # type: ignore[misc]


def _report(first: dict[str, tuple[int, int, int, int]], learners: int) -> None:
    print(
        f"{'table':32}{'rows':>12}{'table MiB':>11}{'index MiB':>11}{'all MiB':>11}{'at first':>11}{'bytes/learner':>15}"
    )
    total = 0
    for name, (rows, own, indexes, everything) in _sizes().items():
        total += everything
        if everything > 2**20:
            mib = [size / 2**20 for size in (own, indexes, everything, first[name][3])]
            shown = "".join(f"{size:>11,.0f}" for size in mib)
            print(f"{name:32}{rows:>12,}{shown}{everything // learners:>15,}")
    for name, updated, hot in _fetched(HOT):
        print(f"{name}: {updated:,} updates, {hot / updated:.0%} of them within their page")
    each = total / learners
    print(f"{each / 1024:,.0f} KiB a learner after a year; a million: {each * MILLION / 2**30:,.0f} GiB")
