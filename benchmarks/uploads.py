"""Memory uploads under fire: several workers, some killed, a store that fails; every note must arrive once.

    python -m benchmarks.uploads [--notes 5000] [--workers 4] [--kills 2] [--failing 0.2]

Uses the database of ARCADIA_DATABASE_URL, which must be a throw-away one: all learners in it are removed.
Counts at a stand-in for the provider, whose failures have half the time done what was asked.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import django

PATIENCE_SECONDS = 1800.0


@dataclass
class Trial:
    """What is tried, and what came of it."""

    notes: int = 5000
    workers: int = 4
    kills: int = 2
    failing: float = 0.2
    attempts: int = 12
    seed: int = 1
    seconds: float = 0.0
    killed_at: list[float] = field(default_factory=list)
    uploads: Counter[str] = field(default_factory=Counter)
    attached: int = 0
    files: int = 0
    states: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)

    @property
    def repeated(self) -> int:
        """How many notes were uploaded more than once."""
        return sum(1 for count in self.uploads.values() if count > 1)

    @property
    def exact(self) -> bool:
        """Whether each note that was not given up is in the store, exactly once."""
        given_up = self.states.get("dead", 0)
        return (
            not self.repeated and self.attached >= self.notes - given_up and self.states.get("queued", 0) == 0
        )


def run(trial: Trial) -> Trial:
    """Queue the notes, start the workers, kill some at random instants, wait until the outbox is empty."""
    from coach.tests.agent import provider

    state = provider.State(failing=trial.failing, seed=trial.seed)
    server = provider.make_server(state)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    _write_notes(trial.notes)
    started = time.monotonic()
    with _workers(trial, address) as processes:
        _kill_some(trial, processes, address, started)
        _wait_until_empty()
    trial.seconds = time.monotonic() - started
    server.shutdown()
    server.server_close()
    _count(trial, state)
    return trial


def _write_notes(notes: int) -> None:
    from coach.models import LearnerProfile, MemoryUpload
    from coach.services import learners

    MemoryUpload.objects.all().delete()
    LearnerProfile.objects.all().delete()
    for number in range(notes):
        # At most 150 each: older ones would be withdrawn.
        learners.remember(username=f"learner-{number // 100}", note=f"note {number}", tags=("bench",))


@contextlib.contextmanager
def _workers(trial: Trial, address: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    processes = [_worker(trial, address) for _ in range(trial.workers)]
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=60)


def _worker(trial: Trial, address: str) -> subprocess.Popen[bytes]:
    terms = ["--lease-seconds", "16", "--backoff-seconds", "0.2", "--poll-seconds", "0.2"]
    command = [
        sys.executable,
        "manage.py",
        "upload_memories",
        "--loop",
        "--attempts",
        str(trial.attempts),
        *terms,
    ]
    environment = {**os.environ, "OPENAI_API_KEY": "any", "OPENAI_BASE_URL": address}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _kill_some(trial: Trial, processes: list[subprocess.Popen[bytes]], address: str, started: float) -> None:
    """Kill workers without a word at random instants; a new one takes each place, as a supervisor would."""
    chance = random.Random(trial.seed)
    for number in range(trial.kills):
        time.sleep(chance.uniform(2.0, 5.0))
        os.kill(processes[number].pid, signal.SIGKILL)
        processes[number].wait()
        trial.killed_at.append(round(time.monotonic() - started, 1))
        processes.append(_worker(trial, address))


def _wait_until_empty() -> None:
    from coach.models import MemoryUpload

    ends = time.monotonic() + PATIENCE_SECONDS
    while MemoryUpload.objects.filter(state="queued").exists():
        if time.monotonic() > ends:
            raise TimeoutError("the outbox did not run empty")
        time.sleep(0.2)


def _count(trial: Trial, state: object) -> None:
    from django.db.models import Count

    from coach.models import MemoryUpload
    from coach.tests.agent.provider import State

    assert isinstance(state, State)
    trial.uploads = state.uploads_by_name()
    trial.files = len(state.files)
    trial.attached = sum(len(files) for files in state.stores.values())
    trial.requests = dict(state.requests)
    trial.states = dict(MemoryUpload.objects.values_list("state").annotate(Count("pk")).order_by("state"))


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    django.setup()
    parser = argparse.ArgumentParser(
        description="Upload notes with workers that are killed and a store that fails."
    )
    for name in ("notes", "workers", "kills", "attempts", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Trial, name))
    parser.add_argument("--failing", type=float, default=Trial.failing)
    trial = run(Trial(**vars(parser.parse_args())))
    print(
        f"{trial.notes} notes, {trial.workers} workers, killed at {trial.killed_at} s, {trial.failing:.0%} failures"
    )
    print(f"{trial.seconds:.0f} s, {trial.notes / trial.seconds:.0f} notes/s; outbox: {trial.states}")
    print(
        f"at the store: {trial.files} files, {trial.attached} in vector stores, {trial.repeated} more than once"
    )
    print(f"requests: {trial.requests}")
    print("EXACT" if trial.exact else "NOT EXACT")
    return 0 if trial.exact else 1


if __name__ == "__main__":
    sys.exit(main())
