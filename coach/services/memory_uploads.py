"""The outbox of memory notes: queueing with the note, leasing to workers, delivering, withdrawing, giving up.

Nothing here runs in the web process but what writes rows (`queue`, `withdraw`, `forget`, `queue_removals`). Only `manage.py
upload_memories`, which an operator starts on purpose, sends anything to a vector store.
"""

import datetime as dt
import secrets
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Greatest, Now

from coach import telemetry
from coach.agent import files
from coach.agent.errors import AgentError, Refused
from coach.agent.model import client
from coach.documents.base import utc_now
from coach.models import LearnerProfile, MemoryRecord, MemoryUpload
from coach.models.memory_uploads import MemoryUploadQuerySet
from coach.services import audit
from coach.services.operations import connections

Outcome = Literal["stored", "removed", "failed", "dead", "abandoned"]
# What stands in place of the id of an erased learner's note.
ERASED = "erased"
_BATCH = 500
# After these answers nothing was done; after any other failure it is unknown.
_CERTAINLY_NOT_DONE = frozenset({400, 401, 403, 404, 413, 415, 422, 429})
_NOT_LET_IN = frozenset({401, 403})
_LONGEST_BACKOFF = dt.timedelta(hours=6)
# The provider counts in whole seconds, and its clock is not ours.
_CLOCKS_DIFFER = dt.timedelta(minutes=5)


class NotLetIn(Exception):
    """The provider refuses the key: no note is to blame, and no attempt is counted."""


class _LeaseOver(Exception):
    """The worker was held up for so long that its lease may run out: another worker goes on."""


# --- with the note ----------------------------------------------------------------------------------


def queue(learner: LearnerProfile, note_id: str) -> None:
    """Queue a new note of a (locked) learner, in the transaction that writes the note."""
    MemoryUpload.objects.bulk_create([_row(learner.pk, note_id)])


def withdraw(learner: LearnerProfile, note_ids: Collection[str]) -> None:
    """Have the copies of some of a (locked) learner's notes removed, in the transaction that deletes the notes."""
    _withdraw(MemoryUpload.objects.filter(learner=learner, note_id__in=note_ids))


def forget(learner: LearnerProfile) -> None:
    """Have the copies of all of a (locked) learner's notes removed; the rows name neither learner nor note any more."""
    rows = MemoryUpload.objects.filter(learner=learner)
    _withdraw(rows)
    rows.update(learner=None, note_id=ERASED, last_error="")


def queue_removals(file_ids: Iterable[str]) -> None:
    """Have files of chats removed at the provider, in the transaction that deletes what is known of them."""
    rows = [_row(None, ERASED, store="", withdrawn=True, remote_file_id=file_id) for file_id in file_ids]
    MemoryUpload.objects.bulk_create(rows)


def queue_missing() -> int:
    """Queue every note that was never queued, such as backfilled ones; how many. For operators only."""
    known = MemoryUpload.objects.filter(learner=OuterRef("learner"), note_id=OuterRef("note_id"))
    missing = MemoryRecord.objects.exclude(Exists(known)).order_by("pk").values_list("learner_id", "note_id")
    rows = [_row(learner_pk, note_id) for learner_pk, note_id in missing.iterator(chunk_size=_BATCH)]
    MemoryUpload.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)
    return len(rows)


def requeue(ids: Collection[int]) -> int:
    """Try uploads that were given up once more, from the first attempt; how many. For staff."""
    rows = MemoryUpload.objects.filter(pk__in=ids, state=MemoryUpload.State.DEAD)
    count = rows.update(
        state=MemoryUpload.State.QUEUED, attempts=0, next_attempt_at=utc_now(), finished_at=None
    )
    audit.record("memory.requeued", None, uploads=count)
    return count


def withdraw_strays() -> int:
    """Have copies removed whose notes went without `withdraw` (by an import, or by staff); how many."""
    note = MemoryRecord.objects.filter(learner=OuterRef("learner"), note_id=OuterRef("note_id"))
    strays = MemoryUpload.objects.filter(withdrawn=False).exclude(Exists(note))
    return _withdraw(strays)


