"""`manage.py backfill`: the legacy stores go into the database. Arguments in, rendering out."""

import getpass
import json
import shlex
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import InterfaceError, OperationalError

from coach.legacy.deciding.compare import OnConflict
from coach.legacy.proving import verify
from coach.legacy.reading import inputs
from coach.legacy.reading.inputs import ChangedInput
from coach.legacy.reading.opening import RefusedFile
from coach.legacy.reading.store_file import ChangedFile, StoreFile
from coach.legacy.running import encoding, ledger, reject_file, repetition, worker_process
from coach.legacy.running.backfill import Backfill
from coach.legacy.running.encoding import OtherEncoding
from coach.legacy.running.lock import LockHeld, RunLock
from coach.legacy.running.reject_file import RejectFile
from coach.legacy.running.repetition import Proof
from coach.legacy.running.retry import DatabaseFailed, Stopped
from coach.legacy.running.summary import Limit, Options, Summary
from coach.legacy.stores import Outcome, Store
from coach.management import arguments, rendering
from coach.management.exit_codes import ExitCode, OperatorCommand
from coach.models import BackfillRun
from coach.services import assessments, memory_uploads

_STATE_STATUS = {ledger.State.ABORTED: ExitCode.ABORTED, ledger.State.INTERRUPTED: ExitCode.INTERRUPTED}


