"""A whole run: files in their order, batch by batch, with ledger, reject file and checkpoint in step.

Doors pass in what they decide (options, derivation, progress, when to stop) and render what comes out (Summary).
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial

from django.db import InterfaceError, OperationalError, connection, reset_queries, transaction

from coach import attachments
from coach.documents.base import utc_now
from coach.legacy.deciding.attached import Attached
from coach.legacy.deciding.compare import Planned
from coach.legacy.decoding.records import Decoded
from coach.legacy.reading.index import Index
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.reading.store_file import ChangedFile, StoreFile
from coach.legacy.running import ledger, repetition, retry, worker_process
from coach.legacy.running.lock import LockHeld
from coach.legacy.running.reject_file import Rejects
from coach.legacy.running.repetition import Proof
from coach.legacy.running.retry import DatabaseFailed, Stopped
from coach.legacy.running.summary import Options, Summary
from coach.legacy.stores import Outcome, Progress, Store
from coach.legacy.writing.apply import Batch, Writer
from coach.legacy.writing.attachment_files import Copied, Copier
from coach.legacy.writing.decode_jobs import Submit
from coach.legacy.writing.tables import Derive, Maker
from coach.models import BackfillRun

_MOST_STATEMENTS = 100

# Called with the outcomes of each batch.
Observer = Callable[[Sequence[Planned]], None]


@dataclass
class Backfill:
    """One run over checked files. `execute` does it; the summary is at hand whatever happens.

    `run` is None for a rehearsal; `check` is called with outcomes before they are committed (what it raises undoes them),
    `observe` once they stand; `confirm` (of a RunLock) is called within each transaction; `submit` is how batches are
    decoded: in a thread, where nothing else is said; `proofs` are those of stores of which nothing has changed.
    """

    files: Sequence[StoreFile]
    options: Options
    derive: Derive
    run: BackfillRun | None = None
    rejects: Rejects | None = None
    check: Observer = lambda planned: None
    observe: Observer = lambda planned: None
    progress: Progress = lambda store, done, total: None
    stop: Callable[[], bool] = lambda: False
    confirm: Callable[[], None] = lambda: None
    submit: Submit | None = None
    proofs: Mapping[Store, Proof] = field(default_factory=dict)

    def __post_init__(self) -> None:
        run, folder = self.run, self.options.attachment_files
        is_resumed = bool(run and run.checkpoint_store)
        self._is_whole = (
            not self.options.usernames and not is_resumed and all(file.store for file in self.files)
        )
        self._maker = Maker(run_id=run.pk if run else None, at=utc_now(), derive=self.derive)
        self._copier = Copier(folder, rehearses=self.options.dry_run) if folder else None
        self._rehearsed = Index() if self.options.dry_run else None
        self._attached = Attached(self.files, rehearsed=self._rehearsed)
        self._resolves = run is not None and ledger.has_open_findings(run)
        self._totals: Counter[Store] = Counter()
        self._planned: dict[int, Planned] = {}
        self._after: Summary | None = None
        self._copied: dict[int, list[Copied]] = {}
        self.summary = Summary(files=[file.describe() for file in self.files], run_id=self._maker.run_id)
        if run:
            self.summary.resume(run)

    def execute(self) -> Summary:
        """Import everything. Raises Stopped (the ledger already knows), ChangedFile, LockHeld, and what nobody expected."""
        try:
            for store in Store:
                for file in self.files:
                    if store in file.stores:
                        self._one_store(file, store)
            self._end(ledger.State.DONE if self.summary.clean else ledger.State.DONE_WITH_REJECTS)
        except BaseException as error:
            state, reason = _ending(error)
            self._end(state, reason)
            if isinstance(error, (OSError, attachments.StorageError)):
                raise DatabaseFailed(state, reason) from error
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
        if proof := self.proofs.get(store):
            self._repeat(file, store, proof)
            return
        writer = Writer(
            store=store,
            maker=self._maker,
            on_conflict=self.options.on_conflict,
            index=file.index,
            dry_run=self.options.dry_run,
            rehearsed=self._rehearsed,
            attached=self._attached,
            confirm=self.confirm,
            restore_erased=self.options.restore_erased,
            prepare=self._copy if self._copier and store != Store.PROFILES else None,
        )
        size, names = self.options.batch_size, self.options.usernames
        for batch in self._read_ahead(writer, file.batches(store, size, start=start, usernames=names)):
            self._one_batch(writer, store, batch)
            self.summary.seconds[store] = self.summary.seconds.get(store, 0.0) + time.monotonic() - began
            began = time.monotonic()
            self.progress(store, batch.raws[-1].ordinal + 1, total)
            self._may_go_on(file)

    def _repeat(self, file: StoreFile, store: Store, proof: Proof) -> None:
        file.check_unchanged()
        self.summary.counts[store] |= {"read": proof.records, Outcome.UNCHANGED: proof.records}
        self.summary.unknown[store], self._totals[store] = dict(proof.unknown), proof.total
        self.progress(store, proof.records, proof.records)
        self._may_go_on(file)

    def _start_of(self, store: Store) -> int | None:
        """The first record that is still to be dealt with; None where the whole store is done already."""
        if self.run is None or not self.run.checkpoint_store:
            return 0
        order, reached = list(Store), Store(self.run.checkpoint_store)
        if order.index(store) < order.index(reached):
            return None
        return self.run.checkpoint_ordinal if store == reached else 0

    def _read_ahead(self, writer: Writer, batches: Iterator[list[RawRecord]]) -> Iterator[Batch]:
        """The batches in their order; while one is written, the next one is being decoded."""
        coming: Batch | None = None
        how = nullcontext(self.submit) if self.submit else worker_process.in_thread()
        with how as submit:
            for raws in batches:
                coming, ready = retry.patiently(partial(writer.read, raws, submit)), coming
                if ready:
                    yield ready
            if coming:
                yield coming

    # --- one batch --------------------------------------------------------------------------------

    def _one_batch(self, writer: Writer, store: Store, batch: Batch) -> None:
        def attempt() -> list[Planned]:
            self._planned, self._copied, self._after = {}, {}, None
            return writer.write(batch, self._record)

        planned = retry.patiently(attempt)
        self.observe(planned)
        self.summary = self._after or self.summary.plus(planned, self._copied)
        self._totals[store] += repetition.total_of(planned)
        # With DEBUG, Django remembers every statement: of a long run that would be the whole store.
        if len(connection.queries_log) > _MOST_STATEMENTS:
            reset_queries()

    def _copy(self, decoded: Sequence[Decoded]) -> None:
        assert self._copier
        for item in decoded:
            self._copied[item.raw.ordinal] = list(self._copier.copy_all(item.document))

    def _record(self, planned: Sequence[Planned]) -> None:
        """Within the transaction of (a part of) the batch: findings, reject file, checkpoint."""
        self.check(planned)
        self._planned |= {plan.record.ordinal: plan for plan in planned}
        if self.rejects:
            self.rejects.add(planned)
        self._after = None
        if self.run and self._resolves:
            ledger.resolve_earlier(self.run, planned, self._copied)
        if self.run is None:
            return
        ledger.record_findings(self.run, planned, self._copied)
        last = planned[-1].record
        done = [plan for ordinal, plan in self._planned.items() if ordinal <= last.ordinal]
        # The last part of a batch has all of it: what is stored then is the summary from there on.
        self._after = self.summary.plus(done, self._copied)
        self._after.keep(
            self.run,
            checkpoint_store=last.store,
            checkpoint_ordinal=last.ordinal + 1,
            heartbeat_at=utc_now(),
        )

    def _may_go_on(self, file: StoreFile) -> None:
        records = sum(file.records for file in self.files)
        if self.options.max_rejects.exceeded(self.summary.total(Outcome.REJECTED), records):
            raise Stopped(ledger.State.ABORTED, "more rejects than --max-rejects allows")
        if self.stop():
            raise Stopped(ledger.State.INTERRUPTED, "interrupted after a whole batch")

    def _end(self, state: str, error: str = "") -> None:
        self.summary.state, self.summary.error = state, error
        if self.rejects:
            self.rejects.close()
        if self.run is None:
            return
        finish = partial(self._finish, self.run, state, error)
        if state in BackfillRun.COMPLETE:
            retry.patiently(finish)
            return
        with suppress(OperationalError, InterfaceError, LockHeld):
            finish()

    def _finish(self, run: BackfillRun, state: str, error: str) -> None:
        with transaction.atomic():
            # Another run may have gone on with this one.
            self.confirm()
            self.summary.keep(run)
            if self._is_whole and state == ledger.State.DONE:
                repetition.keep(run, self.summary.counts, self._totals, self.summary.unknown)
            if self._resolves and not self.options.usernames and state in BackfillRun.COMPLETE:
                read = [file.store for file in self.files if file.store]
                ledger.resolve_read(run, read, repeated=self.proofs)
            ledger.finish(run, state, error=error)


def _ending(error: BaseException) -> tuple[str, str]:
    """The state of a run that ends with an error, and the reason as the ledger keeps it: an unknown text may quote a record."""
    state = ledger.State.FAILED
    match error:
        case Stopped():
            return error.state, str(error)
        case ChangedFile() | attachments.StorageError():
            return state, str(error)
        case LockHeld():
            return state, f"another run took the lock: {error}"
        case OSError():
            return state, f"{type(error).__name__}: {error.strerror or error}"
    return state, f"unexpected {type(error).__name__}"