def _row(learner_pk: int | None, note_id: str, *, store: str | None = None, **columns: Any) -> MemoryUpload:
    return MemoryUpload(
        learner_id=learner_pk,
        note_id=note_id,
        vector_store_id=settings.AGENT_VECTOR_STORE if store is None else store,
        idempotency_key=secrets.token_hex(16),
        **columns,
    )


def _withdraw(rows: MemoryUploadQuerySet) -> int:
    """What certainly never left needs no removal: its row goes at once. A lease stays: its worker learns of it when done."""
    rows.filter(remote_file_id="", doubtful_until=None, lease_expires_at=None).delete()
    return rows.update(
        withdrawn=True,
        state=MemoryUpload.State.QUEUED,
        attempts=0,
        # Looked for sooner, a copy that is still on its way would not be found, and stay.
        next_attempt_at=Greatest(Coalesce("doubtful_until", Now()), Now()),
        finished_at=None,
    )


def can_upload() -> bool:
    """Whether there is a key to upload with."""
    return client.is_configured()


# --- working ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """How uploads are attempted. A request may take a quarter of the lease, in seconds."""

    lease: dt.timedelta = dt.timedelta(seconds=240)
    attempts: int = 10
    backoff: dt.timedelta = dt.timedelta(seconds=30)

    @property
    def request_seconds(self) -> float:
        return self.lease.total_seconds() / 4

    def pause(self, attempt: int) -> dt.timedelta:
        """How long to wait after a failed attempt (from 1): doubled with each, six hours at most."""
        return min(self.backoff * 2 ** min(attempt - 1, 30), _LONGEST_BACKOFF)


@dataclass
class _Lease:
    """An upload in the hands of a worker. `doubtful_until` is that of the attempts before this one."""

    upload: MemoryUpload
    terms: Terms
    token: str
    doubtful_until: dt.datetime | None
    ends: float

    def seconds(self) -> float:
        """How long the next request may take. Raises _LeaseOver where it could outlast the lease."""
        if self.ends - time.monotonic() <= self.terms.request_seconds:
            raise _LeaseOver
        return self.terms.request_seconds

    @property
    def rows(self) -> MemoryUploadQuerySet:
        """The upload's row while the lease is ours."""
        return MemoryUpload.objects.filter(pk=self.upload.pk, lease_token=self.token)

    def end(self, *conditions: Q, **columns: object) -> bool:
        """Give the lease back with these columns; False where it is not ours, or the row meets a condition no more."""
        written = self.rows.filter(*conditions).update(lease_token="", lease_expires_at=None, **columns)
        connections.release()
        return bool(written)


def step(terms: Terms) -> Outcome | None:
    """Work on the upload that has waited longest; None where nothing is due. Raises NotLetIn, AgentError.

    Any number of processes may do so at once.
    """
    files.prepare()
    lease = _claim(terms)
    connections.release()
    if lease is None:
        return None
    with telemetry.timed("memory_upload", attempt=lease.upload.attempts) as figures:
        figures["status"] = outcome = _attempt(lease)
    return outcome


def _claim(terms: Terms) -> _Lease | None:
    """Lease the upload that has waited longest. On PostgreSQL workers skip each other's locked rows; the
    condition of the update is what counts everywhere."""
    while True:
        now, token = utc_now(), secrets.token_hex(16)
        ends = time.monotonic() + terms.lease.total_seconds()
        due = MemoryUpload.objects.due(now)
        with transaction.atomic():
            row = due.select_for_update(
                skip_locked=connection.features.has_select_for_update_skip_locked
            ).first()
            if row is None:
                return None
            taken = (
                due.filter(pk=row.pk)
                .order_by()
                .update(
                    lease_token=token,
                    lease_expires_at=now + terms.lease,
                    doubtful_until=now + terms.lease,
                    attempts=F("attempts") + 1,
                )
            )
        if taken:
            row.attempts += 1
            return _Lease(upload=row, terms=terms, token=token, doubtful_until=row.doubtful_until, ends=ends)


def _attempt(lease: _Lease) -> Outcome:
    try:
        note = None if lease.upload.withdrawn else _note(lease.upload)
        connections.release()
        if note is None:
            return _remove(lease)
        _upload(lease, note)
        return _stored(lease)
    except AgentError as error:
        return _failed(lease, error)
    except _LeaseOver:
        return "abandoned"


