"""Writes a batch: compared and written in one short transaction, split where the database refuses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from django.db import DataError, IntegrityError, transaction

from coach.legacy import compare, records, tables
from coach.legacy.compare import OnConflict, Planned
from coach.legacy.index import Index
from coach.legacy.records import Decoded, Fault, RawRecord, Rejected
from coach.legacy.sieve import Sieve
from coach.legacy.stores import Outcome, Store
from coach.legacy.tables import Maker

# Called within the transaction that writes a batch, with its outcomes: where the ledger keeps up.
Record = Callable[[Sequence[Planned]], None]
# Called with decoded records before their transaction: where attachments' bytes are copied.
Prepare = Callable[[Sequence[Decoded]], None]


@dataclass
class Writer:
    """Turns raw records of one store into rows.

    `maker` marks the rows; `index` (of the store file) knows which keys stand twice in the input, None where a
    key cannot; `dry_run` plans the same outcomes and writes nothing; `rehearsed` then holds the names of learners that would
    have been created, for the stores that follow.
    """

    store: Store
    maker: Maker
    on_conflict: OnConflict = OnConflict.REPORT
    index: Index | None = None
    dry_run: bool = False
    rehearsed: Index | None = None
    prepare: Prepare | None = None

    def __post_init__(self) -> None:
        self._sieve = Sieve(self.store, self.index, rehearsed=self.rehearsed)

    def doubt(self, raws: Sequence[RawRecord]) -> None:
        """Judge the store by its first records: where most cannot be used, none of it is taken."""
        self._sieve.doubt(raws)

    def batch(self, raws: Sequence[RawRecord], record: Record = lambda planned: None) -> list[Planned]:
        """One outcome for each record, in their order; what is to be written is written.

        `record` is called in the same transaction; where the database refuses the batch and it has to be split, once for each
        part, in order.
        """
        settled = self._settled(raws)
        rest = [raw for raw in raws if raw.ordinal not in settled]
        if not rest:
            planned = [settled[raw.ordinal] for raw in raws]
            record(planned)
            return planned
        decoded = {raw.ordinal: self._sieve.decode(raw) for raw in rest}
        if self.prepare:
            self.prepare([item for item in decoded.values() if isinstance(item, Decoded)])
        return self._write(raws, settled, decoded, record)

    # --- before the transaction -------------------------------------------------------------------

    def _settled(self, raws: Sequence[RawRecord]) -> dict[int, Planned]:
        """The outcomes of records that need no reading, by ordinal."""
        if self.prepare:
            return {}
        marks = tables.find_marks(
            self.store, {raw.key for raw in raws if raw.key is not None and not raw.fault}
        )
        found = {}
        for raw in raws:
            mark = marks.get(raw.key or "")
            if mark and not raw.fault and not self._sieve.stands_twice(raw.key):
                if planned := compare.settled(raw, mark):
                    found[raw.ordinal] = planned
        return found

    # --- the transaction --------------------------------------------------------------------------

    def _write(
        self,
        raws: Sequence[RawRecord],
        settled: dict[int, Planned],
        decoded: dict[int, Decoded | Rejected],
        record: Record,
    ) -> list[Planned]:
        try:
            with nullcontext() if self.dry_run else transaction.atomic():
                planned = self._plan_and_save(raws, settled, decoded)
                record(planned)
            return planned
        except (DataError, IntegrityError) as error:
            if len(raws) > 1:
                middle = len(raws) // 2
                return [
                    *self._write(raws[:middle], settled, decoded, record),
                    *self._write(raws[middle:], settled, decoded, record),
                ]
            refused = self._refused(raws[0], error)
            with transaction.atomic():
                record([refused])
            return [refused]

    def _plan_and_save(
        self, raws: Sequence[RawRecord], settled: dict[int, Planned], decoded: dict[int, Decoded | Rejected]
    ) -> list[Planned]:
        open_ones = [item for raw in raws if isinstance(item := decoded.get(raw.ordinal), Decoded)]
        learners = self._sieve.learners({item.username for item in open_ones})
        if not self.dry_run:
            tables.lock_learners(set(learners.values()))
        planned = compare.plan(self.store, open_ones, learners=learners, on_conflict=self.on_conflict)
        self._save(planned, learners)
        outcomes = {plan.record.ordinal: plan for plan in planned} | settled
        for ordinal, item in decoded.items():
            if isinstance(item, Rejected):
                outcomes[ordinal] = compare.rejection(item)
        return [outcomes[raw.ordinal] for raw in raws]

    def _save(self, planned: Iterable[Planned], learners: dict[str, int]) -> None:
        if self.dry_run:
            self._rehearse(planned)
            return
        new = []
        for plan in planned:
            if plan.decoded and plan.outcome in (Outcome.CREATED, Outcome.UPDATED):
                learner_id = learners.get(plan.username)
                rows = tables.build(self.store, plan.decoded, self.maker, learner_id=learner_id)
                if plan.outcome == Outcome.CREATED:
                    new.append(rows)
                elif plan.rows is not None:
                    tables.update(self.store, plan.rows, rows)
        tables.insert(self.store, new)

    def _rehearse(self, planned: Iterable[Planned]) -> None:
        if self.rehearsed is not None and self.store == Store.PROFILES:
            for plan in planned:
                if plan.outcome == Outcome.CREATED:
                    self.rehearsed.times(plan.username)

    def _refused(self, raw: RawRecord, error: Exception) -> Planned:
        # Only the kind of refusal and the constraint are named: the driver's text quotes the record.
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        reason = f"the database refused it ({type(error).__name__}{f', {constraint}' if constraint else ''})"
        return compare.rejection(records.reject(raw, "refused_by_database", Fault("$", reason)))
