"""The three-way rule: what becomes of a record, given the row that is there and what was imported into it last.

`theirs` is the store's record, `ours` the row as it is now, `base` what the last import made of it. Nothing is
written here.
"""

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import pydantic_core
from django.db.models import F, QuerySet

from coach.documents import differences
from coach.documents.base import Document
from coach.documents.differences import Change
from coach.legacy.codes import Code, Fault
from coach.legacy.deciding import provenance
from coach.legacy.deciding.attached import Attached
from coach.legacy.deciding.provenance import Pair, Provenance
from coach.legacy.decoding import checksums, records, unknown
from coach.legacy.decoding.records import Decoded, Rejected, reject
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.stores import Outcome, Store
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile

UNKNOWN_MEMBERS = "$ (unknown members)"
_OWNER = {"username": F("learner__username")}
_ROWS: dict[Store, QuerySet[Any]] = {
    Store.PROFILES: LearnerProfile.objects.prefetch_related("memory_records", "schedule__items"),
    Store.SUBMISSIONS: AssessmentSubmission.objects.annotate(**_OWNER).prefetch_related("attachments"),
    Store.ATTACHMENTS: AttachmentMetadata.objects.annotate(**_OWNER),
}
_DOCUMENTS: dict[Store, Callable[[Any], Document]] = {
    Store.PROFILES: LearnerProfile.to_document,
    Store.SUBMISSIONS: lambda row: row.to_document(username=row.username),
    Store.ATTACHMENTS: lambda row: row.to_pending_document(username=row.username),
}


class OnConflict(StrEnum):
    """What to do where store and row both moved since the last import."""

    REPORT = "report"
    OVERWRITE = "overwrite"
    KEEP = "keep"


@dataclass(frozen=True)
class Choice:
    """A conflict decided member by member: the paths (of `Planned.choices`) at which the store's values are taken."""

    paths: frozenset[str]


@dataclass
class Planned:
    """What becomes of one record, and why.

    `code` says which kind of rejection or conflict it is (and `overwritten` for a conflict that was decided for the
    store); `faults` are the reasons of a rejection. `settles` says that the store's record becomes the base though it is
    not written: both sides agree, or the conflict was decided for the row. `chosen_from` is the store's record where only
    parts of it are written: it becomes the base, and `decoded` is what the row becomes. Documents are at
    hand only where they had to be read.
    """

    record: RawRecord
    outcome: Outcome
    key: str
    username: str = ""
    code: str = ""
    faults: tuple[Fault, ...] = ()
    decoded: Decoded | None = field(default=None, repr=False)
    mark: Provenance | None = field(default=None, repr=False)
    row: Any = field(default=None, repr=False)
    ours: Document | None = field(default=None, repr=False)
    settles: bool = False
    chosen_from: Decoded | None = field(default=None, repr=False)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What the record would change in the row, or has changed; empty for a new or unread one.

        For a kept record: what was edited here since, seen from the store.
        """
        if self.ours is None or self.decoded is None:
            return ()
        return tuple(differences.between(self.ours, self.decoded.document))

    @property
    def choices(self) -> tuple[Change, ...]:
        """What a conflict is about: its changes, and the members that no document declares."""
        if self.mark is None or self.decoded is None or _same_unknown(self):
            return self.changes
        ours, theirs = unknown.members_of(self.mark.unknown), dict(self.decoded.unknown)
        return (*self.changes, Change(UNKNOWN_MEMBERS, ours, theirs))


def rejection(rejected: Rejected, *, erased: Set[str] = frozenset()) -> Planned:
    """The outcome of a record that was not decoded, or has no place to go; `erased` as for `plan`."""
    if rejected.raw.learner in erased:
        rejected = _of_erased(rejected.raw)
    return Planned(
        record=rejected.raw,
        outcome=Outcome.REJECTED,
        key=rejected.key,
        code=rejected.code,
        faults=rejected.faults,
    )


def settled(record: RawRecord, mark: Provenance) -> Planned | None:
    """The fast path: unchanged, because the bytes are those imported last and nothing hints at an edit."""
    if (
        record.fault
        or mark.edited
        or mark.used
        or mark.raw_checksum != record.checksum
        or record.learner != mark.username
    ):
        return None
    return Planned(
        record=record, outcome=Outcome.UNCHANGED, key=record.key or "", username=mark.username, mark=mark
    )


def plan(
    store: Store,
    records: Sequence[Decoded],
    *,
    learners: Mapping[str, int],
    erased: Set[str] = frozenset(),
    on_conflict: OnConflict | Choice = OnConflict.REPORT,
    attached: Attached | None = None,
) -> list[Planned]:
    """An outcome for each record, in their order.

    `learners` are the learners that are there (or, for a rehearsal, would be): username to primary key; `erased` are the names
    of those who must not come back; `attached` knows the submissions of the input. Takes one query per table; what is
    written in the same transaction as this reads needs the learners' locks first.
    """
    marks = provenance.find(store, {record.key for record in records})
    used: Mapping[Pair, bool] = {}
    if store == Store.ATTACHMENTS:
        gone = attached.gone if attached else set()
        marks = {key: mark for key, mark in marks.items() if mark.pk not in gone}
        used = _used(records, attached, gone)
    planned = [
        rejection(_of_erased(record.raw))
        if record.username in erased
        else _first_look(store, record, marks.get(record.key), learners, used)
        for record in records
    ]
    open_ones = [plan for plan in planned if plan.mark is not None and plan.outcome != Outcome.REJECTED]
    rows = load(store, {plan.mark.pk for plan in open_ones if plan.mark and _must_read(plan)})
    for plan_ in open_ones:
        _decide(plan_, rows, on_conflict)
    return planned


def _used(records: Sequence[Decoded], attached: Attached | None, gone: Set[int]) -> dict[Pair, bool]:
    """Attachments that are not pending: whether they were used here; False where the store's own submission holds them."""
    pairs = {(record.username, record.key) for record in records}
    held = attached.held(pairs) if attached else set()
    return provenance.used(pairs, gone) | dict.fromkeys(held, False)


