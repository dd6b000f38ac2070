"""What a run is to do, and what it did."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from coach.legacy.deciding.compare import OnConflict, Planned
from coach.legacy.decoding.unknown import members_of
from coach.legacy.running import ledger
from coach.legacy.stores import Outcome
from coach.legacy.writing.attachment_files import Copied
from coach.models import BackfillRun

MOST_FINDINGS = 1000
MOST_UNKNOWN = 1000
_INDEX = re.compile(r"\[\d+\]")


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

    def resume(self, run: BackfillRun) -> None:
        """Take over what an earlier process found in the same run, up to its checkpoint."""
        self.counts = json.loads(run.counts)
        figures = json.loads(run.figures)
        self.unknown, self.bytes_copied = figures.get("unknown", {}), figures.get("bytes", {})
        rows = run.findings.defer("record").order_by("pk")
        self.findings = [ledger.described(row) for row in rows[:MOST_FINDINGS]]
        self.findings_left_out = rows.count() - len(self.findings)

    def keep(self, run: BackfillRun, **columns: object) -> None:
        """Write down what `resume` takes over, and other columns of the run."""
        figures = json.dumps({"unknown": self.unknown, "bytes": self.bytes_copied})
        BackfillRun.objects.filter(pk=run.pk).update(
            counts=json.dumps(self.counts), figures=figures, **columns
        )

    def plus(self, planned: Iterable[Planned], copied: Mapping[int, Sequence[Copied]]) -> Self:
        """The summary after these records of one store; `copied` are bytes by ordinal."""
        after = replace(
            self,
            counts=deepcopy(self.counts),
            unknown=deepcopy(self.unknown),
            bytes_copied=dict(self.bytes_copied),
            findings=list(self.findings),
        )
        for plan in planned:
            after._add(plan, copied.get(plan.record.ordinal, ()))
        return after

    def _add(self, plan: Planned, copied: Sequence[Copied]) -> None:
        counts = self.counts[plan.record.store]
        counts["read"] += 1
        counts[plan.outcome] += 1
        self._add_unknown(self.unknown.setdefault(plan.record.store, {}), plan)
        for file in copied:
            self.bytes_copied[file.code] = self.bytes_copied.get(file.code, 0) + 1
        for row in ledger.findings(plan, copied):
            if len(self.findings) < MOST_FINDINGS:
                self.findings.append(ledger.described(row))
            else:
                self.findings_left_out += 1

    def _add_unknown(self, unknown: dict[str, int], planned: Planned) -> None:
        members: Mapping[str, object] = {}
        if planned.decoded:
            members = planned.decoded.unknown
        elif planned.mark and planned.mark.unknown:
            members = members_of(planned.mark.unknown)
        for path in {_INDEX.sub("[*]", path) for path in members}:
            if path in unknown or len(unknown) < MOST_UNKNOWN:
                unknown[path] = unknown.get(path, 0) + 1
