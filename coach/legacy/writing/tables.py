"""One interface to the rows of all three stores: build, insert, update."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from coach.legacy.deciding import provenance
from coach.legacy.deciding.compare import Planned
from coach.legacy.deciding.stored_rows import Rows
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


def build(store: Store, decoded: Decoded, maker: Maker) -> Rows:
    """The rows that a record makes, marked but neither numbered, owned nor saved; touches no database."""
    is_profile = store == Store.PROFILES
    rows: Rows = (
        learners.build(decoded, derive=maker.derive) if is_profile else _MODULES[store].build(decoded)
    )
    # Times that the record does not name are those of this document.
    content_checksum = checksums.of_content(decoded.document)
    marked = provenance.line(decoded, content_checksum, run_id=maker.run_id, at=maker.at)
    provenance.leave(rows.top, marked)
    return rows


def copy_rows(store: Store, decoded: Decoded, maker: Maker) -> CopyRows:
    """The same rows as copy rows, for `insert`; touches no database."""
    decoded, content = decoded.with_content()
    marked = provenance.line(decoded, decoded.content_checksum, run_id=maker.run_id, at=maker.at)
    if store == Store.PROFILES:
        return learners.copy_rows(content, marked, derive=maker.derive)
    found: CopyRows = _MODULES[store].copy_rows(content, marked)
    return found


def own(rows: Any, learner_id: int) -> None:
    """Say whose the rows of a submission or attachment are."""
    for row in (rows.top, *rows.children):
        row.learner_id = learner_id


def insert(store: Store, built: Sequence[CopyRows]) -> None:
    """Write the lines of records that are not there yet."""
    if built:
        _MODULES[store].insert(built)


def update(store: Store, pairs: Sequence[tuple[Rows, Rows]]) -> None:
    """Turn the rows of records, the first of each pair, into the second ones, writing only what differs."""
    if pairs:
        _MODULES[store].update(pairs)


def settle(planned: Iterable[Planned], maker: Maker) -> None:
    """Make the store's records the base of rows that stay as they are: both agree, or the row was kept against the store."""
    tops = []
    for plan in planned:
        assert plan.rows and plan.decoded and plan.ours
        top, agrees = plan.rows.top, plan.outcome == Outcome.UNCHANGED
        unknown = top.unknown_members
        content_checksum = checksums.of_content(plan.ours if agrees else plan.decoded.document)
        provenance.leave(
            top, provenance.line(plan.decoded, content_checksum, run_id=maker.run_id, at=maker.at)
        )
        top.unknown_members, top.edited_since_import = unknown, not agrees
        tops.append(top)
    if tops:
        type(tops[0])._base_manager.bulk_update(tops, provenance.WRITTEN)