def _of_erased(raw: RawRecord) -> Rejected:
    return reject(raw, Code.ERASED, Fault("$", "the learner was erased"))


def _first_look(
    store: Store,
    record: Decoded,
    mark: Provenance | None,
    learners: Mapping[str, int],
    used: Mapping[Pair, bool],
) -> Planned:
    if store != Store.PROFILES and record.username not in learners:
        reason = "no learner has this name: import the profile first"
        return rejection(reject(record.raw, Code.UNKNOWN_LEARNER, Fault("$", reason)))
    if mark is not None and mark.used:
        mark = None
    if mark is not None and mark.username != record.username:
        reason = "the id belongs to another learner already"
        return rejection(reject(record.raw, Code.OTHER_LEARNER, Fault("$", reason)))
    planned = Planned(
        record=record.raw,
        outcome=Outcome.CREATED if mark is None else Outcome.UNCHANGED,
        key=record.key,
        username=record.username,
        decoded=record,
        mark=mark,
    )
    used_here = used.get((record.username, record.key))
    if used_here is not None:
        # To make it pending again would show it twice, whatever the store says and whoever decides conflicts.
        planned.outcome, planned.mark = Outcome.KEPT if used_here else Outcome.UNCHANGED, None
    return planned


def _must_read(planned: Planned) -> bool:
    """Whether the row's document decides: not where neither side can have moved."""
    assert planned.mark and planned.decoded
    return planned.mark.edited or planned.mark.import_checksum != planned.decoded.import_checksum


def _decide(planned: Planned, rows: Mapping[int, Any], on_conflict: OnConflict | Choice) -> None:
    assert planned.mark and planned.decoded
    found = rows.get(planned.mark.pk)
    if found is None:
        return
    planned.row, planned.ours = found, document_of(planned.record.store, found)
    moved, as_imported = (
        planned.mark.import_checksum != planned.decoded.import_checksum,
        _as_imported(planned),
    )
    if not moved and as_imported:
        planned.outcome = Outcome.UNCHANGED
    elif not planned.changes and _same_unknown(planned):
        planned.outcome, planned.settles = Outcome.UNCHANGED, True
    elif not moved:
        planned.outcome = Outcome.KEPT
    elif not planned.changes or (planned.mark.import_checksum and as_imported):
        planned.outcome = Outcome.UPDATED
    else:
        _decide_conflict(planned, on_conflict)


def _as_imported(planned: Planned) -> bool:
    """Whether ours equals base: the row is still what the last import made of it."""
    assert planned.mark and planned.ours is not None
    return checksums.of_content(planned.ours) == planned.mark.content_checksum


def _same_unknown(planned: Planned) -> bool:
    assert planned.mark and planned.decoded
    return unknown.members_of(planned.mark.unknown) == dict(planned.decoded.unknown)


def _decide_conflict(planned: Planned, on_conflict: OnConflict | Choice) -> None:
    if isinstance(on_conflict, Choice):
        offered = {change.path for change in planned.choices}
        if offered & on_conflict.paths and not offered <= on_conflict.paths:
            _choose(planned, on_conflict.paths)
            return
        on_conflict = OnConflict.OVERWRITE if offered <= on_conflict.paths else OnConflict.KEEP
    imported = bool(planned.mark and planned.mark.import_checksum)
    if on_conflict == OnConflict.OVERWRITE:
        planned.outcome, planned.code = Outcome.UPDATED, Code.OVERWRITTEN
    elif on_conflict == OnConflict.KEEP:
        planned.outcome, planned.settles = Outcome.KEPT, True
    else:
        planned.outcome, planned.code = Outcome.CONFLICT, Code.BOTH_MOVED if imported else Code.NOT_IMPORTED


def _choose(planned: Planned, paths: Set[str]) -> None:
    """Let the record be made of both sides; it is decoded as any record is."""
    assert planned.decoded and planned.mark
    theirs = planned.decoded
    text = pydantic_core.to_json(differences.mixed(planned.ours, theirs.document, paths))
    found = records.decode(theirs.raw._replace(start=0, end=len(text), data=text))
    if isinstance(found, Rejected):
        planned.outcome, planned.code, planned.faults = Outcome.REJECTED, found.code, found.faults
        return
    planned.outcome, planned.code, planned.chosen_from = Outcome.UPDATED, Code.CHOSEN, theirs
    planned.decoded = replace(
        found,
        raw=theirs.raw,
        import_checksum=theirs.import_checksum,
        content_checksum=theirs.content_checksum,
    )
    if UNKNOWN_MEMBERS in paths:
        planned.row.unknown_members = theirs.unknown_text
    planned.changes = tuple(differences.between(planned.ours or {}, found.document))


# --- rows ----------------------------------------------------------------------------------------


def load(store: Store, row_ids: Collection[int]) -> dict[int, Any]:
    """The rows behind those primary keys, in one query a table."""
    return {row.pk: row for row in _ROWS[store].filter(pk__in=row_ids).order_by()} if row_ids else {}


def document_of(store: Store, row: Any) -> Document:
    """The record that a row of `load` holds, derived from rows alone."""
    return _DOCUMENTS[store](row)
