"""Writes batches: each compared and written in one short transaction, split where the database refuses it.

A batch is read first and written then, so that the next one can be decoded while the database is busy with this one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from django.db import DataError, IntegrityError, transaction

from coach.legacy.codes import Code, Fault
from coach.legacy.deciding import compare, provenance
from coach.legacy.deciding.attached import Attached
from coach.legacy.deciding.compare import Choice, OnConflict, Planned
from coach.legacy.deciding.deduplication import Deduplication
from coach.legacy.decoding import records
from coach.legacy.decoding.records import Decoded, Rejected
from coach.legacy.reading.index import Index
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.stores import Outcome, Store
from coach.legacy.writing import decode_jobs, tables, versions
from coach.legacy.writing.decode_jobs import DecodeJob, DecodeResult, Submit
from coach.legacy.writing.tables import CopyRows, Maker
from coach.models import ErasedLearner

# Called within the transaction that writes a batch, with its outcomes: where the ledger keeps up.
Record = Callable[[Sequence[Planned]], None]
# Called before their transaction with records that it is going to write: where attachments' bytes are copied.
Prepare = Callable[[Sequence[Decoded]], None]


@dataclass
class Batch:
    """A batch on its way: what is settled by ordinal, what is being decoded, and what came of that.

    Copy rows of records that are probably new are built while decoding; a failed attempt to write does not change them.
    """

    raws: Sequence[RawRecord]
    settled: dict[int, Planned]
    decoding: Future[DecodeResult]
    admitted: dict[int, Decoded | Rejected] | None = None


@dataclass
class Writer:
    """Turns raw records of one store into rows.

    `maker` marks the rows; `index` (of the store file) knows the duplicate keys of the input, None where a key
    cannot; `dry_run` plans the same outcomes and writes nothing; `rehearsed` then holds the names of learners that
    would have been created, for the stores that follow; `attached` knows the submissions of the input; `confirm` is
    called first in every transaction, and raises where this run may write no more; `restore_erased` lets learners come
    back who were erased.
    """

    store: Store
    maker: Maker
    on_conflict: OnConflict | Choice = OnConflict.REPORT
    index: Index | None = None
    dry_run: bool = False
    rehearsed: Index | None = None
    attached: Attached | None = None
    prepare: Prepare | None = None
    confirm: Callable[[], None] = lambda: None
    restore_erased: bool = False

    def __post_init__(self) -> None:
        self._deduplication = Deduplication(self.store, self.index, rehearsed=self.rehearsed)

    def read(self, raws: Sequence[RawRecord], submit: Submit | None = None) -> Batch:
        """A batch to be written: no transaction yet. Decoding goes on elsewhere, where `submit` begins it."""
        marks = provenance.find(
            self.store, {raw.key for raw in raws if raw.key is not None and not raw.fault}
        )
        settled = {
            raw.ordinal: planned
            for raw in raws
            if (mark := marks.get(raw.key or "")) and (planned := compare.settled(raw, mark))
            if not self._deduplication.is_duplicate(raw.key)
        }
        rest = [raw for raw in raws if raw.ordinal not in settled]
        new = {raw.ordinal for raw in rest if raw.key not in marks} if not self.dry_run else set()
        asked = DecodeJob(rest, frozenset(new), self.maker)
        if submit and rest:
            return Batch(raws, settled, submit(asked))
        batch = Batch(raws, settled, Future())
        batch.decoding.set_result(decode_jobs.decode(asked))
        return batch

    def write(self, batch: Batch, record: Record) -> list[Planned]:
        """One outcome for each record, in their order; what is to be written is written.

        `record` is called in the same transaction; where the database refuses the batch and it has to be split,
        once for each part, in order. May be called again where the database failed.
        """
        if batch.admitted is None:
            decoded = batch.decoding.result().decoded
            batch.admitted = {item.raw.ordinal: self._deduplication.admit(item) for item in decoded}
        if self.prepare:
            self._prepare(
                self.prepare, [item for item in batch.admitted.values() if isinstance(item, Decoded)]
            )
        return self._write(batch, batch.raws, record)

    # --- before the transaction -------------------------------------------------------------------

    def _how(self, erased: Set[str]) -> dict[str, Any]:
        return dict(erased=erased, on_conflict=self.on_conflict, attached=self.attached)

    def _prepare(self, prepare: Prepare, decoded: Sequence[Decoded]) -> None:
        """Bytes belong to what is going to be created or updated; nothing is locked meanwhile."""
        planned = compare.plan(
            self.store,
            decoded,
            learners=self._deduplication.learners({item.username for item in decoded}),
            **self._how(self._erased(decoded)),
        )
        written = (Outcome.CREATED, Outcome.UPDATED)
        prepare([plan.decoded for plan in planned if plan.decoded and plan.outcome in written])

    # --- the transaction --------------------------------------------------------------------------

    def _write(self, batch: Batch, raws: Sequence[RawRecord], record: Record) -> list[Planned]:
        try:
            with self._transaction():
                planned = self._plan_and_save(batch, raws)
                record(planned)
            return planned
        except (DataError, IntegrityError) as error:
            if len(raws) > 1:
                middle = len(raws) // 2
                first = self._write(batch, raws[:middle], record)
                return [*first, *self._write(batch, raws[middle:], record)]
            refused = self._refused(raws[0], error)
            with self._transaction():
                record([refused])
            return [refused]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self.dry_run:
            yield
            return
        with transaction.atomic():
            self.confirm()
            yield

    def _plan_and_save(self, batch: Batch, raws: Sequence[RawRecord]) -> list[Planned]:
        found = batch.admitted or {}
        admitted = [found[raw.ordinal] for raw in raws if raw.ordinal in found]
        decoded = [item for item in admitted if isinstance(item, Decoded)]
        learners = self._deduplication.learners({item.username for item in decoded})
        if not self.dry_run:
            tables.lock_learners(set(learners.values()))
        # After the locks: who is being erased right now is erased by then.
        erased = self._erased(admitted)
        planned = compare.plan(self.store, decoded, learners=learners, **self._how(erased))
        self._save(batch, planned, learners)
        outcomes = batch.settled | {plan.record.ordinal: plan for plan in planned}
        outcomes |= {
            item.raw.ordinal: compare.rejection(item, erased=erased)
            for item in admitted
            if isinstance(item, Rejected)
        }
        return [outcomes[raw.ordinal] for raw in raws]

    def _erased(self, items: Iterable[Decoded | Rejected]) -> Set[str]:
        """Whose records are not brought back."""
        if self.restore_erased:
            return frozenset()
        owners = (item.username if isinstance(item, Decoded) else item.raw.learner for item in items)
        return ErasedLearner.objects.among(filter(None, owners))

    def _save(self, batch: Batch, planned: Sequence[Planned], learners: dict[str, int]) -> None:
        if self.dry_run:
            self._rehearse(planned, learners)
            return
        new: list[CopyRows] = []
        changed: list[tuple[Any, CopyRows]] = []
        versions.keep(planned, self.maker)
        for plan in planned:
            if plan.decoded is None:
                continue
            if plan.outcome == Outcome.CREATED:
                new.append(self._copy_rows(batch, plan.decoded, learners))
            elif plan.outcome == Outcome.UPDATED and plan.row is not None:
                made = tables.copy_rows(self.store, plan.decoded.as_compared(), self.maker)
                changed.append((plan.row, made))
        tables.settle([plan for plan in planned if plan.settles], self.maker)
        tables.update(self.store, changed)
        # The store's record becomes the base, so that it does not come up again, and the row counts as edited since.
        chosen = [replace(plan, decoded=plan.chosen_from) for plan in planned if plan.chosen_from]
        tables.settle(chosen, self.maker)
        tables.insert(self.store, new)
        if self.restore_erased and self.store == Store.PROFILES:
            ErasedLearner.objects.restore({plan.username for plan in planned if plan.decoded})
        if self.store == Store.SUBMISSIONS:
            versions.drop_attached(planned, learners, self.maker)

    def _copy_rows(self, batch: Batch, decoded: Decoded, learners: dict[str, int]) -> CopyRows:
        made = batch.decoding.result().built.get(decoded.raw.ordinal)
        made = made or tables.copy_rows(self.store, decoded, self.maker)
        if self.store != Store.PROFILES:
            made.learner_id = learners[decoded.username]
        return made

    def _rehearse(self, planned: Sequence[Planned], learners: dict[str, int]) -> None:
        if self.attached and self.store == Store.SUBMISSIONS:
            self.attached.gone |= versions.would_go(planned, learners)
        if self.rehearsed is not None and self.store == Store.PROFILES:
            for plan in planned:
                if plan.outcome == Outcome.CREATED:
                    self.rehearsed.times(plan.username)

    def _refused(self, raw: RawRecord, error: Exception) -> Planned:
        # Only the kind of refusal and the constraint are named: the driver's text quotes the record.
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        reason = f"the database refused it ({type(error).__name__}{f', {constraint}' if constraint else ''})"
        return compare.rejection(records.reject(raw, Code.REFUSED_BY_DATABASE, Fault("$", reason)))
