"""A whole run: files in their order, batch by batch, with ledger, reject file and checkpoint in step.

Doors pass in what they decide (options, derivation, progress, when to stop) and render what comes out (Summary).
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection, reset_queries, transaction

from coach import attachments
from coach.documents.base import utc_now
from coach.legacy.deciding import deduplication
from coach.legacy.deciding.attached import Attached
from coach.legacy.deciding.compare import OnConflict, Planned
from coach.legacy.decoding.records import Decoded
from coach.legacy.reading.index import Index
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.reading.store_file import ChangedFile, StoreFile
from coach.legacy.running import ledger, worker_process
from coach.legacy.running.lock import LockHeld
from coach.legacy.running.reject_file import RejectFile
from coach.legacy.stores import Outcome, Store
from coach.legacy.writing.apply import Batch, Writer
from coach.legacy.writing.attachment_files import Copied, Copier
from coach.legacy.writing.decode_jobs import Submit
from coach.legacy.writing.learners import Derive
from coach.legacy.writing.tables import Maker
from coach.models import BackfillRun

T = TypeVar("T")
MOST_FINDINGS = 1000
MOST_UNKNOWN = 1000
# Waits between attempts after a deadlock, a serialisation failure or a lost connection, in seconds.
PAUSES = (0.1, 0.3, 1, 3, 5, 10, 20)
_HEARTBEAT_SECONDS = 1.0
_BATCHES_AHEAD = 1
_MOST_STATEMENTS = 100
_INDEX = re.compile(r"\[\d+\]")


class Stopped(Exception):
    """The run ended early; what was committed stays, and the run can be resumed. `state` is the ledger's word."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state = state


class DatabaseFailed(Stopped):
    """The database, the disk or the storage took no more."""


@dataclass(frozen=True)
class Limit:
    """How many rejects are borne: a number, or a share (0 to 100, per cent) of all records."""

    number: int | None = None
    per_cent: float | None = None

    def exceeded(self, rejects: int, records: int) -> bool:
        if self.number is not None:
            return rejects > self.number
        return self.per_cent is not None and rejects * 100 > self.per_cent * records


@dataclass(frozen=True)
class Options:
    """What a run is to do. `usernames` (normal form) restricts it to those learners; empty means all."""

    dry_run: bool = False
    on_conflict: OnConflict = OnConflict.REPORT
    usernames: frozenset[str] = frozenset()
    batch_size: int = 500
    max_rejects: Limit = Limit()
    attachment_files: Path | None = None
    restore_erased: bool = False


@dataclass
class Summary:
    """What a run did.

    Counts are per store and outcome, `seconds` per store; paths of unknown members have `[*]` for positions.
    """

    files: list[dict[str, object]]
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    unknown: dict[str, dict[str, int]] = field(default_factory=dict)
    bytes_copied: dict[str, int] = field(default_factory=dict)
    findings: list[dict[str, object]] = field(default_factory=list)
    findings_left_out: int = 0
    run_id: int | None = None
    state: str = ledger.State.RUNNING
    error: str = ""

    def total(self, outcome: Outcome) -> int:
        return sum(counts.get(outcome, 0) for counts in self.counts.values())

    @property
    def clean(self) -> bool:
        """Whether there is nothing for anybody to look at."""
        troubles = self.total(Outcome.REJECTED) + self.total(Outcome.CONFLICT)
        return not troubles and not self.bytes_copied.keys() - {"copied", "present"}


# Called after each batch: the store, how many of its records are dealt with, and how many it has.
Progress = Callable[[Store, int, int], None]

# Called with the outcomes of each batch, once they stand.
Observer = Callable[[Sequence[Planned]], None]


