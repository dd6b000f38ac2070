"""Reads while the model is slow: many calls that take long are in flight, and reads must keep their latency.

    python -m benchmarks.slow_model [--calls 30] [--seconds 8] [--threads 48] [--reads 300]

Uses the database of ARCADIA_DATABASE_URL, to which it adds one learner. One gunicorn process, threads only.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import django

USERNAME = "slow-model-reader"


@dataclass
class Trial:
    """What is tried, and what came of it; latencies in milliseconds."""

    calls: int = 30
    seconds: float = 8.0
    threads: int = 48
    reads: int = 300
    alone: list[float] = field(default_factory=list)
    meanwhile: list[float] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    in_flight: int = 0
    held: int | None = None


def run(trial: Trial) -> Trial:
    """Read alone, then read while all calls are in flight."""
    from coach.tests import serving
    from coach.tests.contract import fake_model

    script = fake_model.Script(None)
    script.load([{"answer": {"text": "late", "delay": trial.seconds}, "times": 0}])
    model = fake_model.make_server(0, script)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    environment = {
        **os.environ,
        "ARCADIA_DEBUG": "1",
        "OPENAI_API_KEY": "any",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{model.server_address[1]}/v1",
    }
    _write_learner()
    with serving.server(environment, threads=trial.threads) as address:
        _time_reads(address, 20)
        trial.alone = _time_reads(address, trial.reads)
        with ThreadPoolExecutor(trial.calls) as pool:
            asked = [pool.submit(_ask, address) for _ in range(trial.calls)]
            _wait_for(lambda: len(script.requests) == trial.calls)
            trial.held = _held(address)
            trial.meanwhile = _time_reads(address, trial.reads)
            trial.in_flight = sum(not call.done() for call in asked)
            trial.answered = [call.result() for call in asked]
    model.shutdown()
    model.server_close()
    return trial


def _write_learner() -> None:
    from coach.models import LearnerProfile
    from coach.tests import cast

    if not LearnerProfile.objects.named(USERNAME).exists():
        cast.learner(cast.AMARA, username=USERNAME)


def _ask(address: str) -> int:
    body = b'{"message": "think", "metadata": {"username": "slow-model-reader"}}'
    request = urllib.request.Request(
        f"{address}/api/session/chat", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return int(answer.status)


def _time_reads(address: str, reads: int) -> list[float]:
    return [_time_read(f"{address}/api/profile/{USERNAME}") for _ in range(reads)]


def _time_read(url: str) -> float:
    started = time.perf_counter()
    with urllib.request.urlopen(url, timeout=30) as answer:
        answer.read()
    return (time.perf_counter() - started) * 1000


def _held(address: str) -> int | None:
    """How many connections of the server's pool are in use besides the one that answers this; None without a pool."""
    with urllib.request.urlopen(f"{address}/healthz/database", timeout=30) as answer:
        pool = json.load(answer)["pool"]
    return pool["pool_size"] - pool["pool_available"] - 1 if pool else None


def _wait_for(reached: Callable[[], bool], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > ends:
            raise TimeoutError("the calls did not get through")
        time.sleep(0.02)


def figures(latencies: list[float]) -> tuple[float, float]:
    """The median and the 99th of a hundred."""
    return statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    django.setup()
    parser = argparse.ArgumentParser(description="Time reads while calls of a slow model are in flight.")
    for name in ("calls", "threads", "reads"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Trial, name))
    parser.add_argument("--seconds", type=float, default=Trial.seconds)
    trial = run(Trial(**vars(parser.parse_args())))
    for name, latencies in (("alone", trial.alone), ("meanwhile", trial.meanwhile)):
        median, slowest = figures(latencies)
        print(f"{name:10} median {median:.1f} ms, p99 {slowest:.1f} ms, {len(latencies)} reads")
    print(
        f"{trial.in_flight} of {trial.calls} calls still in flight after the last read; threads: {trial.threads}"
    )
    print(f"connections to the database that the calls held: {trial.held}")
    print(f"calls answered 200: {trial.answered.count(200)} of {trial.calls}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
