"""The service at half its peak for a long time: memory must stay flat, no answer be an error, no pool run dry.

    ARCADIA_DATABASE_URL=postgresql://… python -m benchmarks.soak [--minutes 20]

on a PostgreSQL database that is empty or was filled by `benchmarks.reads`. First finds the peak, then asks at
half of it: of ten requests seven read a profile, two a schedule, one writes (refreshes, submissions,
status changes, in turn). A line each minute; status 1 when something was not as it must be.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import load, reads, servers

CONNECTIONS = 16
# Memory is compared with that after the warm-up; allocators and caches settle within it.
WARM_UP_SECONDS = 60
MOST_GROWTH = 0.10


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, help="requests a second (default: half the peak, found first)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="arcadia-soak-") as folder:
        environment = servers.production(os.environ["ARCADIA_DATABASE_URL"], Path(folder))
        os.environ.update(environment)
        usernames = reads.prepare(Path(folder))
        with servers.serve(environment) as service:
            mixed = _mixed(usernames)
            peak = load.run(service.address, mixed, connections=CONNECTIONS, seconds=10).rate
            rate = arguments.rate or peak / 2
            print(f"peak {peak:.0f}/s; soaking at {rate:.0f}/s", flush=True)
            load.run(service.address, mixed, connections=CONNECTIONS, seconds=WARM_UP_SECONDS, rate=rate)
            return _soak(service, mixed, rate, arguments.minutes)


def _soak(service: servers.Server, mixed: Iterator[bytes], rate: float, minutes: float) -> int:
    first = service.memory()
    answered, errors, memories = 0, 0, [first]
    until = time.monotonic() + minutes * 60
    while (left := until - time.monotonic()) > 1:
        outcome = load.run(service.address, mixed, connections=CONNECTIONS, seconds=min(60, left), rate=rate)
        answered += len(outcome.latencies)
        errors += sum(count for status, count in outcome.statuses.items() if status >= 400)
        errors += sum(outcome.failures.values())
        memories.append(service.memory())
        print(
            f"{outcome.rate:.0f}/s, p50 {outcome.quantile(0.5):.1f} ms, p99 {outcome.quantile(0.99):.1f} ms, "
            f"memory {memories[-1] / 2**20:.0f} MiB, {dict(outcome.statuses)} {dict(outcome.failures)}",
            flush=True,
        )
    exhausted = _pool_errors(service)
    # Quarters, since one look may fall into a collection of garbage.
    quarter = max(1, len(memories) // 4)
    early, late = (sum(part) / len(part) for part in (memories[:quarter], memories[-quarter:]))
    print(
        f"{answered:,} answers, {errors} errors, pool errors {exhausted:.0f}, memory of the first quarter "
        f"{early / 2**20:.1f} MiB, of the last {late / 2**20:.1f} MiB"
    )
    return int(bool(errors or exhausted or late > early * (1 + MOST_GROWTH)))


def _pool_errors(service: servers.Server) -> float:
    """Requests of all workers that got no connection in time."""
    with urllib.request.urlopen(f"{service.address}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    wanted = 'arcadia_database_pool_events_total{what="requests_errors"}'
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(wanted))


def _mixed(usernames: Sequence[str]) -> Iterator[bytes]:
    names = itertools.cycle(usernames)
    writes = itertools.cycle(
        [reads._refreshes(usernames), reads._submissions(usernames), _status_changes(usernames)]
    )
    for number in itertools.count():
        if number % 10 == 9:
            yield next(next(writes))
        elif number % 10 in (3, 6):
            yield load.get(f"/api/profile/{next(names)}/schedule")
        else:
            yield load.get(f"/api/profile/{next(names)}")


def _status_changes(usernames: Sequence[str]) -> Iterator[bytes]:
    body = json.dumps({"status": "in_progress"}).encode()
    for username in itertools.cycle(usernames):
        yield load.post(f"/api/onboarding/{username}/assessment/status", body)


if __name__ == "__main__":
    sys.exit(main())