class Command(OperatorCommand):
    help = "Imports legacy stores. Running it again is harmless; docs/operations-backfill.md explains everything."
    # The checks would load every view and screen; the server and CI run them.
    requires_system_checks = ()
    stop_requested = False

    def add_arguments(self, parser: CommandParser) -> None:
        arguments.add(parser, __file__)

    def handle(self, *args: Any, **options: Any) -> None:
        self.arguments, self.proofs = options, dict[Store, Proof]()
        try:
            status = self._do()
        except (RefusedFile, OtherEncoding) as error:
            status = self._refuse(f"refused, nothing was written: {error}", ExitCode.REFUSED)
        except ChangedInput as error:
            status = self._refuse(
                f"the input changed since the run that is to be resumed: {error}", ExitCode.CHANGED
            )
        except LockHeld as error:
            status = self._refuse(f"another run holds the lock: {error}", ExitCode.LOCKED)
        except (OperationalError, InterfaceError) as error:
            # Its kind only: the driver's text may quote a statement.
            status = self._refuse(f"stopped: the database failed: {type(error).__name__}", ExitCode.FAILED)
        is_over = status in (ExitCode.CLEAN, ExitCode.FINDINGS)
        if options["queue_uploads"] and is_over and not (options["verify"] or options["dry_run"]):
            queued = memory_uploads.queue_missing()
            self.stderr.write(
                f"{queued} memory notes queued for upload; manage.py upload_memories uploads them"
            )
        sys.exit(status)

    def _do(self) -> ExitCode:
        """Whatever is asked for. Raises what `handle` answers."""
        if self._names_stores() and not self._named() and not self.arguments["data_dir"]:
            self.stdout.write("no store file is named: there is nothing to import")
            return ExitCode.CLEAN
        self._check_outputs(self._input_paths())
        if self.arguments["verify"]:
            return self._verify()
        # Before anything else: it may fork.
        with worker_process.beside() as self.submit:
            return self._import()

    # --- importing --------------------------------------------------------------------------------

    def _import(self) -> ExitCode:
        encoding.check()
        if self.arguments["resume"]:
            # What is refused before it is known which run goes on is reported, too.
            self._check_outputs(ledger.recent_paths())
        if self.arguments["dry_run"]:
            with self._inputs(inspect=False) as files:
                self._inspect(files)
                return self._run(files, None, None)
        with RunLock() as lock:
            ledger.mark_dead()
            if self.arguments["resume"]:
                return self._resume(lock)
            with self._inputs(inspect=False) as files:
                self._inspect(files)
                run = ledger.start(
                    source=BackfillRun.Source.COMMAND,
                    actor=getpass.getuser(),
                    version=settings.VERSION,
                    options=arguments.remembered(self.arguments),
                    files=[file.describe() for file in files],
                )
                return self._run(files, run, self._reject_file(run), lock)

    def _inspect(self, files: Sequence[StoreFile]) -> None:
        """Check the stores whole, unless nothing has changed since they were imported. Raises RefusedFile."""
        if self.arguments["retry_rejected"]:
            return
        if not (self.arguments["username"] or self.arguments["attachment_files"]):
            self.proofs = repetition.find(files)
        for file in files:
            [proof] = [self.proofs.get(store) for store in file.stores]
            file.inspect(proof.records if proof else None)

    def _resume(self, lock: RunLock) -> ExitCode:
        run = self._run_to_resume()
        if run is None:
            return self._refuse("there is no unfinished run to resume", ExitCode.REFUSED)
        described = json.loads(run.files)
        arguments.recall(self.arguments, json.loads(run.options), aborted=run.state == ledger.State.ABORTED)
        self._check_outputs([Path(str(file["path"])) for file in described])
        with inputs.of_run(described) as files:
            rejects = self._reject_file(run)
            # Also where no batch was committed: lines come before the checkpoint.
            first = Store(run.checkpoint_store or Store.PROFILES)
            rejects.keep_before(first, run.checkpoint_ordinal)
            ledger.take_over(run)
            return self._run(files, run, rejects, lock)

    def _run_to_resume(self) -> BackfillRun | None:
        wanted = self.arguments["resume"]
        if wanted == arguments.LATEST:
            return ledger.unfinished()
        number = int(wanted) if wanted.isdecimal() else 0
        rows = BackfillRun.objects.filter(source=BackfillRun.Source.COMMAND, pk=number)
        return rows.exclude(state__in=BackfillRun.COMPLETE).first()

    def _run(
        self,
        files: Sequence[StoreFile],
        run: BackfillRun | None,
        rejects: RejectFile | None,
        lock: RunLock | None = None,
    ) -> ExitCode:
        with self._signals(), self._progress() as progress:
            backfill = Backfill(
                files=files,
                options=self._options(),
                derive=assessments.extended,
                run=run,
                rejects=rejects,
                progress=progress,
                stop=lambda: self.stop_requested,
                confirm=lock.confirm if lock else lambda: None,
                submit=self.submit,
                proofs=self.proofs,
            )
            status = self._execute(backfill)
        self._render(backfill.summary, status, rejects)
        return status

    def _execute(self, backfill: Backfill) -> ExitCode:
        try:
            backfill.execute()
        except DatabaseFailed as error:
            self.stderr.write(f"stopped: {error}")
            return ExitCode.FAILED
        except Stopped as error:
            self.stderr.write(f"stopped: {error}")
            return _STATE_STATUS[ledger.State(error.state)]
        except ChangedFile as error:
            self.stderr.write(f"stopped: {error}")
            return ExitCode.CHANGED
        return ExitCode.CLEAN if backfill.summary.clean else ExitCode.FINDINGS

    # --- verifying --------------------------------------------------------------------------------

    def _verify(self) -> ExitCode:
        encoding.check()
        with self._inputs() as files, self._progress() as progress:
            result = verify.compare(
                files,
                derive=assessments.extended,
                usernames=frozenset(self.arguments["username"] or ()),
                attachment_files=self.arguments["attachment_files"],
                progress=progress,
            )
        status = ExitCode.FINDINGS if result.total("rejected") else ExitCode.CLEAN
        if not result.equal:
            status = ExitCode.DIFFERENCES
        self._write(rendering.verification(result), rendering.verification_report(result, status=status))
        return status

    # --- arguments --------------------------------------------------------------------------------

    def _names_stores(self) -> bool:
        return any(self.arguments[store] is not None for store in Store)

    def _folder(self) -> Path | None:
        """Where stores that are not named lie; named files are all there is, unless a folder is named too."""
        if self._names_stores() and not self.arguments["data_dir"]:
            return None
        return Path(self.arguments["data_dir"] or settings.LEGACY_DATA_DIR).resolve()

    def _named(self) -> dict[Store, Path]:
        return {store: path.resolve() for store in Store if (path := self.arguments[store])}

    def _inputs(self, *, inspect: bool = True) -> AbstractContextManager[list[StoreFile]]:
        if self.arguments["retry_rejected"]:
            return inputs.of_rejects(self.arguments["retry_rejected"].resolve())
        return inputs.of_stores(
            self._folder(),
            self._named(),
            inspect=inspect,
            skipped=lambda path: self.stderr.write(f"not there, skipped: {path}"),
        )

    def _input_paths(self) -> list[Path]:
        retried = self.arguments["retry_rejected"]
        return [retried] if retried else inputs.paths_of_stores(self._folder(), self._named())

    def _check_outputs(self, read: Iterable[Path]) -> None:
        """Raises RefusedFile where an output would replace an input, another output, or rejects of an earlier run."""
        report, rejects, folder = (self.arguments[name] for name in ("report", "rejects", "attachment_files"))
        read = list(read)
        if report and inputs.is_one_of(report, [*read, *([rejects] if rejects else ())], folder):
            self.arguments["report"] = None
            raise RefusedFile(
                report, "is read by this run or holds its rejects: name another file for --report"
            )
        if folder and not folder.is_dir():
            raise RefusedFile(folder, "is no folder, where --attachment-files expects one")
        if not rejects:
            return
        if inputs.is_one_of(rejects, read, folder):
            raise RefusedFile(rejects, "is read by this run: name another file for --rejects")
        if rejects.exists() and not rejects.is_file():
            raise RefusedFile(rejects, "is no regular file: name another one for --rejects")
        if not self.arguments["resume"] and RejectFile(rejects).has_lines():
            advice = f"mend them and use --retry-rejected {rejects}, or name another file"
            raise RefusedFile(rejects, f"holds rejected records of an earlier run; {advice}")

    def _options(self) -> Options:
        return Options(
            dry_run=self.arguments["dry_run"],
            on_conflict=OnConflict(self.arguments["on_conflict"] or OnConflict.REPORT),
            usernames=frozenset(self.arguments["username"] or ()),
            batch_size=self.arguments["batch_size"] or Options.batch_size,
            max_rejects=self.arguments["max_rejects"] or Limit(),
            attachment_files=self.arguments["attachment_files"],
            restore_erased=self.arguments["restore_erased"],
        )

    def _reject_file(self, run: BackfillRun) -> RejectFile:
        return RejectFile(self.arguments["rejects"] or reject_file.path_of(run))

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

    def _progress(self) -> AbstractContextManager[rendering.Progress]:
        return rendering.progress(self.stderr, shown=not self.arguments["no_progress"])

    def _refuse(self, message: str, status: ExitCode) -> ExitCode:
        self.stderr.write(message)
        values = {"run": None, "state": status.name.lower(), "error": message, "status": int(status)}
        self._write("", values)
        return status

    def _render(self, summary: Summary, status: ExitCode, rejects: RejectFile | None) -> None:
        reject_path = str(rejects.path) if rejects and rejects.path.exists() else None
        command = f"python manage.py backfill{self._next_words(summary, status, reject_path)}"
        is_rehearsal = self.arguments["dry_run"]
        text = rendering.outcome(summary, rejects=reject_path, command=command, dry_run=is_rehearsal)
        values = rendering.report(
            summary, status=int(status), dry_run=is_rehearsal, rejects=reject_path, next_command=command
        )
        self._write(text, values)

    def _write(self, text: str, values: dict[str, Any]) -> None:
        # Indented, ASCII: for people and for tools.
        as_json = json.dumps(values, indent=2)
        if self.arguments["format"] == "json":
            text = as_json
        if text:
            self.stdout.write(text)
        if self.arguments["report"]:
            try:
                self.arguments["report"].parent.mkdir(parents=True, exist_ok=True)
                self.arguments["report"].write_text(f"{as_json}\n", encoding="utf-8")
            except OSError as error:
                # The run itself is over: its outcome stands on the screen and in the ledger.
                self.stderr.write(f"the report could not be written: {error.strerror}")

    def _next_words(self, summary: Summary, status: ExitCode, rejects: str | None) -> str:
        """What to type after the command's name; it never repeats what has just failed."""
        is_stopped = status in (ExitCode.ABORTED, ExitCode.FAILED, ExitCode.INTERRUPTED)
        if is_stopped and summary.run_id:
            return f" --resume {summary.run_id}"
        again = arguments.again(self.arguments)
        if self.arguments["dry_run"]:
            decision = self.arguments["on_conflict"]
            begin = again + (f" --on-conflict {decision}" if decision else "")
            return begin + (" --dry-run" if is_stopped or status == ExitCode.CHANGED else "")
        if status == ExitCode.CHANGED:
            return again
        if rejects:
            return f" --retry-rejected {shlex.quote(rejects)}"
        return again + (" --on-conflict keep" if summary.total(Outcome.CONFLICT) else " --verify")
