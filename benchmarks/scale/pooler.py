"""Behind PgBouncer in transaction mode: mixed load, with imports, exports and the staff's exports beside it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.scale import comparing
from coach.tests import pgbouncer, postgres

CLIENTS = 16
NAMES = [f"learner-{number}" for number in range(CLIENTS)]
# With the clients' learners fewer than an export needs to be left to the worker.
IMPORTED = 150
# Learners for the clients, and a member of staff.
PREPARE = comparing.LEARNERS.format(names=NAMES) + comparing.STAFF.format(password=comparing.PASSWORD)


def main(minutes: float) -> bool:
    """On a server and a PgBouncer of its own; prints what was seen."""
    with (
        tempfile.TemporaryDirectory(prefix="arcadia-scale-") as name,
        postgres.cluster() as cluster,
        pgbouncer.in_front_of(pgbouncer.members(cluster.url)) as url,
    ):
        environment = behind(url, cluster.url, Path(name))
        manage(environment, "migrate", "-v0")
        manage(environment, "shell", "-v0", "-c", PREPARE)
        seen = mixed([environment], Path(name), seconds=minutes * 60, pause=0.05)
        print("\n".join(seen["faults"]) or "every answer was as it was written")
        print({name: value for name, value in seen.items() if name != "faults"})
        return not seen["faults"]


def behind(url: str, direct: str, folder: Path, **changes: str) -> dict[str, str]:
    """The environment of a server behind the pooler; with DEBUG for the staff's pages, which then need no `collectstatic`."""
    return servers.production(
        url, folder, DATABASE_POOLER="transaction", DATABASE_DIRECT_URL=direct, DEBUG="1", **changes
    )


def manage(environment: Mapping[str, str], *arguments: str) -> None:
    """A command in a process of its own. Raises CalledProcessError."""
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, env=dict(environment), check=True, stdout=subprocess.DEVNULL)


def mixed(
    environments: Sequence[Mapping[str, str]],
    folder: Path,
    *,
    seconds: float,
    pause: float,
    also: Callable[[Sequence[str], comparing.Staff], None] = lambda addresses, staff: None,
) -> dict[str, Any]:
    """Load for so long, with a round of everything beside it again and again; the faults, and what was counted.

    Each environment is an instance, and the clients' requests go to them in turn. With 0 seconds there is one round, which
    does everything at once. `also` is done in the end, under the load.
    """
    with contextlib.ExitStack() as stack:
        logs = [folder / f"log-{number}" for number in range(len(environments))]
        instances = [
            stack.enter_context(servers.serve(each, log=log))
            for each, log in zip(environments, logs, strict=True)
        ]
        addresses = [each.address for each in instances]
        clients = [comparing.Learner(addresses, name) for name in NAMES]
        staff = comparing.Staff(addresses)
        until, rounds, faults = time.monotonic() + seconds, 0, []
        stack.enter_context(comparing.at_once(clients, pause))
        stack.callback(staff.close)
        staff.sign_in()
        while not rounds or time.monotonic() < until:
            rounds += 1
            faults += _beside(
                environments[0], folder / str(rounds), staff, clients, rounds, in_turn=seconds > 0
            )
        also(addresses, staff)
    everybody = [*clients, staff]
    statuses = comparing.statuses(everybody)
    faults += comparing.faults(everybody)
    faults += [
        f"{number} answers were {status}" for status, number in statuses.items() if status[0] not in "23"
    ]
    submissions = len(comparing.acknowledged(clients))
    return {"faults": faults, "answers": statuses, "submissions": submissions, "rounds": rounds}


def _beside(
    environment: Mapping[str, str],
    folder: Path,
    staff: comparing.Staff,
    clients: list[comparing.Learner],
    number: int,
    *,
    in_turn: bool,
) -> list[str]:
    """A backfill, its verification, an export and a staff's export, each compared with what there must be."""
    folder.mkdir()
    goals = {f"imported-{each}": f"Goal {number} of {each}" for each in range(IMPORTED)}
    store = folder / "profiles.json"
    store.write_text(json.dumps({name: {"username": name, "goal": goal} for name, goal in goals.items()}))
    before = comparing.acknowledged(clients)
    backfill = ["backfill", "--profiles", str(store), "--batch-size", "20", "--no-progress"]
    commands = [backfill, [*backfill, "--verify"], ["export_stores", "--data-dir", str(folder / "export")]]
    if in_turn:
        for command in commands:
            manage(environment, *command)
    else:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda command: manage(environment, *command), [commands[0], commands[2]]))
    stores = {path.stem: json.loads(path.read_text()) for path in (folder / "export").glob("*.json")}
    # Of a list that does not grow meanwhile: the staff confirm a number of rows.
    shown = json.loads(staff.export("learnerprofile"))
    wanted = {name: f"The goal of {name}" for name in NAMES}
    faults = []
    for what, found in (
        ("export", {name: each.get("goal") for name, each in stores["learner_profiles"].items()}),
        ("staff's export", {each["username"]: each["goal"] for each in shown}),
    ):
        # An export beside the import sees any part of it.
        must = wanted if what == "export" and not in_turn else wanted | goals
        if {name: found.get(name) for name in must} != must:
            faults.append(f"{what} {number}: other goals")
    return faults + _submissions(stores["assessment_submissions"], before, f"export {number}")


def _submissions(store: Mapping[str, Any], acknowledged: set[str], what: str) -> list[str]:
    marks = {(name, entry["metadata"]["mark"]) for name, entries in store.items() for entry in entries}
    faults = [f"{what}: no {mark}" for mark in acknowledged - {mark for _, mark in marks}]
    return faults + [f"{what}: {mark} of {name}" for name, mark in marks if not mark.startswith(f"{name}-")]
