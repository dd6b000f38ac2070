"""`manage.py backfill`: the legacy stores go into the database. Arguments in, rendering out."""

from __future__ import annotations

import getpass
import json
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from coach.legacy.deciding.compare import OnConflict
from coach.legacy.proving import verify
from coach.legacy.reading import inputs
from coach.legacy.reading.inputs import ChangedInput, Inputs
from coach.legacy.reading.opening import RefusedFile
from coach.legacy.reading.store_file import ChangedFile
from coach.legacy.running import ledger, worker_process
from coach.legacy.running.backfill import Backfill, DatabaseFailed, Limit, Options, Stopped, Summary
from coach.legacy.running.lock import LockHeld, RunLock
from coach.legacy.running.reject_file import RejectFile
from coach.legacy.stores import Store
from coach.management import arguments as types
from coach.management import rendering
from coach.models import BackfillRun
from coach.services import assessments, memory_uploads

CLEAN, REFUSED, FINDINGS, ABORTED, DIFFERENCES, LOCKED, CHANGED, FAILED, INTERRUPTED = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    130,
)
_STATE_STATUS = {ledger.State.ABORTED: ABORTED, ledger.State.INTERRUPTED: INTERRUPTED}
LATEST = "latest"


class Command(BaseCommand):
    help = "Imports legacy stores. Running it again is harmless; docs/operations-backfill.md explains everything."
    # The checks would load every view and screen; the server and CI run them.
    requires_system_checks = ()
    stop_requested = False

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add(
            "--data-dir", type=Path, help="where the three store files lie (default: ARCADIA_LEGACY_DATA_DIR)"
        )
        for store in Store:
            add(
                f"--{store}",
                type=types.file,
                metavar="FILE",
                help=f"the store of {store}, instead of the one in --data-dir",
            )
        add(
            "--attachment-files",
            type=Path,
            metavar="DIR",
            help="copy the attachments' bytes from below this folder",
        )
        doing = parser.add_mutually_exclusive_group()
        doing.add_argument("--dry-run", action="store_true", help="say what would happen, write nothing")
        doing.add_argument(
            "--verify", action="store_true", help="compare the database with the stores, write nothing"
        )
        doing.add_argument(
            "--resume", nargs="?", const=LATEST, metavar="RUN", help="go on with an unfinished run"
        )
        add(
            "--retry-rejected", type=Path, metavar="FILE", help="import the (mended) records of a reject file"
        )
        add(
            "--username",
            action="append",
            type=types.username,
            metavar="NAME",
            help="only this learner; may be repeated",
        )
        add("--batch-size", type=types.batch_size, metavar="N", help="records per transaction (default: 500)")
        add("--on-conflict", choices=[str(word) for word in OnConflict], help="default: report")
        add(
            "--max-rejects",
            type=types.limit,
            metavar="N|P%",
            help="stop after that many rejects, or that share of all records",
        )
        add(
            "--rejects",
            type=Path,
            metavar="FILE",
            help="where rejected records go (default: below var/backfill)",
        )
        add(
            "--queue-uploads",
            action="store_true",
            help="afterwards, queue the memory notes that were never queued for upload",
        )
        add("--report", type=Path, metavar="FILE", help="write the outcome as JSON, too")
        add("--format", choices=["text", "json"], default="text", help="what is printed at the end")
        add("--no-progress", action="store_true", help="show no progress")

    def handle(self, *args: Any, **arguments: Any) -> None:
        self.arguments = arguments
        if arguments["retry_rejected"] and arguments["retry_rejected"] == arguments["rejects"]:
            raise CommandError("--rejects must be another file than the one that --retry-rejected reads")
        if (
            self._names_stores()
            and not any(arguments[store] for store in Store)
            and not arguments["data_dir"]
        ):
            self.stdout.write("no store file is named: there is nothing to import")
            sys.exit(CLEAN)
        try:
            status = self._verify() if arguments["verify"] else self._import_beside()
        except RefusedFile as error:
            status = self._refuse(f"refused, nothing was written: {error}", REFUSED)
        except ChangedInput as error:
            status = self._refuse(f"the input changed since the run that is to be resumed: {error}", CHANGED)
        except LockHeld as error:
            status = self._refuse(f"another run holds the lock: {error}", LOCKED)
        except (OperationalError, InterfaceError) as error:
            # Its kind only: the driver's text may quote a statement.
            status = self._refuse(f"stopped: the database failed: {type(error).__name__}", FAILED)
        if arguments["queue_uploads"] and status in (CLEAN, FINDINGS) and not self._only_looks():
            queued = memory_uploads.queue_missing()
            self.stderr.write(
                f"{queued} memory notes queued for upload; manage.py upload_memories uploads them"
            )
        sys.exit(status)

    def _only_looks(self) -> bool:
        return bool(self.arguments["verify"] or self.arguments["dry_run"])

    # --- importing --------------------------------------------------------------------------------

    def _import_beside(self) -> int:
        # Before anything else: it may fork.
        with worker_process.beside() as self.submit:
            return self._import()

    def _import(self) -> int:
        if self.arguments["dry_run"]:
            with self._inputs() as found:
                self._say_absent(found)
                return self._run(found, self._options(), None, None)
        with RunLock() as lock:
            ledger.mark_dead()
            if self.arguments["resume"]:
                return self._resume(lock)
            explicit = self._explicit_rejects()
            if explicit and explicit.has_lines():
                return self._refuse(
                    f"refused, nothing was written: {explicit.path} holds rejected records of an earlier run; "
                    f"mend them and use --retry-rejected {explicit.path}, or name another file",
                    REFUSED,
                )
            with self._inputs() as found:
                self._say_absent(found)
                run = ledger.start(
                    source=BackfillRun.Source.COMMAND,
                    actor=getpass.getuser(),
                    version=settings.VERSION,
                    options=self._remembered(),
                    files=[file.describe() for file in found.files],
                )
                rejects = self._reject_file(run)
                return self._run(found, self._options(), run, rejects, lock)

    def _resume(self, lock: RunLock) -> int:
        run = self._run_to_resume()
        if run is None:
            return self._refuse("there is no unfinished run to resume", REFUSED)
        self._recall(json.loads(run.options))
        with inputs.of_run(json.loads(run.files)) as found:
            reject_file = self._reject_file(run)
            if run.checkpoint_store:
                reject_file.keep_before(Store(run.checkpoint_store), run.checkpoint_ordinal)
            ledger.take_over(run)
            return self._run(found, self._options(), run, reject_file, lock)

    def _recall(self, remembered: dict[str, Any]) -> None:
        """Take over the options of the run that is resumed, but for those that may be said anew."""
        for name, value in remembered.items():
            if name in _RENEWABLE and self.arguments[name] is not None:
                continue
            self.arguments[name] = _RECALL.get(name, lambda value: value)(value)

    def _run_to_resume(self) -> BackfillRun | None:
        wanted = self.arguments["resume"]
        if wanted == LATEST:
            return ledger.unfinished()
        rows = BackfillRun.objects.filter(
            source=BackfillRun.Source.COMMAND, pk=int(wanted) if wanted.isdecimal() else 0
        )
        return rows.exclude(state__in=(ledger.State.DONE, ledger.State.DONE_WITH_REJECTS)).first()

    def _run(
        self,
        found: Inputs,
        options: Options,
        run: BackfillRun | None,
        rejects: RejectFile | None,
        lock: RunLock | None = None,
    ) -> int:
        with self._signals(), self._progress() as progress:
            backfill = Backfill(
                files=found.files,
                options=options,
                derive=assessments.extended,
                run=run,
                rejects=rejects,
                progress=progress,
                stop=lambda: self.stop_requested,
                confirm=lock.confirm if lock else lambda: None,
                submit=self.submit,
            )
            status = self._execute(backfill)
        self._render(backfill.summary, status, rejects)
        return status

    def _execute(self, backfill: Backfill) -> int:
        try:
            backfill.execute()
        except DatabaseFailed as error:
            self.stderr.write(f"stopped: {error}")
            return FAILED
        except Stopped as error:
            self.stderr.write(f"stopped: {error}")
            return _STATE_STATUS[ledger.State(error.state)]
        except ChangedFile as error:
            self.stderr.write(f"stopped: {error}")
            return CHANGED
        return CLEAN if backfill.summary.clean else FINDINGS

    # --- verifying --------------------------------------------------------------------------------

    def _verify(self) -> int:
        with self._inputs() as found, self._progress() as progress:
            self._say_absent(found)
            result = verify.compare(
                found.files, usernames=frozenset(self.arguments["username"] or ()), progress=progress
            )
        status = DIFFERENCES if not result.equal else FINDINGS if result.total("rejected") else CLEAN
        self._write(rendering.verification(result), rendering.verification_report(result, status=status))
        return status

    # --- arguments --------------------------------------------------------------------------------

    def _names_stores(self) -> bool:
        return any(self.arguments[store] is not None for store in Store)

    def _inputs(self) -> Inputs:
        if self.arguments["retry_rejected"]:
            return inputs.of_rejects(self.arguments["retry_rejected"].resolve())
        folder = self.arguments["data_dir"] or settings.LEGACY_DATA_DIR
        named = {store: path.resolve() for store in Store if (path := self.arguments[store])}
        # Named files are all there is, unless a folder is named too: no stranger's stores beside them.
        only_named = self._names_stores() and not self.arguments["data_dir"]
        return inputs.of_stores(None if only_named else folder.resolve(), named)

    def _options(self) -> Options:
        return Options(
            dry_run=self.arguments["dry_run"],
            on_conflict=OnConflict(self.arguments["on_conflict"] or OnConflict.REPORT),
            usernames=frozenset(self.arguments["username"] or ()),
            batch_size=self.arguments["batch_size"] or Options.batch_size,
            max_rejects=self.arguments["max_rejects"] or Limit(),
            attachment_files=self.arguments["attachment_files"],
        )

    def _remembered(self) -> dict[str, object]:
        """What a resumed run must do alike, as JSON values."""
        values = {name: self.arguments[name] for name in (*_REMEMBERED, *_RENEWABLE)}
        return {name: _plain(value) for name, value in values.items() if value is not None}

    def _explicit_rejects(self) -> RejectFile | None:
        return RejectFile(self.arguments["rejects"]) if self.arguments["rejects"] else None

    def _reject_file(self, run: BackfillRun) -> RejectFile:
        # The moment tells runs of one number in different databases apart.
        name = f"rejects-{run.pk}-{run.started_at:%Y%m%dT%H%M%S}.jsonl"
        return self._explicit_rejects() or RejectFile(settings.BASE_DIR / "var" / "backfill" / name)

    # --- what the operator sees -------------------------------------------------------------------

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def request(*_: object) -> None:
            self.stop_requested = True

        before = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _progress(self) -> rendering.ProgressBar:
        return rendering.ProgressBar(self.stderr, shown=not self.arguments["no_progress"])

    def _say_absent(self, found: Inputs) -> None:
        for path in found.absent:
            self.stderr.write(f"not there, skipped: {path}")

    def _refuse(self, message: str, status: int) -> int:
        self.stderr.write(message)
        return status

    def _render(self, summary: Summary, status: int, rejects: RejectFile | None) -> None:
        reject_path = str(rejects.path) if rejects and rejects.path.exists() else None
        command = self._next_command(summary, status, reject_path)
        text = rendering.outcome(
            summary, rejects=reject_path, command=command, dry_run=self.arguments["dry_run"]
        )
        values = rendering.report(
            summary,
            status=status,
            dry_run=self.arguments["dry_run"],
            rejects=reject_path,
            next_command=command,
        )
        self._write(text, values)

    def _write(self, text: str, values: dict[str, Any]) -> None:
        self.stdout.write(text if self.arguments["format"] == "text" else rendering.as_json(values))
        if self.arguments["report"]:
            try:
                self.arguments["report"].parent.mkdir(parents=True, exist_ok=True)
                self.arguments["report"].write_text(rendering.as_json(values) + "\n", encoding="utf-8")
            except OSError as error:
                # The run itself is over: its outcome stands on the screen and in the ledger.
                self.stderr.write(f"the report could not be written: {error.strerror}")

    def _next_command(self, summary: Summary, status: int, rejects: str | None) -> str:
        if status in (ABORTED, FAILED, INTERRUPTED) and summary.run_id:
            return f"python manage.py backfill --resume {summary.run_id}"
        if status == CHANGED:
            return "python manage.py backfill" + self._again()
        if rejects:
            return f"python manage.py backfill --retry-rejected {shlex.quote(rejects)}"
        if status == FINDINGS:
            return "python manage.py backfill" + self._again() + " --on-conflict keep (or overwrite)"
        return (
            "python manage.py backfill" + self._again() + ("" if self.arguments["dry_run"] else " --verify")
        )

    def _again(self) -> str:
        words = []
        for name in ("data_dir", *Store, "retry_rejected", "attachment_files"):
            if value := self.arguments.get(str(name)):
                words += [f"--{str(name).replace('_', '-')}", shlex.quote(str(value))]
        for name in self.arguments["username"] or ():
            words += ["--username", shlex.quote(name)]
        return "".join(f" {word}" for word in words)


_REMEMBERED = (
    "data_dir",
    *map(str, Store),
    "retry_rejected",
    "username",
    "on_conflict",
    "rejects",
    "attachment_files",
)
# What may be said anew when a run is resumed.
_RENEWABLE = ("batch_size", "max_rejects")


_RECALL: dict[str, Any] = {
    "attachment_files": Path,
    "rejects": Path,
    "max_rejects": types.limit,
    "on_conflict": OnConflict,
}


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value.resolve())
    if isinstance(value, Limit):
        return str(value.number) if value.number is not None else f"{value.per_cent}%"
    return value
