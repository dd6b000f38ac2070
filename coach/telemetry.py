"""Events about what the service does, for operators: names, durations, counts; never contents.

Each event is one log record of the logger `coach.telemetry`, with its members as `event` data, and is
counted for /metrics. The metrics of requests and of the connection pool live here too: whoever
observes something reports it here, and only `services.metrics` reads it.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

_logger = logging.getLogger("coach.telemetry")

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)

_events = Counter("arcadia_events", "What the service did, by event and how it ended.", ["event", "outcome"])
_event_seconds = Histogram("arcadia_event_seconds", "Duration of timed events.", ["event"], buckets=_SECONDS)
_requests = Counter("arcadia_http_requests", "Requests answered.", ["method", "route", "status"])
_request_seconds = Histogram(
    "arcadia_http_request_seconds", "Time to answer a request.", ["method", "route"], buckets=_SECONDS
)
_api_calls = Counter("arcadia_api_calls", "Calls of the API, by the token they brought.", ["token"])
# Summed over the processes of one machine; those of a process that ended are gone.
_pool_connections = Gauge(
    "arcadia_database_pool_connections", "Connections of the pool.", ["state"], multiprocess_mode="livesum"
)
_pool_waiting = Gauge(
    "arcadia_database_pool_waiting", "Requests that wait for a connection.", multiprocess_mode="livesum"
)
_pool_events = Counter(
    "arcadia_database_pool_events",
    "What happened to the pool: requests, queued, errors, lost connections.",
    ["what"],
)
_POOL_EVENTS = "requests_num requests_queued requests_errors connections_errors connections_lost".split()
_pool_seen: dict[str, int] = {}


def emit(event: str, **members: Any) -> None:
    """Report one event. Members are numbers, flags and short words."""
    _logger.info(event, extra={"event": event, "members": members})
    _events.labels(event, str(members.get("status") or members.get("by") or "")).inc()


@contextmanager
def timed(event: str, **members: Any) -> Iterator[dict[str, Any]]:
    """Report an event when the block ends, with its duration in milliseconds and a status.

    The block may add members to the dictionary it gets. An exception makes the status `error` and goes on.
    """
    started = time.perf_counter()
    found: dict[str, Any] = {"status": "success", **members}
    try:
        yield found
    except Exception as error:
        found["status"] = "error"
        found["error"] = type(error).__name__
        raise
    finally:
        seconds = time.perf_counter() - started
        found["duration_ms"] = round(seconds * 1000, 2)
        _event_seconds.labels(event).observe(seconds)
        emit(event, **found)


def request_answered(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count a request; `route` is the pattern that served it, never the path, which names learners."""
    _requests.labels(method, route, status).inc()
    _request_seconds.labels(method, route).observe(seconds)


def api_call(token: str) -> None:
    """Count a call of the API; `token` is `none`, `valid` or `refused`."""
    _api_calls.labels(token).inc()


def pool_observed(counters: Mapping[str, int]) -> None:
    """Report the counters of this process's connection pool, as psycopg names them."""
    size, available = counters.get("pool_size", 0), counters.get("pool_available", 0)
    _pool_connections.labels("open").set(size)
    _pool_connections.labels("in_use").set(max(0, size - available))
    _pool_connections.labels("limit").set(counters.get("pool_max", 0))
    _pool_waiting.set(counters.get("requests_waiting", 0))
    for name in _POOL_EVENTS:
        _pool_events.labels(name).inc(max(0, counters.get(name, 0) - _pool_seen.get(name, 0)))
        _pool_seen[name] = counters.get(name, 0)
