"""What /metrics shows: counts of this machine's processes, and what all machines share in the database."""

import logging
import os
from collections.abc import Iterator

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Count, Max
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from coach.models import BackfillRun
from coach.models.database import replica
from coach.services.operations import health

_logger = logging.getLogger(__name__)


def exposition() -> bytes:
    """All metrics in Prometheus' text format.

    Under several workers (PROMETHEUS_MULTIPROC_DIR) those of all workers of this machine together.
    """
    health.observe_pool(at_most_every=0)
    registry = CollectorRegistry(auto_describe=False)
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_ThisProcess())
    registry.register(_Shared())
    return generate_latest(registry)


class _ThisProcess:
    """Everything that this process has counted."""

    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()


class _Shared:
    """What the database knows; a database that does not answer is itself a metric."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("arcadia_database_up", "Whether the database answered this scrape.")
        try:
            # The primary is asked in any case.
            place = replica.position()
            with replica.reading():
                metrics = [_runs(), *_last_run(), *_database_bytes()]
        except (DatabaseError, InterfaceError) as error:
            _logger.warning("the database did not answer a scrape of the metrics", exc_info=error)
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from metrics
        if place:
            yield from _replica()


def _runs() -> Metric:
    runs = GaugeMetricFamily("arcadia_backfill_runs", "Imports in the ledger, by state.", labels=["state"])
    for state, number in BackfillRun.objects.order_by().values_list("state").annotate(Count("pk")):
        runs.add_metric([state], number)
    return runs


def _last_run() -> Iterator[Metric]:
    records = GaugeMetricFamily(
        "arcadia_backfill_records", "Records of the latest import, by outcome.", labels=["store", "outcome"]
    )
    row = BackfillRun.objects.order_by("-pk").first()
    for store, outcomes in (row.outcome_counts if row else {}).items():
        for outcome, number in outcomes.items():
            records.add_metric([store, outcome], number)
    yield records
    ended = GaugeMetricFamily(
        "arcadia_backfill_finished_timestamp_seconds", "When the latest finished import ended."
    )
    latest = BackfillRun.objects.aggregate(latest=Max("finished_at"))["latest"]
    if latest is not None:
        ended.add_metric([], latest.timestamp())
    yield ended


def _database_bytes() -> Iterator[Metric]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            yield GaugeMetricFamily("arcadia_database_bytes", "Size of the database.", cursor.fetchone()[0])


def _replica() -> Iterator[Metric]:
    behind = replica.behind()
    yield GaugeMetricFamily(
        "arcadia_replica_up", "Whether the replica answered this scrape.", behind is not None
    )
    if behind:
        yield GaugeMetricFamily(
            "arcadia_replica_lag_bytes", "Log that the replica has still to replay.", behind[0]
        )
        yield GaugeMetricFamily("arcadia_replica_lag_seconds", "Age of what the replica shows.", behind[1])
