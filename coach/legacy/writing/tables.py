"""One interface to the rows of all three stores: copy rows, insert, update."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from coach.legacy.deciding import provenance
from coach.legacy.deciding.compare import Planned
from coach.legacy.decoding import checksums
from coach.legacy.decoding.records import Decoded
from coach.legacy.stores import Outcome, Store
from coach.legacy.writing import learners, pending, submissions
from coach.legacy.writing.learners import Derive, LearnerCopyRows
from coach.legacy.writing.pending import PendingCopyRows
from coach.legacy.writing.submissions import SubmissionCopyRows
from coach.models import LearnerProfile

CopyRows = LearnerCopyRows | SubmissionCopyRows | PendingCopyRows


@dataclass(frozen=True)
class Maker:
    """What rows are made with: the run they are marked with, the moment, and the derivation the door passed in."""

    run_id: int | None
    at: dt.datetime
    derive: Derive


_MODULES: dict[Store, Any] = {
    Store.PROFILES: learners,
    Store.SUBMISSIONS: submissions,
    Store.ATTACHMENTS: pending,
}


def lock_learners(row_ids: Collection[int]) -> None:
    """Lock these learners' rows; must be called within a transaction."""
    if row_ids:
        rows = LearnerProfile.objects.filter(pk__in=row_ids).order_by("pk").select_for_update()
        list(rows.values_list("pk", flat=True))


def copy_rows(store: Store, decoded: Decoded, maker: Maker) -> CopyRows:
    """The copy rows that a record makes; touches no database."""
    decoded, content = decoded.with_content()
    marked = provenance.line(decoded, decoded.content_checksum, run_id=maker.run_id, at=maker.at)
    if store == Store.PROFILES:
        return learners.copy_rows(content, marked, derive=maker.derive)
    found: CopyRows = _MODULES[store].copy_rows(content, marked)
    return found


def insert(store: Store, built: Sequence[CopyRows]) -> None:
    """Write the copy rows of records that are not there yet."""
    if built:
        _MODULES[store].insert(built)


def update(store: Store, pairs: Sequence[tuple[Any, CopyRows]]) -> None:
    """Turn records' rows (`stored_rows.load`) into what copy rows say, writing only what differs."""
    if pairs:
        _MODULES[store].update(pairs)


def settle(planned: Iterable[Planned], maker: Maker) -> None:
    """Make the store's records the base of rows that stay as they are: both agree, or the row was kept against the store."""
    rows = []
    for plan in planned:
        assert plan.row and plan.decoded and plan.ours
        row, agrees = plan.row, plan.outcome == Outcome.UNCHANGED
        content_checksum = checksums.of_content(plan.ours if agrees else plan.decoded.document)
        values = provenance.line(plan.decoded, content_checksum, run_id=maker.run_id, at=maker.at)
        kept = {"unknown_members": row.unknown_members, "edited_since_import": not agrees}
        for name, value in (dict(zip(provenance.WRITTEN, values, strict=True)) | kept).items():
            setattr(row, name, value)
        rows.append(row)
    if rows:
        type(rows[0])._base_manager.bulk_update(rows, provenance.WRITTEN)
