"""Versions: keeping what a change replaces, and comparing it with what is there now.

The members of a record are plain JSON values, as its document gives them. `last_updated` follows every change and is
never a member of its own.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    AuditEvent,
    LearnerProfile,
    MemoryRecord,
    RecordVersion,
)
from coach.models.versions import fingerprint
from coach.services import audit

Kind = RecordVersion.Kind
Members = dict[str, Any]
# Which learner (primary key), which kind of record, and its natural key.
Record = tuple[int, str, str]


# --- keeping ----------------------------------------------------------------------------------------


@dataclass
class Change:
    """A change on its way: the block that makes it sets `event` where it records one."""

    event: AuditEvent | None = None
    kept: list[RecordVersion] = field(default_factory=list)


@contextlib.contextmanager
def keeping(
    learner: LearnerProfile, *records: tuple[str, str], stored_path: str | None = None
) -> Iterator[Change]:
    """Keep what the block changes of a (locked) learner's records, each a kind and a natural key.

    Without records: of the profile. What does not change leaves no version. `stored_path` names bytes to be kept.
    """
    named = [(learner.pk, *record) for record in records or [(Kind.PROFILE, learner.username)]]
    before, change = states(named), Change()
    yield change
    after = states(named)
    for record in named:
        version = RecordVersion.of_change(
            record[1],
            record[2],
            before=before.get(record),
            after=after.get(record),
            learner=learner,
            actor=audit.actor(),
            event=change.event,
            stored_path=stored_path,
        )
        if version is not None:
            version.save(force_insert=True)
            change.kept.append(version)


# --- reading ----------------------------------------------------------------------------------------


def states(records: Iterable[Record]) -> dict[Record, Members]:
    """The members of those records as they are now; those that do not exist are missing. A fixed number of queries."""
    found: dict[Record, Members] = {}
    wanted = set(records)
    for kind, read in _READERS.items():
        of_kind = {record for record in wanted if record[1] == kind}
        if of_kind:
            rows = read({record[0] for record in of_kind}, {record[2] for record in of_kind})
            found |= {(learner, kind, key): members for learner, key, members in rows}
    return {record: members for record, members in found.items() if record in wanted}


def mark(version: RecordVersion, now: Members | None) -> str:
    """A digest of what the version's members are now, by which a later look tells whether they moved."""
    return fingerprint(None if now is None else {name: now.get(name) for name in version.members()})


def moved(version: RecordVersion, now: Members | None) -> bool:
    """Whether the record was changed again since the change that the version belongs to."""
    left = version.fingerprints
    if left is None or now is None:
        return (left is None) != (now is None)
    return any(fingerprint(now.get(name)) != digest for name, digest in left.items())


_Rows = Iterator[tuple[int, str, Members]]


def _profiles(learners: set[int], keys: set[str]) -> _Rows:
    rows = LearnerProfile.objects.select_related("schedule").prefetch_related(
        "memory_records", "schedule__items"
    )
    for row in rows.filter(pk__in=learners):
        yield row.pk, row.username, _without(row.to_document().to_object(), "username", "last_updated")


def _submissions(learners: set[int], keys: set[str]) -> _Rows:
    rows = AssessmentSubmission.objects.filter(learner__in=learners, submission_id__in=keys)
    for row in rows.select_related("learner"):
        members = _without(row.to_document().to_object(), "submission_id", "username")
        yield row.learner_id, row.submission_id, {**members, "graded_by": row.graded_by}


def _attachments(learners: set[int], keys: set[str]) -> _Rows:
    rows = AttachmentMetadata.objects.filter(learner__in=learners, attachment_id__in=keys)
    # Of several with one id the pending one counts, as for clients.
    for row in sorted(rows.select_related("submission"), key=lambda row: (row.submission_id is None, row.pk)):
        submission = row.submission.submission_id if row.submission else None
        members = {**row.to_document().to_object(), "submission": submission}
        yield row.learner_id, row.attachment_id, _without(members, "attachment_id")


def _notes(learners: set[int], keys: set[str]) -> _Rows:
    for row in MemoryRecord.objects.filter(learner__in=learners, note_id__in=keys):
        yield row.learner_id, row.note_id, _without(row.to_document().to_object(), "note_id")


def _without(members: Members, *names: str) -> Members:
    return {name: value for name, value in members.items() if name not in names}


_READERS: dict[str, Callable[[set[int], set[str]], _Rows]] = {
    Kind.PROFILE: _profiles,
    Kind.SUBMISSION: _submissions,
    Kind.ATTACHMENT: _attachments,
    Kind.NOTE: _notes,
}
