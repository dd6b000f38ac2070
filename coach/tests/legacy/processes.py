"""The commands as an operator starts them: processes on the test's database, with exit statuses and messages."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import kills
from coach.models import BackfillRun, LearnerProfile
from coach.tests.legacy.conftest import Stores
from coach.tests.management.commands.test_backfill import environment

ROOT = Path(__file__).parents[3]


@dataclass
class Ended:
    """How a process ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return f"status {self.status}\n{self.out}{self.err}"

    @property
    def next_command(self) -> list[str]:
        """The words after `python manage.py` of the command that it names at the end."""
        *_, last = self.out.splitlines()
        words = shlex.split(last)
        assert words[:3] == ["next:", "python", "manage.py"], last
        return words[3:]


def with_pauses(*pauses: float) -> str:
    """A program for `start`: manage.py, with other waits between the attempts of a run; seconds."""
    lines = (
        "import django; django.setup(); from coach.legacy.running import retry",
        f"retry.PAUSES = {pauses}",
    )
    return "-c " + shlex.quote("; ".join([*lines, "import manage; manage.main()"]))


def start(
    *words: object, program: str = "manage.py", env: dict[str, str] | None = None, **options: Any
) -> subprocess.Popen[str]:
    """A command that is at work; `program` is what stands before its words, `env` goes beyond `environment`."""
    command = [sys.executable, *shlex.split(program), *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=ROOT, env=environment() | (env or {}), stdout=pipe, stderr=pipe, text=True, **options
    )


def end(process: subprocess.Popen[str]) -> Ended:
    """Wait for its end."""
    out, err = process.communicate(timeout=120)
    return Ended(process.returncode, out, err)


def manage(*words: object, **options: Any) -> Ended:
    """A command from its beginning to its end."""
    return end(start(*words, **options))


def wait_until(condition: Callable[[], Any], *, seconds: float = 30) -> Any:
    """What the condition answers once that is something; fails when it never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.005)
    raise AssertionError("what was waited for did not happen")


def left_by(stores: Stores) -> tuple[Any, bytes]:
    """What a run over these stores left: a checksum of each table, and the reject file."""
    return kills.digests(), stores.rejects.read_bytes()


def undisturbed(stores: Stores) -> tuple[Any, bytes]:
    """What a run leaves that nothing comes between; all of it is put away again."""
    stores.backfill()
    found = left_by(stores)
    empty()
    stores.rejects.unlink()
    return found


def empty() -> None:
    """Forget all learners and runs."""
    LearnerProfile.objects.all().delete()
    BackfillRun.objects.all().delete()
