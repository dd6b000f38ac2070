"""The ledger of runs: who imported what, how far it came, what it found.

Of contents it holds only the records of open findings, which staff mend or decide about.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db.models import Q

from coach.documents.base import utc_now
from coach.legacy.codes import Code
from coach.legacy.deciding import provenance
from coach.legacy.deciding.compare import Planned
from coach.legacy.stores import Outcome, Store
from coach.legacy.writing.attachment_files import Copied
from coach.models import BackfillFinding, BackfillRun
from coach.models.backfills import FindingQuerySet, this_process

State = BackfillRun.State
MOST_PATHS = 20
# Bytes of a record that a finding keeps; a form takes that much.
LARGEST_KEPT = 512 * 1024
_MOST_RUNS = 20
# Findings with their records, which are in memory together.
_ROWS_AT_ONCE = 50


def start(
    *,
    source: str,
    actor: str,
    version: str,
    options: Mapping[str, object],
    files: Sequence[Mapping[str, object]],
    upload: str | None = None,
    state: str = State.RUNNING,
) -> BackfillRun:
    """A new run, on record from now on. `upload` is what staff confirmed; raises IntegrityError for a second run of it."""
    return BackfillRun.objects.create(
        source=source,
        upload=upload,
        state=state,
        actor=actor,
        version=version,
        process=this_process(),
        options=json.dumps(dict(options)),
        files=json.dumps([dict(file) for file in files]),
    )


def take_over(run: BackfillRun) -> None:
    """This process goes on with a run that another one left unfinished."""
    run.state, run.error, run.finished_at = State.RUNNING, "", None
    run.process, run.heartbeat_at = this_process(), utc_now()
    run.save(update_fields=["state", "error", "finished_at", "process", "heartbeat_at"])


def finish(run: BackfillRun, state: str, *, error: str = "") -> None:
    """The run has come to an end, one way or another."""
    run.state, run.error, run.finished_at = state, error, utc_now()
    run.save(update_fields=["state", "error", "finished_at"])


def record_findings(
    run: BackfillRun, planned: Iterable[Planned], copied: Mapping[int, Sequence[Copied]]
) -> None:
    """Put rejected and conflicting records on record, and attachments whose bytes could not be had (by ordinal)."""
    found = _rows(run, planned, copied)
    while rows := list(itertools.islice(found, _ROWS_AT_ONCE)):
        BackfillFinding.objects.bulk_create(rows)


def _rows(
    run: BackfillRun, planned: Iterable[Planned], copied: Mapping[int, Sequence[Copied]]
) -> Iterator[BackfillFinding]:
    for plan in planned:
        for row in findings(plan, copied.get(plan.record.ordinal, ())):
            row.run = run
            row.record = None if row.outcome == BackfillFinding.Outcome.FILE else _kept(plan)
            yield row


def _kept(plan: Planned) -> str | None:
    """The record as the finding keeps it; None where it is too large, is none, or must not be written down."""
    if plan.code in (Code.ERASED, Code.UNREADABLE_LINE) or plan.record.end - plan.record.start > LARGEST_KEPT:
        return None
    return _storable(plan.record.raw.decode(errors="backslashreplace"))


def has_open_findings(run: BackfillRun) -> bool:
    """Whether earlier runs have left anything for `resolve_earlier`."""
    return _earlier(run).exists()


def resolve_earlier(
    run: BackfillRun, planned: Sequence[Planned], copied: Mapping[int, Sequence[Copied]]
) -> None:
    """Close earlier findings of these records of one store: what is at fault again is found again.

    Missing bytes stay missing unless this run copied some. A record without a readable id is known by the place that a
    reject file names.
    """
    keys = {_storable(plan.key) for plan in planned if plan.key}
    copied_keys = {_storable(plan.key) for plan in planned if copied.get(plan.record.ordinal)}
    places = {
        _storable(plan.record.place).partition(": ")[2]
        for plan in planned
        if plan.record.place.startswith("line ")
    } - {""}
    named = Q(natural_key__in=keys) & (
        ~Q(outcome=BackfillFinding.Outcome.FILE) | Q(natural_key__in=copied_keys)
    )
    found = _earlier(run).filter(named | Q(natural_key="", place__in=places), store=planned[0].record.store)
    _resolve(run, found)


def resolve_read(run: BackfillRun, stores: Iterable[Store], *, repeated: Iterable[Store]) -> None:
    """Close what whole stores have dealt with beyond their batches: records without a readable id, which were found again or
    not, and those of `repeated` stores, which were not read since their rows prove them."""
    _resolve(run, _earlier(run).filter(natural_key="", store__in=list(stores)))
    for store in repeated:
        found = _earlier(run).filter(store=store).exclude(outcome=BackfillFinding.Outcome.FILE)
        marks = provenance.find(store, set(found.values_list("natural_key", flat=True)))
        proven = [key for key, mark in marks.items() if mark.import_checksum and not mark.edited]
        _resolve(run, found.filter(natural_key__in=proven))


def _earlier(run: BackfillRun) -> FindingQuerySet:
    return BackfillFinding.objects.open().filter(run__lt=run)


def _resolve(run: BackfillRun, found: FindingQuerySet) -> None:
    found.resolve(BackfillFinding.Resolution.LATER_RUN, by=run.actor, run=run)


def unfinished() -> BackfillRun | None:
    """The latest run of the command that did not come to its end, if the latest one did not."""
    last = BackfillRun.objects.filter(source=BackfillRun.Source.COMMAND).first()
    return last if last and last.state not in BackfillRun.COMPLETE else None


def recent_paths() -> list[Path]:
    """The files that the latest runs have read."""
    texts = BackfillRun.objects.order_by("-pk").values_list("files", flat=True)[:_MOST_RUNS]
    return [Path(str(file["path"])) for text in texts for file in json.loads(text) if file.get("path")]


def mark_dead() -> int:
    """Runs that say they are running, though nothing can be: their process died. Call it with the lock held.

    Answers how many there were. A run of the worker is none of them: its queue starts it again.
    """
    error = "the process died; resume it, or start again"
    return BackfillRun.objects.filter(state=State.RUNNING, upload=None).update(
        state=State.INTERRUPTED, error=error, finished_at=utc_now()
    )


def empty_counts() -> dict[str, int]:
    """Counts of a store of which nothing was read yet."""
    return {"read": 0, **{str(outcome): 0 for outcome in Outcome}}


def findings(planned: Planned, copied: Iterable[Copied]) -> Iterator[BackfillFinding]:
    """That a record is rejected or in conflict, and that bytes of its attachments could not be had; of no run yet."""
    if planned.outcome in (Outcome.REJECTED, Outcome.CONFLICT):
        yield _finding(planned, planned.outcome, planned.code, errors(planned))
    for file in copied:
        if file.fault:
            yield _finding(planned, BackfillFinding.Outcome.FILE, file.code, [file.fault.to_object()])


def _finding(planned: Planned, outcome: str, code: str, errors: Sequence[object]) -> BackfillFinding:
    row = BackfillFinding(
        outcome=outcome,
        store=planned.record.store,
        ordinal=planned.record.ordinal,
        place="$",
        code=code,
        errors=json.dumps(errors),
    )
    # The place of an erased learner's record, like its key, may be the name.
    if planned.code != Code.ERASED:
        row.place, row.natural_key = _storable(planned.record.place), _storable(planned.key)
        row.username = planned.record.learner or ""
        row.checksum = planned.record.checksum
    return row


def described(row: BackfillFinding) -> dict[str, object]:
    """A finding as a report shows it."""
    return {
        "store": str(row.store),
        "place": row.place,
        "natural_key": row.natural_key,
        "outcome": str(row.outcome),
        "code": str(row.code),
        "errors": json.loads(row.errors),
        "checksum": row.checksum,
    }


def errors(planned: Planned) -> list[dict[str, Any]]:
    """Places and reasons: of a rejection its faults, of a conflict the members that differ."""
    if planned.outcome == Outcome.REJECTED:
        return [_escaped(fault.to_object()) for fault in planned.faults]
    paths = [change.path for change in planned.changes]
    shown = [{"path": _storable(path), "reason": "differs", "type": "differs"} for path in paths[:MOST_PATHS]]
    if len(paths) > MOST_PATHS:
        shown.append(
            {"path": "$", "reason": f"and {len(paths) - MOST_PATHS} more members", "type": "differs"}
        )
    return shown


def _escaped(members: Mapping[str, object]) -> dict[str, Any]:
    return {name: _storable(value) if isinstance(value, str) else value for name, value in members.items()}


def _storable(text: str) -> str:
    """Text as any database stores it: characters that it cannot store are escaped."""
    return text.replace("\0", "\\u0000").encode(errors="backslashreplace").decode()
