"""django-import-export on one side, the importing core on the other: nothing is decided here.

A format opens a staged upload with the core's reader, a resource rehearses the core's `Backfill` over it, `confirm` runs
it in earnest, and a result holds what the pages show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from import_export import resources
from import_export.formats.base_formats import Format
from import_export.results import Result

from coach.admin.changelist import bulk
from coach.admin.imports.staging import Staged, StagedRejects
from coach.legacy.deciding.compare import OnConflict, Planned
from coach.legacy.reading import store_file
from coach.legacy.reading.rejects import open_rejects
from coach.legacy.reading.store_file import StoreFile
from coach.legacy.running import encoding, ledger
from coach.legacy.running.backfill import Backfill
from coach.legacy.running.lock import RunLock
from coach.legacy.running.retry import Stopped
from coach.legacy.running.summary import Options, Summary
from coach.legacy.stores import Outcome, Store
from coach.models import BackfillRun
from coach.services import assessments, staff

MOST_SHOWN = 200
MOST_CHANGES = 20
PlanLine = list[Any]


class ChangedMeanwhile(Exception):
    """What a confirmation would do is not what was shown; nothing was written. `result` is the new preview."""

    def __init__(self, result: StoreResult, differences: list[str]) -> None:
        super().__init__(bulk.named(differences, "; "))
        self.result = result


@dataclass(frozen=True)
class Shown:
    """One record of a preview: its outcome, and what it changes or why it is rejected."""

    place: str
    key: str
    outcome: str
    code: str
    lines: Sequence[str]
    left_out: int


class StoreResult(Result):
    """What a rehearsal or a run did; it observes the outcome of every record."""

    summary: Summary

    def __init__(self, dataset: StoreDataset) -> None:
        super().__init__()
        self.file, self.is_large = dataset.describe(), is_large(dataset.staged)
        self.plan: list[PlanLine] = []
        self.shown: list[Shown] = []
        self.shown_left_out = 0

    # Not `__call__`: a template calls what it can call.
    def observe(self, planned: Iterable[Planned]) -> None:
        """Add what becomes of a batch of records."""
        for plan in planned:
            record, outcome, lines = plan.record, str(plan.outcome), _lines(plan)
            self.plan.append(_plan_line(plan, lines))
            if plan.outcome == Outcome.UNCHANGED:
                continue
            if len(self.shown) >= MOST_SHOWN:
                self.shown_left_out += 1
                continue
            left_out = max(0, len(lines) - MOST_CHANGES)
            self.shown.append(
                Shown(record.place, plan.key, outcome, plan.code, lines[:MOST_CHANGES], left_out)
            )

    @property
    def counts(self) -> list[tuple[str, int]]:
        """The outcomes that occurred or matter, in their usual order."""
        return [(str(outcome), self.summary.total(outcome)) for outcome in Outcome]

    @property
    def unknown(self) -> list[tuple[str, int]]:
        """Members that no document declares: their paths, and in how many records."""
        return [item for members in self.summary.unknown.values() for item in members.items()]

    @property
    def writes(self) -> int:
        """How many records would be written."""
        return self.summary.total(Outcome.CREATED) + self.summary.total(Outcome.UPDATED)


def as_shown(shown: list[PlanLine]) -> Callable[[Iterable[Planned]], None]:
    """A check for a run in batches: the first record that is not what was shown stops it, before its batch is committed."""
    expected = {(line[0], line[1]): line for line in shown}

    def check(planned: Iterable[Planned]) -> None:
        for plan in planned:
            line = _plan_line(plan, _lines(plan))
            if expected.get((line[0], line[1])) != line:
                raise Stopped(
                    ledger.State.INTERRUPTED,
                    f"record {plan.record.ordinal + 1:,} of {plan.record.store} is not any more what the preview showed; "
                    "what came before its batch is imported. Upload the file again for the rest.",
                )

    return check


def _plan_line(plan: Planned, lines: Sequence[str]) -> PlanLine:
    mark = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    record = plan.record
    return [str(record.store), record.ordinal, plan.key, str(plan.outcome), str(plan.code), mark]


def _lines(plan: Planned) -> list[str]:
    if plan.outcome == Outcome.REJECTED:
        return [f"{fault.path}: {fault.reason}" for fault in plan.faults]
    lines = [str(change) for change in plan.changes]
    if not lines and plan.outcome == Outcome.UPDATED:
        return ["only members that the importer does not know"]
    return lines


class StoreDataset:
    """A checked file, as long as it is open."""

    def __init__(self, staged: Staged) -> None:
        """Raises RefusedFile, Unusable, and OtherEncoding for a database that cannot hold every store."""
        encoding.check()
        self.staged = staged
        with ExitStack() as opened:
            path = opened.enter_context(staged.file())
            self.file: StoreFile = (
                open_rejects(path, largest=settings.IMPORT_MAX_BYTES)
                if staged.is_rejects
                else store_file.open_store(path, Store(staged.store), largest=settings.IMPORT_MAX_BYTES)
            )
            opened.callback(self.file.close)
            self.close = opened.pop_all().close

    def describe(self) -> dict[str, object]:
        """What the ledger keeps, under the name that the file was uploaded with."""
        return {**self.file.describe(), "name": self.staged.name, "path": ""}


class StoreFormat(Format):
    """One legacy store, or the reject file of an earlier run."""

    def can_import(self) -> bool:
        return True

    def create_dataset(self, in_stream: Staged) -> StoreDataset:
        return StoreDataset(in_stream)


class StoreResource(resources.Resource):
    """Rehearses the importing core over a dataset."""

    @classmethod
    def get_display_name(cls) -> str:
        return "legacy store"

    def import_data(self, dataset: StoreDataset, **options: Any) -> StoreResult:
        """What an import would do; the outcomes are remembered with the upload."""
        with closing(dataset):
            result = StoreResult(dataset)
            result.summary = backfill(dataset, observe=result.observe).execute()
            dataset.staged.remember(result.plan)
            return result


def confirm(staged: Staged, *, user: AbstractBaseUser, lock: RunLock) -> BackfillRun:
    """Import what was shown, whole or not at all; answers the run.

    Raises ChangedMeanwhile, Unusable, and what the core raises.
    """
    with closing(StoreDataset(staged)) as dataset:
        shown, result, rejects = staged.remembered(), StoreResult(dataset), StagedRejects(staged)
        try:
            with transaction.atomic():
                run = _start(staged, user, dataset.describe())
                result.summary = backfill(
                    dataset, run=run, rejects=rejects, observe=result.observe, confirm=lock.confirm
                ).execute()
                if differences := list(_differences(shown, result.plan)):
                    raise ChangedMeanwhile(result, differences)
                rejects.put_together(run)
                staff.imported(user=user, run=run)
        except ChangedMeanwhile:
            # What it would have done is what is shown, and confirmed, next.
            staged.remember(result.plan)
            raise
        finally:
            rejects.discard()
        return run


def failed(staged: Staged, *, user: AbstractBaseUser, error: Exception) -> None:
    """Put on record that a confirmed import failed; nothing of it was kept."""
    run = _start(staged, user, {"store": staged.store, "name": staged.name}, is_done=False)
    ledger.finish(run, ledger.State.FAILED, error=f"nothing was written: {type(error).__name__}")


def run_of(staged: Staged) -> BackfillRun | None:
    """The run that has confirmed this upload already, if there is one."""
    return BackfillRun.objects.filter(upload=staged.id).first()


def is_large(staged: Staged) -> bool:
    """Whether an upload is imported by the worker. Raises Unusable."""
    return staged.size() > settings.BACKGROUND_IMPORT_BYTES


def queued(dataset: StoreDataset, *, user: AbstractBaseUser) -> BackfillRun:
    """A run that waits for the worker: belongs into the transaction that queues it. Raises IntegrityError for the second one."""
    run = _start(dataset.staged, user, dataset.describe(), state=ledger.State.QUEUED)
    staff.imported(user=user, run=run)
    return run


def _start(
    staged: Staged,
    user: AbstractBaseUser,
    file: dict[str, object],
    *,
    is_done: bool = True,
    state: str = ledger.State.RUNNING,
) -> BackfillRun:
    """A run of an upload; only one that is done names the upload, which cannot be confirmed a second time then."""
    return ledger.start(
        source=BackfillRun.Source.ADMIN,
        actor=f"staff {user.get_username()}",
        version=settings.VERSION,
        options={"on_conflict": staged.on_conflict},
        files=[file],
        upload=staged.id if is_done else None,
        state=state,
    )


def backfill(dataset: StoreDataset, *, run: BackfillRun | None = None, **how: Any) -> Backfill:
    """The core's import of a dataset, as a run; a rehearsal without one. `how` are further fields of Backfill."""
    on_conflict = OnConflict(dataset.staged.on_conflict)
    return Backfill(
        files=[dataset.file],
        options=Options(dry_run=run is None, on_conflict=on_conflict),
        derive=assessments.extended,
        run=run,
        **how,
    )


def _differences(shown: list[PlanLine], now: list[PlanLine]) -> Iterator[str]:
    """In words, where what was shown and what would happen now part."""
    before = {(line[0], line[1]): line for line in shown}
    for line in now:
        old = before.pop((line[0], line[1]), None)
        if old == line:
            continue
        name = line[2] or f"record {line[1] + 1}"
        if old is None or old[3] != line[3]:
            yield f"{name}: {old[3] if old else 'not shown'} → {line[3]}"
        else:
            yield f"{name}: {line[3]}, with other changes than shown"
    for line in before.values():
        yield f"{line[2] or line[1]}: is gone"
