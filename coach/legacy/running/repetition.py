"""Imports that need not be done again: a finished run read the very same files, and left rows that are all there, unedited.

The files' digests prove the input. The rows are proven by a sum over what `compare.settled` asks of each of them, so every
record is unchanged.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from coach.legacy.deciding import provenance
from coach.legacy.deciding.compare import Planned
from coach.legacy.reading.store_file import StoreFile
from coach.legacy.stores import Outcome, Store
from coach.models import BackfillRun

_MODULUS = 2**63
# How many runs are looked at, the latest first.
_MOST_RUNS = 200


@dataclass(frozen=True)
class Proof:
    """What the ledger keeps of a file that was imported: the sum of its records, and unknown members by path."""

    records: int
    total: int
    unknown: dict[str, int]


def total_of(planned: Iterable[Planned]) -> int:
    """The sum of imported records. It does not depend on their order, and is that of their rows until one is edited."""
    return _total((plan.key, plan.username, plan.record.checksum) for plan in planned)


def find(files: Sequence[StoreFile]) -> dict[Store, Proof]:
    """What proves files whose digests were taken, by store; empty where anything has changed since they were imported."""
    wanted = {str(file.store): file.sha256 for file in files}
    runs = BackfillRun.objects.filter(state=BackfillRun.State.DONE, version=settings.VERSION).order_by("-pk")
    for text in runs.values_list("files", flat=True)[:_MOST_RUNS]:
        described = json.loads(text)
        if {file["store"]: file["sha256"] for file in described} == wanted and "proof" in described[0]:
            proofs = {Store(file["store"]): Proof(file["records"], **file["proof"]) for file in described}
            hold = all(_total(provenance.unedited(store)) == proof.total for store, proof in proofs.items())
            return proofs if hold else {}
    return {}


def keep(
    run: BackfillRun,
    outcomes: Mapping[str, Mapping[str, int]],
    totals: Mapping[Store, int],
    unknown: Mapping[str, Mapping[str, int]],
) -> None:
    """Put on record what proves the files of a finished run, if each of their records has left such a row."""
    leaving = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)
    if all(counts["read"] == sum(counts[word] for word in leaving) for counts in outcomes.values()):
        files = [
            file
            | {"proof": {"total": totals.get(store, 0) % _MODULUS, "unknown": dict(unknown.get(store, {}))}}
            for file in run.file_list
            for store in [Store(str(file["store"]))]
        ]
        BackfillRun.objects.filter(pk=run.pk).update(files=json.dumps(files))


def _total(rows: Iterable[tuple[str, str, str]]) -> int:
    digests = (hashlib.sha256("\0".join(row).encode()).digest() for row in rows)
    return sum(int.from_bytes(digest[:8]) for digest in digests) % _MODULUS
