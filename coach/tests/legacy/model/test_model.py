"""The backfill and everything around it, against the model: a short walk here, long ones in `benchmarks/model.py`."""

from __future__ import annotations

import os
import subprocess
import sys

from coach.tests.legacy.model import databases
from coach.tests.legacy.model.world import ROOT

STEPS = 45
# What is enough on a busy machine.
SECONDS = 12


def test_every_door_does_what_the_model_says(tmp_path):
    """In a process and a database of its own: commands close connections, are killed, and commit."""
    with databases.another(tmp_path) as url:
        words = ["--steps", str(STEPS), "--seconds", str(SECONDS), "--seed", "1"]
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.model", *words],
            cwd=ROOT,
            env={**os.environ, "ARCADIA_DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
