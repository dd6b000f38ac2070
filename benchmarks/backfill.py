"""What the backfill costs: first run, unchanged re-run, verify and export, beside plain ways of writing the same rows.

    python -m benchmarks.backfill --database postgresql://… --learners 10000 [--rounds 3] [--omissions] [--without NAME]

Plain ways: one COPY a table (in its text format, as pg_dump writes it), and the ORM's `bulk_create`, 200 rows at a time,
which takes so long that it is done just once, at the end.

`--omissions` leaves out every member that holds nothing and spells times with +00:00. `--without` turns one speed-up off: each
earns its keep, or goes.

The database is EMPTIED: name one of your own. Ratios of one round are comparable, absolute figures are not: the machine
has other things to do. Memory is the anonymous part (RssAnon) of the command's process at its highest.
"""

from __future__ import annotations

import argparse
import itertools
import os
import pickle
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from benchmarks import servers

ROOT = Path(__file__).resolve().parents[1]
MODELS = (
    "LearnerProfile",
    "MemoryRecord",
    "CurriculumSchedule",
    "ScheduleItem",
    "AssessmentSubmission",
    "AttachmentMetadata",
)
TABLES = tuple(f"coach_{name.lower()}" for name in MODELS)
_ROWS_AT_ONCE = 200
# What a command runs before it begins, to do without a speed-up.
ABLATIONS = {
    "fast codec": "settings.FAST_CODEC = False",
    "fast scanner": "from coach.legacy.reading.scanner import Cursor; Cursor._skip = lambda cursor, start: None",
    "decoding process": "from coach.legacy.running import worker_process; worker_process._can_fork = lambda: False",
}
_COMMAND = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
import django; django.setup()
from django.conf import settings
{}
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""
_ANONYMOUS = re.compile(r"RssAnon:\s+(\d+) kB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", required=True, help="URL of a PostgreSQL database that is emptied")
    parser.add_argument("--learners", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--omissions", action="store_true", help="records leave optional members out")
    parser.add_argument("--without", choices=ABLATIONS, help="turn one speed-up off")
    arguments = parser.parse_args()
    program = ["-c", _COMMAND.format(ABLATIONS[arguments.without])] if arguments.without else ["manage.py"]
    os.environ["DJANGO_SETTINGS_MODULE"] = "arcadia.settings"
    # As in production: with DEBUG, Django writes down every statement.
    os.environ["ARCADIA_DEBUG"] = ""
    with tempfile.TemporaryDirectory(prefix="backfill-") as folder:
        os.environ.update(servers.production(arguments.database, Path(folder)))
        stores = Path(folder) / "stores"
        words = [sys.executable, "-m", "benchmarks.generate_stores", "--learners", str(arguments.learners)]
        words += ["--omissions"] if arguments.omissions else []
        subprocess.run([*words, "--out", str(stores)], check=True, cwd=ROOT)
        manage("migrate", "-v0")
        rounds = [one_round(stores, Path(folder), program) for _ in range(arguments.rounds)]
        plain = rounds[-1]["first run"].seconds, bulk_create(Path(folder))
    show(rounds, arguments.learners)
    print(f"first run, times the rate of bulk_create ({plain[1]:.1f} s): {plain[1] / plain[0]:.1f}")


@dataclass
class Measured:
    """Seconds from start to end of a process, and the most anonymous memory it had, in MB."""

    seconds: float
    megabytes: float = 0.0


def one_round(stores: Path, folder: Path, program: list[str]) -> dict[str, Measured]:
    empty("coach_backfillrun")
    backfill = ("backfill", "--data-dir", str(stores), "--no-progress")
    found = {"first run": manage(*backfill, program=program)}
    found["unchanged re-run"] = manage(*backfill, program=program)
    found["verify"] = manage(*backfill, "--verify", program=program)
    found["export"] = manage(
        "export_stores", "--data-dir", str(folder / "export"), "--no-progress", program=program
    )
    found["plain COPY"] = Measured(copy_limit(folder))
    for name, measured in found.items():
        print(f"{name:>17}: {measured.seconds:7.1f} s {measured.megabytes:6.0f} MB", flush=True)
    return found


def manage(*words: str, program: Sequence[str] = ("manage.py",)) -> Measured:
    """Run a command to its end and watch its memory."""
    began, most = time.monotonic(), 0
    process = subprocess.Popen([sys.executable, *program, *words], cwd=ROOT, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        most = max(most, anonymous_kilobytes(process.pid))
        time.sleep(0.05)
    assert process.returncode == 0, f"{words} ended with {process.returncode}"
    return Measured(time.monotonic() - began, most / 1024)


def anonymous_kilobytes(process: int) -> int:
    try:
        found = _ANONYMOUS.search(Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0


def empty(*more: str) -> None:
    with connect() as connection:
        connection.execute(f"TRUNCATE {', '.join(('coach_learnerprofile', *more))} CASCADE")
        connection.execute("CHECKPOINT")


def copy_limit(folder: Path) -> float:
    """Seconds that COPY takes for the rows that are there: into the same tables, emptied, indexes and all."""
    with connect() as connection:
        for table in TABLES:
            with (
                (folder / table).open("wb") as file,
                connection.cursor().copy(f"COPY {table} TO STDOUT") as copy,
            ):
                for piece in copy:
                    file.write(piece)
    empty()
    began = time.monotonic()
    with connect() as connection, connection.transaction():
        for table in TABLES:
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                for piece in pieces(folder / table):
                    copy.write(piece)
    return time.monotonic() - began


def bulk_create(folder: Path) -> float:
    """Seconds that the ORM takes for the rows that are there, made and numbered beforehand."""
    import django

    django.setup()
    from django.apps import apps
    from django.db import transaction

    models = [apps.get_model("coach", name) for name in MODELS]
    for model in models:
        with (folder / model.__name__).open("wb") as file:
            for row in model._base_manager.order_by("pk").iterator(_ROWS_AT_ONCE):
                pickle.dump(row, file)
    empty()
    taken = 0.0
    for model in models:
        with (folder / model.__name__).open("rb") as file, transaction.atomic():
            while rows := list(itertools.islice(unpickled(file), _ROWS_AT_ONCE)):
                began = time.monotonic()
                model._base_manager.bulk_create(rows)
                taken += time.monotonic() - began
    return taken


def unpickled(file: BinaryIO) -> Iterator[Any]:
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1024 * 1024):
            yield piece


def connect() -> Any:
    import psycopg

    url = os.environ["ARCADIA_DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")
    return psycopg.connect(url, autocommit=True)


def show(rounds: list[dict[str, Measured]], learners: int) -> None:
    records = learners * 4
    print(f"\n{learners:,} learners, {learners * 3:,} submissions; medians of {len(rounds)} rounds")
    for name in rounds[0]:
        seconds = statistics.median(found[name].seconds for found in rounds)
        print(f"{name:>17}: {seconds:7.1f} s, {records / seconds:8,.0f} records/s")
    limit = [found["plain COPY"].seconds / found["first run"].seconds for found in rounds]
    again = [found["first run"].seconds / found["unchanged re-run"].seconds for found in rounds]
    print(
        f"first run, of the COPY limit: {statistics.median(limit):.2f} ({min(limit):.2f} to {max(limit):.2f})"
    )
    print(f"unchanged re-run, times the first run's rate: {statistics.median(again):.1f}")
    for name in ("verify", "export"):
        ratio = statistics.median(found["first run"].seconds / found[name].seconds for found in rounds)
        print(f"{name}, times the first run's rate: {ratio:.1f}")
    for name in ("first run", "unchanged re-run", "verify", "export"):
        most = max(found[name].megabytes for found in rounds)
        print(f"{name:>17}: at most {most:.0f} MB of anonymous memory")


if __name__ == "__main__":
    main()
