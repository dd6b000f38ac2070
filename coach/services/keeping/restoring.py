"""Putting a version back: an ordinary write, through the same documents, that leaves a version itself."""

from collections.abc import Callable, Iterable

from django.db.models import F

from coach import attachments as storage
from coach.documents.base import utc_now
from coach.documents.profile import Note, Profile
from coach.documents.submissions import Attachment, PendingAttachment, Submission
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    LearnerProfile,
    MemoryRecord,
    RecordVersion,
)
from coach.services import assessments, audit, memory_uploads, schedules
from coach.services.keeping import versions
from coach.services.keeping.versions import Kind, Members


class CannotPutBack(Exception):
    """The record cannot be restored; the message says why."""


def restore(learner: LearnerProfile, version: RecordVersion, now: Members | None) -> None:
    """Make a (locked) learner's record what it was before the version's change; leaves a version itself.

    `now` is what the record is. Raises CannotPutBack, and pydantic's ValidationError.
    """
    before: Members | None = version.before
    wanted = None if before is None else {**(now or {}), **before}
    with versions.keeping(learner, (version.kind, version.natural_key)) as change:
        _WRITERS[version.kind](learner, version.natural_key, wanted, set(before or {}))
        learner.last_updated = utc_now()
        learner.save(update_fields={"last_updated"})
        change.event = audit.record(
            "version.put_back", learner, version=version.pk, kind=version.kind, key=version.natural_key
        )


def _write_profile(learner: LearnerProfile, key: str, wanted: Members | None, changed: set[str]) -> None:
    own = {"username": key, "last_updated": learner.last_updated}
    document = Profile.model_validate({**(wanted or {}), **own})
    if "memory_records" in changed:
        _write_notes(learner, document.memory_records)
    if "curriculum_schedule" in changed:
        if document.curriculum_schedule is None:
            schedules.drop(learner)
        else:
            schedules.store(learner, document.curriculum_schedule)
    columns = changed - {"memory_records", "curriculum_schedule"}
    restored = LearnerProfile()
    restored.apply_document(document)
    for name in columns:
        setattr(learner, name, getattr(restored, name))
    assessments.derive(learner)
    learner.save(update_fields={*columns, "extended_assessment"})


def _write_notes(learner: LearnerProfile, notes: Iterable[Note]) -> None:
    present = {row.note_id: row for row in learner.memory_records.all()}
    for position, document in enumerate(notes):
        row = present.pop(document.note_id, None) or MemoryRecord(learner=learner)
        is_new = row.pk is None
        row.apply_document(document, position=position)
        row.save()
        if is_new:
            memory_uploads.queue(learner, document.note_id)
    if present:
        memory_uploads.withdraw(learner, list(present))
        learner.memory_records.filter(note_id__in=present).delete()


def _write_note(learner: LearnerProfile, key: str, wanted: Members | None, changed: set[str]) -> None:
    others = [row.to_document() for row in learner.memory_records.exclude(note_id=key).order_by("position")]
    restored = [] if wanted is None else [Note.model_validate({**wanted, "note_id": key})]
    _write_notes(learner, [*others, *restored])


def _write_submission(learner: LearnerProfile, key: str, wanted: Members | None, changed: set[str]) -> None:
    row = AssessmentSubmission.objects.filter(learner=learner, submission_id=key).first()
    if row is None or wanted is None:
        raise CannotPutBack("The submission does not exist any more.")
    document = Submission.model_validate({**wanted, "submission_id": key, "username": learner.username})
    if "attachments" in changed:
        _write_attachments(row, document.attachments)
    row.apply_document(document)
    row.graded_by = wanted.get("graded_by", row.graded_by)
    row.save()


def _write_attachments(submission: AssessmentSubmission, wanted: Iterable[Attachment]) -> None:
    present = {row.attachment_id: row for row in submission.attachments.all()}
    # Past every place that is taken, since two rows must not share a place even for a moment.
    submission.attachments.update(position=F("position") + submission.next_place())
    for position, document in enumerate(wanted):
        row = present.pop(document.attachment_id, None) or AttachmentMetadata(learner=submission.learner)
        row.submission = submission
        row.apply_document(document, position=position)
        row.save()
    submission.attachments.filter(attachment_id__in=present).delete()


def _write_attachment(learner: LearnerProfile, key: str, wanted: Members | None, changed: set[str]) -> None:
    rows = AttachmentMetadata.objects.filter(learner=learner, attachment_id=key)
    row = rows.order_by(F("submission").asc(nulls_first=True), "-pk").first()
    touched = [row.submission_id] if row else []
    if wanted is None:
        if row:
            row.delete()
    else:
        row = row or AttachmentMetadata(learner=learner)
        _fill_attachment(row, key, wanted)
        row.save()
        touched.append(row.submission_id)
    # What clients see of a submission names its attachments.
    for submission in AssessmentSubmission.objects.filter(pk__in=[pk for pk in touched if pk]):
        submission.apply_document(submission.to_document(username=learner.username))
        submission.save()


def _fill_attachment(row: AttachmentMetadata, key: str, members: Members) -> None:
    name = members.get("submission")
    submission = row.learner.submissions.filter(submission_id=name).first() if name else None
    if name and submission is None:
        raise CannotPutBack("The submission that held the attachment does not exist any more.")
    if (path := members.get("stored_path")) and not storage.exists(storage.safe_path(path)):
        raise CannotPutBack("The bytes of the file do not exist any more.")
    pending = AttachmentMetadata.objects.pending().filter(attachment_id=key).exclude(pk=row.pk)
    if submission is None and pending.exists():
        raise CannotPutBack("Another learner has a pending attachment of this id.")
    kind = Attachment if submission else PendingAttachment
    document = kind.model_validate({**members, "attachment_id": key, "username": row.learner.username})
    if submission is None or row.submission_id != submission.pk:
        position = submission.next_place() if submission else 0
    else:
        position = row.position
    row.submission = submission
    row.apply_document(document, position=position)


_WRITERS: dict[str, Callable[[LearnerProfile, str, Members | None, set[str]], None]] = {
    Kind.PROFILE: _write_profile,
    Kind.SUBMISSION: _write_submission,
    Kind.ATTACHMENT: _write_attachment,
    Kind.NOTE: _write_note,
}
