"""kill -9 at random instants of a backfill; the end must be that of a run never interrupted, row for row.

    python -m benchmarks.kills --database sqlite:////tmp/kills.sqlite3 --kills 200 --learners 5000

The database is EMPTIED again and again: name one of your own. Kills come in chains: a run is killed, gone on with
(`--resume`, or by a plain new run), killed again, and so on, and after the last kill of a chain it may end. At every
death the ledger must agree with the rows; at the end of a chain all tables, and the reject file, must be equal.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BAD_EVERY = 40


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", required=True, help="URL of a database that is emptied again and again")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--learners", type=int, default=5000)
    parser.add_argument("--chain", type=int, default=10, help="kills before a run may end (default: 10)")
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    os.environ["ARCADIA_DATABASE_URL"] = arguments.database
    os.environ.setdefault("ARCADIA_DEBUG", "1")
    os.environ["DJANGO_SETTINGS_MODULE"] = "arcadia.settings"
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        Trial(Path(folder), arguments).execute()


class Trial:
    """All chains of one database."""

    def __init__(self, folder: Path, arguments: argparse.Namespace) -> None:
        self.folder, self.arguments = folder, arguments
        self.chance = random.Random(arguments.seed)
        self.rejects = folder / "rejects.jsonl"

    def execute(self) -> None:
        import django

        # A pool would keep connections of its own, which could not be told from those of the dead.
        pool = {"ARCADIA_DATABASE_POOL_SIZE": "0", "ARCADIA_DATABASE_MAX_OVERFLOW": "0"}
        os.environ.update(pool)
        django.setup()
        for name in pool:
            del os.environ[name]
        self._generate()
        self._manage("migrate", "-v0").wait()
        self._empty()
        self.others = connections()
        began = time.monotonic()
        status = self._backfill().wait()
        whole = time.monotonic() - began
        assert status == 2, f"the run without interruption ended with {status}"
        expected, rejected = digests(), self._rejected()
        print(f"uninterrupted: {whole:.1f} s, {len(rejected)} rejected records", flush=True)
        kills = chains = 0
        while kills < self.arguments.kills:
            resume = chains % 2 == 0
            killed = self._chain(
                whole, min(self.arguments.chain, self.arguments.kills - kills), resume=resume
            )
            kills, chains = kills + killed, chains + 1
            found = digests()
            different = [table for table in expected if found[table] != expected[table]]
            assert not different, f"tables differ: {different}"
            # A plain new run writes a reject file of its own, which is whole as well.
            assert self._rejected() == rejected, "the reject files differ"
            how = "--resume" if resume else "a plain new run"
            print(f"{kills} kills survived; after {how} all tables and the reject file are equal", flush=True)

    def _chain(self, whole: float, kills: int, *, resume: bool) -> int:
        """Kill that many times, then let the run end. A run that ends before its kill does not count."""
        self._empty()
        self.rejects.unlink(missing_ok=True)
        killed = attempts = 0
        while killed < kills:
            process = self._backfill(*(["--resume"] if resume and self._unfinished() else []))
            # Starting takes a second or so; beyond it every instant is as likely as any other.
            time.sleep(self.chance.uniform(0.3, 1.5 + whole / max(1, kills // 2)))
            attempts += 1
            if process.poll() is None:
                killed += 1
            process.kill()
            process.wait()
            self._check_ledger()
            # Over before it was killed: there is nothing left to interrupt.
            if not self._unfinished() and process.returncode == 2:
                return killed
            assert attempts < 20 * kills, "runs end before they can be killed: use more learners"
        status = self._backfill(*(["--resume"] if resume and self._unfinished() else [])).wait()
        assert status == 2, f"the last run ended with {status}"
        self._check_ledger()
        return killed

    # --- the parts --------------------------------------------------------------------------------

    def _generate(self) -> None:
        words = [sys.executable, "-m", "benchmarks.generate_stores", "--out", str(self.folder)]
        subprocess.run(
            [*words, "--learners", str(self.arguments.learners)],
            check=True,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        (self.folder / "manifest.json").unlink(missing_ok=True)
        path = self.folder / "learner_profiles.json"
        path.write_bytes(b"[\n" + b",\n".join(_with_bad_ones(json.loads(path.read_bytes()))) + b"\n]")

    def _backfill(self, *words: str) -> subprocess.Popen[bytes]:
        fixed = ["--data-dir", str(self.folder), "--rejects", str(self.rejects), "--no-progress"]
        fixed += ["--batch-size", str(self.arguments.batch_size)]
        if "--resume" not in words:
            # A run from the beginning refuses a reject file that holds an earlier run's lines.
            self.rejects.unlink(missing_ok=True)
        return self._manage("backfill", *(words if "--resume" in words else fixed))

    def _manage(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _rejected(self) -> list[str]:
        return [json.loads(line)["place"] for line in self.rejects.read_text().splitlines()]

    def _unfinished(self) -> bool:
        from coach.legacy.running import ledger

        return ledger.unfinished() is not None

    def _empty(self) -> None:
        from django.db import connection

        from coach.models import BackfillFinding, BackfillRun, LearnerProfile

        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE coach_learnerprofile, coach_backfillrun CASCADE")
            return
        for model in (LearnerProfile, BackfillFinding, BackfillRun):
            model.objects.all().delete()

    def _check_ledger(self) -> None:
        """What the runs say they created is what is there; what they say they rejected is on record."""
        from coach.models import BackfillFinding, BackfillRun

        _wait_for_the_dead(self.others)
        runs = list(BackfillRun.objects.order_by("pk"))
        for store, model in _owners().items():
            said = sum(run.outcome_counts.get(store, {}).get("created", 0) for run in runs)
            assert said == model.count(), (
                f"the ledger says {said} {store} were created, there are {model.count()}"
            )
        rejected = sum(counts.get("rejected", 0) for run in runs for counts in run.outcome_counts.values())
        assert rejected == BackfillFinding.objects.count(), "rejects and findings differ"


def _with_bad_ones(people: dict[str, Any] | list[Any]) -> Iterator[bytes]:
    for number, person in enumerate(people.values() if isinstance(people, dict) else people):
        if number % BAD_EVERY == 0:
            yield json.dumps({"username": f"bad{number}", "goal": number}).encode()
        yield json.dumps(person).encode()


def _owners() -> dict[str, Any]:
    from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile

    return {
        "profiles": LearnerProfile.objects.all(),
        "submissions": AssessmentSubmission.objects.all(),
        "attachments": AttachmentMetadata.objects.filter(submission__isnull=True),
    }


def connections() -> int:
    """How many others are connected to the server's database; 0 where there is no server."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        [count] = cursor.fetchone()
    return int(count)


