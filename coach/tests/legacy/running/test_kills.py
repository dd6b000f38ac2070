"""A backfill that is killed: resumed or started again, it ends like one that was not. benchmarks/kills.py does it at length."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from coach.tests.management.commands.test_backfill import environment

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[4]


def test_kill_9_at_random_instants_loses_nothing(tmp_path):
    database = environment()["ARCADIA_DATABASE_URL"]
    words = ["--database", database, "--kills", "2", "--chain", "1", "--learners", "40", "--batch-size", "5"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.kills", *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all tables and the reject file are equal" in done.stdout
