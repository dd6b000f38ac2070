"""Confirmed imports that are too large for a request: the worker runs them, batch by batch, from where they stand."""

import contextlib
import logging

from coach.admin.imports import staging
from coach.admin.imports.resources import StoreDataset, as_shown, backfill
from coach.admin.imports.staging import StagedRejects, Unusable
from coach.legacy.reading.opening import RefusedFile
from coach.legacy.running import ledger
from coach.legacy.running.encoding import OtherEncoding
from coach.legacy.running.lock import LockHeld, RunLock
from coach.legacy.running.retry import Stopped
from coach.legacy.stores import Store
from coach.models import BackfillRun
from coach.services.operations import jobs

_logger = logging.getLogger(__name__)


@jobs.task
def work(pk: int) -> None:
    """Do a run, or what is left of it. Raises NotNow where another import is at work, or the database failed."""
    try:
        with RunLock() as lock:
            ledger.mark_dead()
            if run := jobs.begin(BackfillRun, pk):
                _import(run, lock)
            for over in BackfillRun.objects.filter(pk=pk):
                _wrap_up(over)
    except LockHeld:
        raise jobs.NotNow("another import is at work") from None


def _import(run: BackfillRun, lock: RunLock) -> None:
    staged = staging.of_run(run)
    try:
        dataset, shown = StoreDataset(staged), staged.remembered()
    except (Unusable, RefusedFile, OtherEncoding) as error:
        ledger.finish(run, ledger.State.FAILED, error=str(error))
        return
    with contextlib.closing(dataset), jobs.Work(run) as work:
        rejects = StagedRejects(staged)
        rejects.keep_before(Store(run.checkpoint_store or Store.PROFILES), run.checkpoint_ordinal)
        try:
            backfill(
                dataset,
                run=run,
                rejects=rejects,
                check=as_shown(shown),
                stop=lambda: work.cancelled,
                confirm=lock.confirm,
            ).execute()
        except LockHeld:
            raise
        except Stopped:
            pass  # the ledger says why
        except Exception as error:  # the ledger has its kind; its text may quote a record
            _logger.error("%s stopped: %s", run, type(error).__name__)


def _wrap_up(run: BackfillRun) -> None:
    """Keep the rejects, and discard the upload of a run that is over; may be done again."""
    if not run.is_over:
        raise jobs.NotNow("the database failed")
    if run.state == ledger.State.INTERRUPTED and run.cancelled_by:
        text = f"cancelled by {run.cancelled_by}; what was imported before that stays"
        BackfillRun.objects.filter(pk=run.pk).update(error=text)
    staged = staging.of_run(run)
    rejects = StagedRejects(staged)
    # Without the upload they have been put together, and some of them may be gone.
    with contextlib.suppress(Unusable):
        staged.size()
        rejects.put_together(run)
    staged.discard()
    rejects.discard()
