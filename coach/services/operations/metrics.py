"""What /metrics shows: counts of this machine's processes, and what all machines share in the database."""

import logging
import os
from collections.abc import Iterator

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Count, Max
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from coach import telemetry
from coach.documents import authored
from coach.models import BackfillRun
from coach.models.database import replica
from coach.services.operations import health

_logger = logging.getLogger(__name__)
_WORDS = authored.beside(__file__)


def exposition() -> bytes:
    """All metrics in Prometheus' text format.

    Under several workers (PROMETHEUS_MULTIPROC_DIR) those of all workers of this machine together.
    """
    telemetry.pool_observed(health.pool_counters())
    registry = CollectorRegistry(auto_describe=False)
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        # Everything that this process has counted.
        registry.register(REGISTRY)
    registry.register(_Shared())
    return generate_latest(registry)


class _Shared:
    """What the database knows; a database that does not answer is itself a metric."""

    def collect(self) -> Iterator[Metric]:
        try:
            # The primary is asked in any case.
            place = replica.position()
            with replica.reading():
                metrics = [_runs(), *_last_run(), *_database_bytes()]
        except (DatabaseError, InterfaceError) as error:
            _logger.warning("the database did not answer a scrape of the metrics", exc_info=error)
            yield _gauge("database_up", 0)
            return
        yield _gauge("database_up", 1)
        yield from metrics
        if place:
            yield from _replica()


def _runs() -> Metric:
    runs = _gauge("backfill_runs", labels=["state"])
    for state, number in BackfillRun.objects.order_by().values_list("state").annotate(Count("pk")):
        runs.add_metric([state], number)
    return runs


def _last_run() -> Iterator[Metric]:
    records = _gauge("backfill_records", labels=["store", "outcome"])
    row = BackfillRun.objects.order_by("-pk").first()
    for store, outcomes in (row.outcome_counts if row else {}).items():
        for outcome, number in outcomes.items():
            records.add_metric([store, outcome], number)
    yield records
    latest = BackfillRun.objects.aggregate(latest=Max("finished_at"))["latest"]
    yield _gauge("backfill_finished_timestamp_seconds", latest.timestamp() if latest else None)


def _database_bytes() -> Iterator[Metric]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            yield _gauge("database_bytes", cursor.fetchone()[0])


def _replica() -> Iterator[Metric]:
    behind = replica.behind()
    yield _gauge("replica_up", behind is not None)
    if behind:
        yield _gauge("replica_lag_bytes", behind[0])
        yield _gauge("replica_lag_seconds", behind[1])


def _gauge(name: str, value: float | None = None, labels: list[str] | None = None) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"arcadia_{name}", _WORDS[name], value, labels)