def _upload(lease: _Lease, note: files.NoteFile) -> None:
    upload, store = lease.upload, lease.upload.vector_store_id
    file_id = _file_id(lease) or files.send(note, seconds=lease.seconds())
    if file_id != upload.remote_file_id:
        written = lease.rows.update(remote_file_id=file_id)
        connections.release()
        if not written:
            raise _LeaseOver
        upload.remote_file_id = file_id
    if lease.doubtful_until and files.is_attached(file_id, store=store, seconds=lease.seconds()):
        return
    attributes = {"note_id": upload.note_id, "key": upload.idempotency_key}
    key = upload.idempotency_key
    files.attach(file_id, store=store, attributes=attributes, key=key, seconds=lease.seconds())


def _remove(lease: _Lease) -> Outcome:
    """Remove the copy of a note that is gone, and the row with it."""
    if file_id := _file_id(lease):
        files.remove(file_id, store=lease.upload.vector_store_id, seconds=lease.seconds())
    lease.rows.delete()
    connections.release()
    return "removed"


def _file_id(lease: _Lease) -> str:
    """The id of a note's file at the provider, as far as it is known or can be found; else empty."""
    upload = lease.upload
    if upload.remote_file_id or lease.doubtful_until is None:
        return upload.remote_file_id
    # An earlier attempt may have sent it. This one was not due before the doubt was over: what is not listed now was never
    # created, and will not be any more.
    for file in files.newest_first(seconds=lease.seconds()):
        if file.name == _file_name(upload):
            return file.file_id
        if file.created_at < upload.queued_at - _CLOCKS_DIFFER:
            break
    return ""


def _stored(lease: _Lease) -> Outcome:
    """Finish an upload; where its note went meanwhile, the row stays queued for the removal."""
    free: dict[str, Any] = {"doubtful_until": None, "last_error": ""}
    done = {"state": MemoryUpload.State.STORED, "finished_at": utc_now()}
    if lease.end(Q(withdrawn=False), **free, **done) or lease.end(**free, next_attempt_at=utc_now()):
        return "stored"
    return "abandoned"


def _failed(lease: _Lease, error: AgentError) -> Outcome:
    """Note a failure: another attempt later, or none any more; a note that went meanwhile is still to be removed.

    Raises NotLetIn.
    """
    upload, terms = lease.upload, lease.terms
    status = error.status if isinstance(error, Refused) else None
    if status in _NOT_LET_IN:
        # As if it had never been leased.
        lease.end(doubtful_until=lease.doubtful_until, attempts=upload.attempts - 1)
        raise NotLetIn(f"The model's provider refuses the key (status {status}).") from error
    now, doubt = utc_now(), lease.doubtful_until
    if status not in _CERTAINLY_NOT_DONE:
        # With an answer the provider is done. Without one it may still be at work: as long again as we waited.
        doubt = now + dt.timedelta(seconds=0 if status is not None else terms.request_seconds)
    failed: dict[str, Any] = {
        "doubtful_until": doubt,
        "next_attempt_at": max(now + terms.pause(upload.attempts), doubt or now),
        "last_error": f"{type(error).__name__}: {error}"[:200],
    }
    given_up = {"state": MemoryUpload.State.DEAD, "finished_at": now}
    if upload.attempts >= terms.attempts and lease.end(Q(withdrawn=upload.withdrawn), **failed, **given_up):
        return "dead"
    lease.end(**failed)
    return "failed"


def _note(upload: MemoryUpload) -> files.NoteFile | None:
    """The note as a file; None where it is gone."""
    rows = MemoryRecord.objects.filter(learner=upload.learner_id, note_id=upload.note_id)
    row = rows.select_related("learner").first()
    if row is None:
        return None
    # The provider gets the note, not the learner's name.
    about = (
        f"Learner: {row.learner_id}\nWritten: {row.created_at.isoformat()}\nTags: {', '.join(row.tag_list)}"
    )
    content = f"{about}\n\n{row.note}\n".encode("utf-8", "replace")
    return files.NoteFile(name=_file_name(upload), key=upload.idempotency_key, content=content)


def _file_name(upload: MemoryUpload) -> str:
    return f"memory-{upload.idempotency_key}.md"
