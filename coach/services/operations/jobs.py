"""Work that no request waits for: tasks of the worker (`manage.py qcluster`), each about one row, its run.

The queue gives a task out again when its worker has died, and may give it out twice. So a task carries nothing but the
number of its run, and goes on from where the run stands.
"""

import datetime as dt
import functools
import logging
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import Error, connection, transaction
from django_q.models import OrmQ
from django_q.signals import pre_execute
from django_q.tasks import async_task

from coach.documents.base import utc_now
from coach.models import Run
from coach.models.backfills import this_process
from coach.services import staff

_logger = logging.getLogger(__name__)
_BEAT_SECONDS = 1.0
AnyRun = TypeVar("AnyRun", bound=Run)
State = Run.State
# The row of the queue that this process is at work on.
_claim: int | None = None


class NotNow(Exception):
    """The task could not be finished: the queue gives it out again later. The message quotes nothing that is stored."""


def task(work: Callable[[int], None]) -> Callable[[int], None]:
    """Marks what the queue calls. Of an exception only its kind gets out, into the queue's table and into the log."""

    @functools.wraps(work)
    def guarded(pk: int) -> None:
        try:
            work(pk)
            return
        except NotNow as error:
            reason = str(error)
        except Exception as error:
            reason = type(error).__name__
        raise NotNow(reason)

    return guarded


def hand_over(work: Callable[[int], None], run: Run) -> None:
    """Queue a task for a run: belongs into the transaction that makes the run."""
    async_task(f"{work.__module__}.{work.__qualname__}", run.pk, task_name=str(run), timeout=-1)


def begin(model: type[AnyRun], pk: int) -> AnyRun | None:
    """The run, which is at work from now on; None where it is over, or was cancelled meanwhile."""
    rows = model._default_manager.filter(pk=pk, state__in=Run.UNFINISHED)
    end_cancelled(model, pk)
    rows.filter(state=State.QUEUED).update(started_at=utc_now())
    if not rows.update(state=State.RUNNING, heartbeat_at=utc_now(), process=this_process()):
        return None
    return rows.get()


def cancel(*, user: AbstractBaseUser, run: Run) -> bool:
    """Let a run end after the batch that it is at; one that nobody is at work on ends now. Answers whether it was not over."""
    rows = type(run)._default_manager.filter(pk=run.pk, state__in=Run.UNFINISHED)
    with transaction.atomic():
        if not rows.filter(cancelled_by="").update(cancelled_by=user.get_username()):
            return False
        _end(rows.filter(state=State.QUEUED))
        staff.told(user=user, action="run.cancelled", run=str(run))
    return True


def end_cancelled(model: type[Run], pk: int) -> None:
    """End a run that was cancelled and that nobody is at work on any more; any other stays as it is."""
    _end(model._default_manager.filter(pk=pk, state__in=Run.UNFINISHED).exclude(cancelled_by=""))


def _end(rows: Any) -> None:
    rows.update(state=State.INTERRUPTED, finished_at=utc_now(), error="cancelled")


class Work:
    """A run at work, while the block lasts: a thread says that it lives, how far it is, and hears whether it is cancelled.

    A thread of its own, since the working one may be in one transaction for as long as an export takes.
    """

    def __init__(self, run: Run, *, told: Callable[[], dict[str, Any]] = dict) -> None:
        """`told` answers the columns that say how far the work is, where it does not write them itself."""
        self.cancelled = False
        self._run, self._told = run, told
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat of a run", daemon=True)

    def __enter__(self) -> Self:
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._heart.join()

    def _beat(self) -> None:
        while not self._over.wait(_BEAT_SECONDS):
            try:
                self._tell()
            except Error as error:
                _logger.warning("%s gives no sign of life: %s", self._run, type(error).__name__)
            finally:
                connection.close()

    def _tell(self) -> None:
        rows = type(self._run)._default_manager.filter(pk=self._run.pk)
        rows.filter(state=State.RUNNING).update(heartbeat_at=utc_now(), **self._told())
        self.cancelled = not rows.filter(cancelled_by="").exists()
        claimed_until = utc_now() + dt.timedelta(seconds=settings.Q_CLUSTER["retry"])
        OrmQ.objects.filter(pk=_claim).update(lock=claimed_until)


def _claimed(task: dict[str, Any], **_: Any) -> None:
    global _claim
    _claim = task.get("ack_id")


pre_execute.connect(_claimed)