class Backfill:
    """One run over checked files. `execute` does it; the summary is at hand whatever happens."""

    def __init__(
        self,
        *,
        files: Sequence[StoreFile],
        options: Options,
        derive: Derive,
        run: BackfillRun | None = None,
        rejects: RejectFile | None = None,
        observe: Observer = lambda planned: None,
        progress: Progress = lambda store, done, total: None,
        stop: Callable[[], bool] = lambda: False,
        confirm: Callable[[], None] = lambda: None,
        submit: Submit | None = None,
    ) -> None:
        """`run` is None for a rehearsal; `confirm` (of a RunLock) is called within each transaction.

        `submit` (of `decoding`) is how batches are decoded: in a thread, where nothing else is said.
        """
        self._files, self._options, self._run, self._rejects = files, options, run, rejects
        self._observe, self._progress, self._stop, self._confirm = observe, progress, stop, confirm
        self._submit = submit
        self._maker = Maker(run_id=run.pk if run else None, at=utc_now(), derive=derive)
        folder = options.attachment_files
        self._copier = Copier(folder, rehearses=options.dry_run) if folder else None
        self._rehearsed = Index() if options.dry_run else None
        self._attached = Attached(files)
        self._outcomes: dict[int, Outcome] = {}
        self._copied: dict[int, list[Copied]] = {}
        self._last_heartbeat = 0.0
        self.summary = Summary(files=[file.describe() for file in files], run_id=run.pk if run else None)
        if run and run.counts:
            self.summary.counts = json.loads(run.counts)

    def execute(self) -> Summary:
        """Import everything. Raises Stopped (the ledger already knows), ChangedFile, LockHeld, and what nobody expected."""
        try:
            for store in Store:
                for file in self._files:
                    if store in file.stores:
                        self._one_store(file, store)
            self._end(ledger.State.DONE if self.summary.clean else ledger.State.DONE_WITH_REJECTS)
        except Stopped as stopped:
            self._end(stopped.state, str(stopped))
            raise
        except ChangedFile as error:
            self._end(ledger.State.FAILED, str(error))
            raise
        except LockHeld as error:
            self._end(ledger.State.FAILED, f"another run took the lock: {error}")
            raise
        except OSError as error:
            reason = f"{type(error).__name__}: {error.strerror or error}"
            self._end(ledger.State.FAILED, reason)
            raise DatabaseFailed(ledger.State.FAILED, reason) from error
        except attachments.StorageError as error:
            self._end(ledger.State.FAILED, str(error))
            raise DatabaseFailed(ledger.State.FAILED, str(error)) from error
        except BaseException as error:
            self._end(ledger.State.FAILED, f"unexpected {type(error).__name__}")
            raise
        return self.summary

    # --- one store --------------------------------------------------------------------------------

    def _one_store(self, file: StoreFile, store: Store) -> None:
        total = file.index.count(store)
        start = self._start_of(store)
        if start is None or (not total and file.store is None):
            return
        self.summary.counts.setdefault(store, ledger.empty_counts())
        began = time.monotonic()
        writer = Writer(
            store=store,
            maker=self._maker,
            on_conflict=self._options.on_conflict,
            index=file.index,
            dry_run=self._options.dry_run,
            rehearsed=self._rehearsed,
            attached=self._attached,
            confirm=self._confirm,
            restore_erased=self._options.restore_erased,
            prepare=self._copy if self._copier and store != Store.PROFILES else None,
        )
        for batch in self._read_ahead(writer, self._batches(file, store, start)):
            self._one_batch(writer, store, batch)
            self.summary.seconds[store] = self.summary.seconds.get(store, 0.0) + time.monotonic() - began
            began = time.monotonic()
            self._progress(store, batch.raws[-1].ordinal + 1, total)
            self._may_go_on(file)

    def _start_of(self, store: Store) -> int | None:
        """The first record that is still to be dealt with; None where the whole store is done already."""
        if self._run is None or not self._run.checkpoint_store:
            return 0
        order, reached = list(Store), Store(self._run.checkpoint_store)
        if order.index(store) < order.index(reached):
            return None
        return self._run.checkpoint_ordinal if store == reached else 0

    def _batches(self, file: StoreFile, store: Store, start: int) -> Iterator[list[RawRecord]]:
        for batch in file.batches(store, self._options.batch_size, start=start):
            names = self._options.usernames
            wanted = [raw for raw in batch if deduplication.owner(raw) in names] if names else batch
            if wanted:
                yield wanted

    def _read_ahead(self, writer: Writer, batches: Iterator[list[RawRecord]]) -> Iterator[Batch]:
        """The batches in their order; while one is written, the next ones are being decoded."""
        waiting: deque[Batch] = deque()
        how = nullcontext(self._submit) if self._submit else worker_process.in_thread()
        with how as submit:
            for raws in batches:
                waiting.append(self._patiently(partial(writer.read, raws, submit)))
                if len(waiting) > _BATCHES_AHEAD:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()

    # --- one batch --------------------------------------------------------------------------------

    def _one_batch(self, writer: Writer, store: Store, batch: Batch) -> None:
        def attempt() -> list[Planned]:
            self._outcomes, self._copied = {}, {}
            return writer.write(batch, self._record)

        self._add_up(store, self._patiently(attempt))
        # With DEBUG, Django remembers every statement: of a long run that would be the whole store.
        if len(connection.queries_log) > _MOST_STATEMENTS:
            reset_queries()

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Try again after a deadlock, a serialisation failure or a lost connection; raises DatabaseFailed in the end."""
        for pause in PAUSES:
            try:
                return attempt()
            except (OperationalError, InterfaceError):
                self._reconnect(pause)
        try:
            return attempt()
        except (OperationalError, InterfaceError) as error:
            reason = f"the database failed {len(PAUSES) + 1} times: {type(error).__name__}"
            raise DatabaseFailed(ledger.State.FAILED, reason) from error

    def _reconnect(self, pause: float) -> None:
        time.sleep(pause)
        if not connection.in_atomic_block:
            connection.close()
            if pool := getattr(connection, "pool", None):
                # Its other connections are probably dead as well, and it would try them slowly, one by one.
                pool.drain()

    def _copy(self, decoded: Sequence[Decoded]) -> None:
        assert self._copier
        for item in decoded:
            self._copied[item.raw.ordinal] = list(self._copier.copy_all(item.document))

    def _record(self, planned: Sequence[Planned]) -> None:
        """Within the transaction of (a part of) the batch: findings, reject file, checkpoint."""
        self._outcomes |= {plan.record.ordinal: plan.outcome for plan in planned}
        if self._rejects:
            self._rejects.add(planned)
        if self._run is None or self._is_quiet(planned):
            return
        ledger.record_findings(self._run, planned)
        for plan in planned:
            for copied in self._copied.get(plan.record.ordinal, ()):
                if copied.fault:
                    ledger.record_file(
                        self._run, plan.record, key=plan.key, code=copied.code, fault=copied.fault
                    )
        last = planned[-1].record
        counts = self._counts_until(last.store, last.ordinal)
        ledger.checkpoint(self._run, store=last.store, ordinal=last.ordinal + 1, counts=counts)
        self._last_heartbeat = time.monotonic()

    def _is_quiet(self, planned: Sequence[Planned]) -> bool:
        """Whether nothing happened that a checkpoint would have to keep up with; a sign of life is due now and then."""
        recent = time.monotonic() - self._last_heartbeat < _HEARTBEAT_SECONDS
        return recent and not self._copied and all(plan.outcome == Outcome.UNCHANGED for plan in planned)

    def _counts_until(self, store: Store, ordinal: int) -> ledger.Counts:
        counts = {name: dict(members) for name, members in self.summary.counts.items()}
        done = Counter(outcome for place, outcome in self._outcomes.items() if place <= ordinal)
        _add(counts[store], done)
        return counts

    def _add_up(self, store: Store, planned: Sequence[Planned]) -> None:
        """After the batch was committed."""
        self._observe(planned)
        _add(self.summary.counts[store], Counter(plan.outcome for plan in planned))
        unknown = self.summary.unknown.setdefault(store, {})
        for plan in planned:
            self._note_unknown(unknown, plan)
            if plan.outcome in (Outcome.REJECTED, Outcome.CONFLICT):
                self._find(_described(plan))
            for copied in self._copied.get(plan.record.ordinal, ()):
                self.summary.bytes_copied[copied.code] = self.summary.bytes_copied.get(copied.code, 0) + 1
                if copied.fault:
                    self._find(_described(plan) | {"code": copied.code, "errors": [copied.fault.to_object()]})

    def _find(self, finding: dict[str, object]) -> None:
        if len(self.summary.findings) < MOST_FINDINGS:
            self.summary.findings.append(finding)
        else:
            self.summary.findings_left_out += 1

    def _note_unknown(self, unknown: dict[str, int], planned: Planned) -> None:
        members: Mapping[str, object] = {}
        if planned.decoded:
            members = planned.decoded.unknown
        elif planned.mark and planned.mark.unknown:
            members = json.loads(planned.mark.unknown)
        for path in {_INDEX.sub("[*]", path) for path in members}:
            if path in unknown or len(unknown) < MOST_UNKNOWN:
                unknown[path] = unknown.get(path, 0) + 1

    def _may_go_on(self, file: StoreFile) -> None:
        records = sum(file.records for file in self._files)
        if self._options.max_rejects.exceeded(self.summary.total(Outcome.REJECTED), records):
            raise Stopped(ledger.State.ABORTED, "more rejects than --max-rejects allows")
        if self._stop():
            raise Stopped(ledger.State.INTERRUPTED, "interrupted after a whole batch")

    def _end(self, state: str, error: str = "") -> None:
        self.summary.state, self.summary.error = state, error
        if self._rejects:
            self._rejects.close()
        if self._run is None:
            return
        finish = partial(self._finish, self._run, state, error)
        if state in (ledger.State.DONE, ledger.State.DONE_WITH_REJECTS):
            self._patiently(finish)
            return
        with suppress(OperationalError, InterfaceError, LockHeld):
            finish()

    def _finish(self, run: BackfillRun, state: str, error: str) -> None:
        # Batches in which nothing changed leave no checkpoint behind: this is where they are counted.
        with transaction.atomic():
            # Another run may have gone on with this one.
            self._confirm()
            BackfillRun.objects.filter(pk=run.pk).update(counts=json.dumps(self.summary.counts))
            ledger.finish(run, state, error=error)


def _add(counts: dict[str, int], done: Mapping[Outcome, int]) -> None:
    counts["read"] += sum(done.values())
    for outcome, number in done.items():
        counts[outcome] += number


def _described(planned: Planned) -> dict[str, object]:
    return {
        "store": str(planned.record.store),
        "place": planned.record.place,
        "natural_key": planned.key,
        "outcome": str(planned.outcome),
        "code": planned.code,
        "errors": ledger.errors(planned),
        "checksum": planned.record.checksum,
    }
