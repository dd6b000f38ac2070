"""A synchronous standby that is promoted under load: what was acknowledged must be there, and service be back at once."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from benchmarks import servers
from benchmarks.scale import comparing
from benchmarks.scale.pooler import manage
from coach.tests import postgres

CLIENTS = 8
MOST_SECONDS = 2.0


def main(rounds: int) -> bool:
    """Each round has a new standby of the server that was promoted in the round before."""
    good = True
    with tempfile.TemporaryDirectory(prefix="arcadia-scale-") as name, contextlib.ExitStack() as stack:
        primary = stack.enter_context(postgres.cluster())
        manage(environment(Path(name), primary), "migrate", "-v0")
        for number in range(rounds):
            follower = stack.enter_context(standby(primary))
            synchronous(primary)
            alone = environment(Path(name), primary)
            with servers.serve(environment(Path(name), primary, follower), log=Path(name) / "log") as service:
                # Each round has learners of its own.
                names = [f"learner-{number}-{each}" for each in range(CLIENTS)]
                manage(alone, "shell", "-v0", "-c", comparing.LEARNERS.format(names=names))
                clients = [comparing.Learner([service.address], each) for each in names]
                took, gap = promote(primary, follower, clients, before=5, after=8)
            lost = comparing.acknowledged(clients) - stored(follower)
            faults = comparing.faults(clients)
            print(
                f"promotion {number + 1}: took {took:.1f} s, longest gap of a client {gap:.1f} s, "
                f"{len(comparing.acknowledged(clients)):,} writes acknowledged, {len(lost)} lost, "
                f"clients saw {comparing.statuses(clients)}",
                *faults[:5],
                sep="\n  ",
                flush=True,
            )
            good &= not lost and not faults and gap - took <= MOST_SECONDS
            primary = follower
    return good


@contextlib.contextmanager
def standby(primary: postgres.Cluster) -> Iterator[postgres.Standby]:
    made = postgres.Standby(primary)
    try:
        yield made
    finally:
        made.remove()


def synchronous(primary: postgres.Cluster) -> None:
    """Acknowledge nothing that a standby does not have; returns once there is one."""
    with psycopg.connect(primary.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")
        until = time.monotonic() + 20
        while time.monotonic() < until:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
            ).fetchone()
            if row and row[0]:
                return
            time.sleep(0.05)
    raise RuntimeError("the standby did not become synchronous")


def environment(
    folder: Path, primary: postgres.Cluster, follower: postgres.Cluster | None = None
) -> dict[str, str]:
    """The environment of a server that finds whichever of the two is the primary, and reads lists from the other."""
    if follower is None:
        return servers.production(primary.url, folder, DEBUG="1")
    both = f"{primary.url.removesuffix('/arcadia')},{follower.url.partition('@')[2]}"
    url = f"{both}?target_session_attrs=read-write"
    return servers.production(url, folder, DEBUG="1", DATABASE_REPLICA_URL=follower.url)


def promote(
    primary: postgres.Cluster,
    follower: postgres.Standby,
    clients: list[comparing.Learner],
    *,
    before: float,
    after: float,
) -> tuple[float, float]:
    """Kill the primary under load and promote the standby: seconds until that was done, and the longest gap of a client."""
    with comparing.at_once(clients, pause=0.05):
        time.sleep(before)
        began = time.monotonic()
        primary.kill()
        follower.promote()
        took = time.monotonic() - began
        time.sleep(after)
    return took, max(client.seen.gap for client in clients)


def stored(cluster: postgres.Cluster) -> set[str]:
    """The marks of the submissions that a server holds."""
    with psycopg.connect(cluster.url) as connection:
        rows = connection.execute("SELECT metadata->>'mark' FROM coach_assessmentsubmission").fetchall()
        return {str(mark) for (mark,) in rows}
