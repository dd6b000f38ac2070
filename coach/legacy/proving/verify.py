"""The proof: every document re-derived from the database and compared with the stores, member by member.

Each record's text is built from the rows as they are, and so is that of the store's record: equal texts are
equal documents. Only where the texts differ, the rows' text is read as a document and compared.

Writes nothing and locks nothing, so it can run beside the service. Differences are named by path, never by content.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from django.db.models import Exists, OuterRef

from coach import attachments
from coach.documents import differences
from coach.legacy.codes import Code, Unfit
from coach.legacy.deciding import provenance
from coach.legacy.deciding.attached import Attached
from coach.legacy.deciding.deduplication import Deduplication
from coach.legacy.deciding.provenance import Pair, Provenance
from coach.legacy.decoding import codec, records
from coach.legacy.decoding.codec import Content
from coach.legacy.decoding.records import Decoded
from coach.legacy.proving import stored_json
from coach.legacy.proving.stored_json import StoredRecord
from coach.legacy.reading.store_file import StoreFile
from coach.legacy.stores import LAYOUTS, Progress, Store
from coach.legacy.writing.attachment_files import Copier
from coach.legacy.writing.tables import Derive
from coach.models import AssessmentSubmission, AttachmentMetadata, ErasedLearner, LearnerProfile
from coach.models.database import replica

MOST_DIFFERENCES = 1000
_BATCH = 200
# What is derived from a record and stands in a column of its own.
Values = tuple[Any, ...]
# What each value is, in their order.
_DERIVED: dict[Store, tuple[str, ...]] = {
    Store.PROFILES: ("extended_assessment", "curriculum_schedule.api_json"),
    Store.SUBMISSIONS: ("api_json", "graded_by", "attachments.learner"),
    Store.ATTACHMENTS: (),
}


@dataclass(frozen=True)
class Difference:
    """One record that the database does not hold as the store does; `paths` are the members that differ."""

    store: Store
    place: str
    key: str
    paths: tuple[str, ...]


@dataclass
class Verification:
    """Counts per store (`equal`, `different`, `missing`, `rejected`), and the first MOST_DIFFERENCES differences.

    `only_here` counts the records that no store holds: no difference, since the service goes on living. The first
    MOST_DIFFERENCES are named.
    """

    files: list[dict[str, object]]
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    left_out: int = 0
    only_here: dict[str, list[str]] = field(default_factory=dict)

    def total(self, word: str) -> int:
        return sum(counts[word] for counts in self.counts.values())

    @property
    def equal(self) -> bool:
        """Whether the database holds every importable record exactly."""
        return not self.total("different") and not self.total("missing")


def compare(
    files: Sequence[StoreFile],
    *,
    derive: Derive,
    usernames: frozenset[str] = frozenset(),
    attachment_files: Path | None = None,
    progress: Progress = lambda store, done, total: None,
) -> Verification:
    """Compare checked files with the database; `usernames` (normal form) restricts it to those learners.

    `derive` is what an import is given; `attachment_files` is the folder that the stored bytes have to equal.
    """
    result = Verification(files=[file.describe() for file in files])
    copier = Copier(attachment_files, writes=False) if attachment_files else None
    attached = Attached(files)
    with replica.reading_as_of_now():
        for store in Store:
            for file in files:
                if store in file.stores and (file.store or file.index.count(store)):
                    _Comparison(result, file, store, derive, usernames, copier, attached).run(progress)
    return result


class _Said(NamedTuple):
    """A record that was read: its text, what is derived from it, and what is wrong with its bytes."""

    record: Decoded
    text: bytes
    derived: Values
    bytes_at_fault: tuple[str, ...]


@dataclass
class _Comparison:
    """One store of one file, compared with the database."""

    result: Verification
    file: StoreFile
    store: Store
    derive: Derive
    usernames: frozenset[str]
    copier: Copier | None
    attached: Attached

    def run(self, progress: Progress) -> None:
        words = ("read", "equal", "different", "missing", "rejected", "only_here")
        self.counts = self.result.counts.setdefault(self.store, dict.fromkeys(words, 0))
        # How many of the rows that `only_here` is about belong to a record.
        self.found = 0
        deduplication, total = Deduplication(self.store, self.file.index), self.file.index.count(self.store)
        for raws in self.file.batches(self.store, _BATCH, usernames=self.usernames):
            admitted = (deduplication.admit(records.decode(raw)) for raw in raws)
            said = [self._said(record) for record in admitted if isinstance(record, Decoded)]
            self.counts["read"] += len(raws)
            self.counts["rejected"] += len(raws) - len(said)
            self._one_batch(said)
            progress(self.store, raws[-1].ordinal + 1, total)
        if total:
            progress(self.store, total, total)  # the last records may be of nobody that was asked for
        if self.file.store:
            self._find_only_here()

    # --- the store's side ---------------------------------------------------------------------------

    def _said(self, decoded: Decoded) -> _Said:
        decoded, content = decoded.with_content()
        values = _derived(self.store, content, self.derive)
        text, at_fault = content.to_json(content.members), tuple(self._bytes_at_fault(decoded))
        return _Said(decoded.without_content(), text, values, at_fault)

    def _bytes_at_fault(self, decoded: Decoded) -> Iterator[str]:
        if not self.copier:
            return
        try:
            for found in self.copier.copy_all(decoded.document):
                if found.fault and found.code != Code.OTHER_SIZE:
                    yield f"{found.fault.path} ({found.fault.reason})"
        except attachments.StorageError as error:
            yield f"$ ({error})"

    # --- both sides ---------------------------------------------------------------------------------

    def _one_batch(self, said: Sequence[_Said]) -> None:
        decoded = [item.record for item in said]
        marks = provenance.find(self.store, {item.key for item in decoded})
        names = {item.username for item in decoded}
        learners, erased = provenance.learner_ids(names), ErasedLearner.objects.among(names)
        row_ids = {mark.pk for mark in marks.values()}
        held = _readable(self.store, row_ids)
        columns = _derived_columns(self.store, row_ids)
        taken = self._taken({_pair(item) for item in decoded if self._is_gone(marks.get(item.key))})
        for item in said:
            record, mark = item.record, marks.get(item.record.key)
            if _pair(record) in taken:
                self.counts["equal"] += 1
            elif record.username in erased or (
                self.store != Store.PROFILES and record.username not in learners
            ):
                self.counts["rejected"] += 1
            elif mark is None:
                self._note("missing", record, ["$ (no such row)"])
            elif mark.username != record.username:
                self._note("different", record, ["$ (of another learner)"])
            else:
                self.found += not mark.used
                text, values = held.get(mark.pk), columns.get(mark.pk)
                self._note("different", record, list(self._differing(item, mark, text, values)))

    def _taken(self, pairs: set[Pair]) -> set[Pair]:
        """Those that a submission of these stores holds; where there is none to ask, an imported one."""
        if self.attached.knows_submissions:
            return self.attached.held(pairs)
        return {pair for pair, used_here in provenance.used(pairs).items() if not used_here}

    def _is_gone(self, mark: Provenance | None) -> bool:
        """Whether an attachment is not pending, as it has to be where a submission of the same stores holds it."""
        return self.store == Store.ATTACHMENTS and (mark is None or mark.used)

    def _differing(
        self, said: _Said, mark: Provenance, held: StoredRecord | None, columns: Values | None
    ) -> Iterator[str]:
        """The members that differ, and the columns that are not as they have to be."""
        decoded = said.record
        if mark.used:
            yield "$ (used by a submission since)"
        if held is None:
            yield from stored_json.unreadable(self.store, mark.pk)
            return
        found, values, content_checksum = [], said.derived, decoded.content_checksum
        if held.text != said.text:
            try:
                ours = codec.read(LAYOUTS[self.store].document, held.text)
            except Unfit as unfit:
                faults = [f"{fault.path} (cannot be read)" for fault in unfit.faults if fault.path != "$"]
                yield from faults or stored_json.unreadable(self.store, mark.pk)
                return
            # Where only the spelling differs, or a time was filled in, no member does.
            changed = [change.path for change in differences.between(ours.document(), decoded.document)]
            found = [*changed, *_respelled(held.text, ours.to_json(ours.members))]
            values, content_checksum = _derived(self.store, ours, self.derive), ours.checksums()[1]
        yield from found
        if columns is not None:
            yield from _differing_columns(self.store, columns, values)
        yield from said.bytes_at_fault
        yield from _unknown(mark, decoded)
        # Only the very bytes that were imported say what the import noted; an edit here may have come and gone.
        if not found and mark.raw_checksum == decoded.raw.checksum and not mark.edited:
            if mark.import_checksum != decoded.import_checksum:
                yield "$.import_checksum (provenance)"
            if mark.content_checksum != content_checksum:
                yield "$.content_checksum (provenance)"

    def _note(self, word: str, decoded: Decoded, paths: Sequence[str]) -> None:
        self.counts[word if paths else "equal"] += 1
        if paths and len(self.result.differences) < MOST_DIFFERENCES:
            difference = Difference(self.store, decoded.raw.place, decoded.key, tuple(paths))
            self.result.differences.append(difference)
        elif paths:
            self.result.left_out += 1

    # --- the database's side ------------------------------------------------------------------------

    def _find_only_here(self) -> None:
        rows = stored_json.rows(self.store, self.usernames)
        if rows.count() <= self.found:
            return
        named = self.result.only_here.setdefault(self.store, [])
        for (key,) in rows.values_list(LAYOUTS[self.store].key).iterator():
            if not self.file.index.holds(self.store, key):
                self.counts["only_here"] += 1
                if len(named) < MOST_DIFFERENCES:
                    named.append(key)


def _pair(decoded: Decoded) -> Pair:
    return decoded.username, decoded.key


def _readable(store: Store, row_ids: Collection[int]) -> dict[int, StoredRecord]:
    """The records behind those primary keys, as far as they can be read."""
    try:
        return stored_json.of(store, row_ids)
    except stored_json.UNREADABLE:
        numbers = list(row_ids)
        if len(numbers) == 1:
            return {}
        middle = len(numbers) // 2
        return _readable(store, numbers[:middle]) | _readable(store, numbers[middle:])


def _respelled(text: bytes, canonical: bytes) -> Iterator[str]:
    """The members that an export would spell otherwise than the store."""
    expected = _members(canonical) if text != canonical else {}
    for name, value in _members(text).items() if expected else ():
        if value != expected.get(name):
            yield f"$.{name} (spelling)"


def _members(text: bytes) -> dict[str, bytes]:
    """The members of an object, unparsed."""
    found = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    return {name: bytes(value) for name, value in found.items()}


def _unknown(mark: Provenance, decoded: Decoded) -> Iterator[str]:
    kept = json.loads(mark.unknown or "{}")
    if not isinstance(kept, dict):
        yield "$.unknown_members (cannot be read)"
        return
    ours, theirs = _spelled(kept), _spelled(json.loads(decoded.unknown_text or "{}"))
    for path in sorted({*ours, *theirs}):
        if ours.get(path) != theirs.get(path):
            yield f"{path} (unknown member)"


def _spelled(members: Mapping[str, Any]) -> dict[str, str]:
    """Values by path, as texts: `==` takes 1 for true, and for 1.0."""
    return {path: json.dumps(value, sort_keys=True) for path, value in members.items()}


# --- derived columns ------------------------------------------------------------------------------


def _derived(store: Store, content: Content, derive: Derive) -> Values:
    """The values that a record gives."""
    if store == Store.PROFILES:
        extended = derive(content.assessment(), content.members.elo_category_plan)
        return extended, content.schedule_api_json() if content.members.curriculum_schedule else None
    if store == Store.SUBMISSIONS:
        return content.submission_api_json(), content.members.grading is not None, False
    return ()


def _derived_columns(store: Store, row_ids: Collection[int]) -> dict[int, Values]:
    """The values that the rows behind those primary keys hold.

    Who graded is known only here: it has to be somebody where there is a grade. Attachments belong to their submission's learner.
    """
    if store == Store.PROFILES:
        learners = LearnerProfile.objects.filter(pk__in=row_ids).order_by()
        columns = learners.values_list("pk", "extended_assessment", "schedule__api_json")
        return {pk: tuple(values) for pk, *values in columns}
    if store == Store.SUBMISSIONS:
        stray = AttachmentMetadata.objects.filter(submission=OuterRef("pk")).exclude(
            learner=OuterRef("learner")
        )
        rows = AssessmentSubmission.objects.filter(pk__in=row_ids).order_by()
        found = rows.values_list("pk", "api_json", "graded_by", Exists(stray))
        return {pk: (api_json, grader != "", strays) for pk, api_json, grader, strays in found}
    return {}


def _differing_columns(store: Store, ours: Values, expected: Values) -> Iterator[str]:
    """The paths of values that are not as they have to be. An assessment that is not extended yet is extended when it is read."""
    for name, value, derived in zip(_DERIVED[store], ours, expected, strict=True):
        if value != derived and not (name == "extended_assessment" and value is None):
            yield f"$.{name} (derived)"