def _wait_for_the_dead(others: int) -> None:
    """Until the server has noticed that the killed process is gone, and taken back what it had begun."""
    for _ in range(600):
        if connections() <= others:
            return
        time.sleep(0.05)
    raise AssertionError("somebody else has connected to the database")


def digests() -> dict[str, str]:
    """A checksum of each table, numbers of rows and of runs aside."""
    return {
        table: hashlib.sha256("\n".join(map(repr, rows)).encode()).hexdigest() for table, rows in _tables()
    }


def _tables() -> Iterator[tuple[str, Iterator[tuple[Any, ...]]]]:
    from coach import models

    names = {
        models.LearnerProfile: ["username"],
        models.MemoryRecord: ["learner__username", "position"],
        models.CurriculumSchedule: ["learner__username"],
        models.ScheduleItem: ["schedule__learner__username", "position"],
        models.AssessmentSubmission: ["learner__username", "submission_id"],
        models.AttachmentMetadata: [
            "learner__username",
            "submission__submission_id",
            "position",
            "attachment_id",
        ],
    }
    for model, keys in names.items():
        fields: Any = model._meta.concrete_fields
        columns = [
            f.attname for f in fields if not f.primary_key and not f.is_relation and f.name != "imported_at"
        ]
        rows = model._base_manager.order_by(*keys).values_list(*keys, *columns)
        yield model.__name__, rows.iterator(chunk_size=500)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
