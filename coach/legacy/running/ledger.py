"""The ledger of runs: who imported what, how far it came, what it found; never a record's contents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from coach.documents.base import utc_now
from coach.legacy.codes import Code
from coach.legacy.deciding import deduplication
from coach.legacy.deciding.compare import Planned
from coach.legacy.stores import Outcome, Store
from coach.legacy.writing.attachment_files import Copied
from coach.models import BackfillFinding, BackfillRun
from coach.models.runs import this_process

Counts = dict[str, dict[str, int]]
Figures = Mapping[str, object]
State = BackfillRun.State
MOST_PATHS = 20
_MOST_RUNS = 20


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


def checkpoint(run: BackfillRun, *, store: Store, ordinal: int, counts: Counts, figures: Figures) -> None:
    """All records of `store` before `ordinal` are dealt with; belongs into the transaction that writes the last of them."""
    reached = {"checkpoint_store": store, "checkpoint_ordinal": ordinal, "heartbeat_at": utc_now()}
    keep(run, counts, figures, **reached)


def keep(run: BackfillRun, counts: Counts, figures: Figures, **columns: object) -> None:
    """Write down how far the counts and figures of a run have come."""
    BackfillRun.objects.filter(pk=run.pk).update(
        counts=json.dumps(counts), figures=json.dumps(figures), **columns
    )


def finish(run: BackfillRun, state: str, *, error: str = "") -> None:
    """The run has come to an end, one way or another."""
    run.state, run.error, run.finished_at = state, error, utc_now()
    run.save(update_fields=["state", "error", "finished_at"])


def record_findings(
    run: BackfillRun, planned: Iterable[Planned], copied: Mapping[int, Sequence[Copied]]
) -> None:
    """Put rejected and conflicting records on record, and attachments whose bytes could not be had (by ordinal)."""
    found = []
    for plan in planned:
        if plan.outcome in (Outcome.REJECTED, Outcome.CONFLICT):
            found.append(finding(plan))
        found += [file_finding(plan, file) for file in copied.get(plan.record.ordinal, ()) if file.fault]
    for row in found:
        row.run = run
    BackfillFinding.objects.bulk_create(found)


def unfinished() -> BackfillRun | None:
    """The latest run of the command that did not come to its end, if the latest one did not."""
    last = (
        BackfillRun.objects.filter(source=BackfillRun.Source.COMMAND).order_by("-started_at", "-pk").first()
    )
    return last if last and last.state not in (State.DONE, State.DONE_WITH_REJECTS) else None


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


def finding(planned: Planned) -> BackfillFinding:
    """What is to be known of a rejected or conflicting record, of no run yet."""
    row = BackfillFinding(
        outcome=planned.outcome,
        store=planned.record.store,
        ordinal=planned.record.ordinal,
        place="$",
        code=planned.code,
        errors=json.dumps(errors(planned)),
    )
    # The place of an erased learner's record, like its key, may be the name.
    if planned.code != Code.ERASED:
        row.place, row.natural_key = _storable(planned.record.place), _storable(planned.key)
        row.username = deduplication.owner(planned.record) or ""
        row.checksum = planned.record.checksum
    return row


def file_finding(planned: Planned, file: Copied) -> BackfillFinding:
    """That the bytes of an attachment could not be had, of no run yet."""
    assert file.fault
    row = finding(planned)
    row.outcome, row.code = BackfillFinding.Outcome.FILE, file.code
    row.errors = json.dumps([file.fault.to_object()])
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
