"""What staff change: each change under the learner's row lock, with an audit event and a history entry."""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import File
from django.db import models, transaction

from coach import attachments as storage
from coach.documents.assessment import GradingResult
from coach.documents.base import utc_now
from coach.documents.profile import Profile
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    BackfillFinding,
    BackfillRun,
    LearnerProfile,
    RecordVersion,
)
from coach.models.database import members
from coach.models.versions import fingerprint
from coach.services import assessments, attachments, audit, grading, learners, memory_uploads, schedules
from coach.services.keeping import erasing, restoring, versions

# The other members are the service's own.
EDITABLE_COLUMNS = frozenset(field.attname for field in members.shared(LearnerProfile, Profile)) - {
    "username",
    "recent_sessions",
    "memory_index_id",
    "last_updated",
    "onboarding_assessment_result",
}
_DERIVED_FROM = frozenset({"elo_category_plan", "onboarding_assessment"})


class ChangedMeanwhile(Exception):
    """Somebody else changed a value since it was shown; nothing was written. `columns` names them."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.columns = sorted(columns)
        super().__init__(f"changed meanwhile: {', '.join(self.columns)}")


class NothingToJoin(Exception):
    """The learner has no pending attachments, or no submission that could take them along."""


def edit_learner(
    *, user: AbstractBaseUser, username: str, changes: Mapping[str, Any], seen: Mapping[str, str]
) -> list[str]:
    """Write changed columns of a learner; answers the names of those that differed.

    `changes` maps columns to values as they are stored (documents as JSON text that was validated),
    `seen` maps them to the fingerprints of what staff were shown. Raises LearnerNotFound, ChangedMeanwhile,
    KeyError for a column that staff do not edit.
    """
    if refused := changes.keys() - EDITABLE_COLUMNS:
        raise KeyError(f"not edited by staff: {sorted(refused)}")
    with _acting(user, username) as learner:
        changed = sorted(name for name, value in changes.items() if getattr(learner, name) != value)
        if moved := [name for name in changed if seen.get(name) != fingerprint(getattr(learner, name))]:
            raise ChangedMeanwhile(moved)
        if changed:
            _write(user, learner, {name: changes[name] for name in changed})
    return changed


def _write(user: AbstractBaseUser, learner: LearnerProfile, changes: Mapping[str, Any]) -> None:
    with versions.keeping(learner) as change:
        for name, value in changes.items():
            setattr(learner, name, value)
        fields = {*changes, "last_updated"}
        if _DERIVED_FROM & changes.keys():
            assessments.derive(learner)
            fields.add("extended_assessment")
        learner.last_updated = utc_now()
        learner.save(update_fields=fields)
        change.event = audit.record("learner.edited", learner, changed=sorted(changes))
    _history(user, learner, [{"changed": {"fields": sorted(changes)}}])


def regenerate(*, user: AbstractBaseUser, username: str) -> bool:
    """Generate a learner's schedule again; answers whether it is current now.

    A refresh that fails leaves the earlier schedule, stale. Raises LearnerNotFound, schedules.CannotSchedule.
    """
    with _acting(user, username) as learner:
        with versions.keeping(learner) as change:
            schedule, change.event = schedules.refreshed(learner)
        if not schedule.is_stale:
            words = (
                "Regenerated the schedule." if change.kept else "Regenerated the schedule: nothing changed."
            )
        else:
            words = "The schedule could not be regenerated; the earlier one stays, marked stale."
        _history(user, learner, words)
    return not schedule.is_stale


def grade(*, user: AbstractBaseUser, submission_id: str, grades: grading.Grades, seen: str) -> bool:
    """Grade a submission by hand, as the model does; answers whether the grade counts for the learner.

    It does unless a later submission is graded already. `seen` is the fingerprint of the grading that staff were shown.
    Raises ChangedMeanwhile, LearnerNotFound, AssessmentSubmission.DoesNotExist.
    """
    username = AssessmentSubmission.objects.get(submission_id=submission_id).learner.username
    records = [(versions.Kind.PROFILE, username), (versions.Kind.SUBMISSION, submission_id)]
    with _acting(user, username) as learner:
        row = learner.submissions.get(submission_id=submission_id)
        if seen != fingerprint(row.grading):
            raise ChangedMeanwhile(["grading"])
        later = learner.submissions.filter(submitted_at__gt=row.submitted_at).exclude(graded_by="")
        counts = not later.exists()
        with versions.keeping(learner, *records) as change:
            result = _graded(row, learner, grades)
            if counts:
                grading.apply(learner, result, submitted_at=row.submitted_at)
            change.event = audit.record(
                "submission.graded", learner, submission_id=submission_id, by=row.graded_by
            )
        _history(user, learner, f"Graded submission {submission_id}.")
    return counts


def _graded(row: AssessmentSubmission, learner: LearnerProfile, grades: grading.Grades) -> GradingResult:
    document = row.to_document(username=learner.username)
    result = grading.result(
        grades,
        submission_id=row.submission_id,
        tasks=document.responses,
        plan=learner.plan,
        now=utc_now(),
    )
    row.apply_document(document.model_copy(update={"grading": result}))
    row.graded_by = AssessmentSubmission.Grader.STAFF
    row.save()
    return result


def put_back(*, user: AbstractBaseUser, version_id: int, seen: str) -> RecordVersion:
    """Make a record what it was before a version's change.

    `seen` is the mark (versions.mark) of what staff were shown. Raises ChangedMeanwhile where the record is something
    else by now, restoring.CannotPutBack, RecordVersion.DoesNotExist.
    """
    version = RecordVersion.objects.select_related("learner").get(pk=version_id)
    with _acting(user, version.learner.username) as learner:
        record = (learner.pk, version.kind, version.natural_key)
        now = versions.states([record]).get(record)
        if versions.mark(version, now) != seen:
            raise ChangedMeanwhile(version.members())
        restoring.restore(learner, version, now)
        _history(user, learner, f"Put back {version.kind} {version.natural_key}.")
    return version


def consume(*, user: AbstractBaseUser, username: str) -> int:
    """Let a learner's newest submission take the pending attachments along; answers how many there were.

    Raises LearnerNotFound, NothingToJoin.
    """
    with _acting(user, username) as learner:
        submission = AssessmentSubmission.objects.filter(learner=learner).newest_first().first()
        taken = attachments.consume(learner)
        if submission is None or not taken:
            raise NothingToJoin("no pending attachment" if not taken else "no submission")
        records = [(versions.Kind.ATTACHMENT, row.attachment_id) for row in taken]
        with versions.keeping(learner, *records) as change:
            _join(submission, taken)
            change.event = audit.record(
                "attachment.consumed", learner, submission_id=submission.submission_id, attachments=len(taken)
            )
        _history(
            user, learner, f"Marked {len(taken)} pending attachments consumed ({submission.submission_id})."
        )
    return len(taken)


def _join(submission: AssessmentSubmission, taken: list[AttachmentMetadata]) -> None:
    for place, row in enumerate(taken, start=submission.next_place()):
        row.position, row.submission = place, submission
    AttachmentMetadata.objects.bulk_update(taken, ["submission", "position", "source", "url"])
    # What clients see of the submission names its attachments.
    submission.apply_document(submission.to_document())
    submission.save(update_fields={"api_json"})


def delete(*, user: AbstractBaseUser, username: str) -> None:
    """Remove a learner with everything that belongs to them; an unknown name is no error."""
    learner = LearnerProfile.objects.named(username).first()
    if learner is not None:
        # In no transaction of ours: the bytes go once the rows are gone for certain.
        with audit.acting_as(_name(user)):
            learner.username = erasing.erase(username=username) or ""
        _history(user, learner, "Deleted.", flag=DELETION)


def delete_attachment(*, user: AbstractBaseUser, username: str, attachment_id: str) -> None:
    """Remove a learner's attachment and its bytes; one that is not there is no error."""
    with audit.acting_as(_name(user)):
        attachments.delete(username=username, attachment_id=attachment_id)
    learner = LearnerProfile.objects.named(username).first()
    if learner is not None:
        _history(user, learner, f"Deleted attachment {attachment_id}.")


def requeue_uploads(*, user: AbstractBaseUser, ids: Collection[int]) -> int:
    """Queue uploads of notes again that were given up; answers how many."""
    with transaction.atomic(), audit.acting_as(_name(user)):
        return memory_uploads.requeue(ids)


def told(*, user: AbstractBaseUser, action: str, **detail: Any) -> None:
    """Note what a member of staff did that changes no learner: an import, an export."""
    with audit.acting_as(_name(user)):
        audit.record(action, None, **detail)


def imported(*, user: AbstractBaseUser, run: BackfillRun) -> None:
    """Note that a member of staff confirmed an import: belongs into the import's transaction."""
    told(user=user, action="import.confirmed", run=run.pk)
    _history(user, run, "Imported a store.", flag=ADDITION)


def resolve(
    *,
    user: AbstractBaseUser,
    finding: BackfillFinding,
    resolution: str,
    run: BackfillRun | None = None,
    username: str = "",
) -> None:
    """Close a finding by a decision of staff, which `run` has carried out for the learner of that name.

    Belongs into the transaction of the run.
    """
    learner = LearnerProfile.objects.named(username).first() if username else None
    with audit.acting_as(_name(user)):
        audit.record(
            "import.resolved",
            learner,
            finding=finding.pk,
            store=finding.store,
            resolution=resolution,
            run=run.pk if run else None,
        )
    BackfillFinding.objects.filter(pk=finding.pk).resolve(resolution, by=_name(user), run=run)
    words = BackfillFinding.Resolution(resolution).label
    _history(user, learner or run or finding.run, f"Resolved finding {finding.pk}: {words}.")


def has_bytes(row: AttachmentMetadata) -> bool | None:
    """Whether an attachment's bytes lie in the storage; None while it does not say."""
    try:
        return storage.exists(storage.safe_path(row.stored_path or ""))
    except storage.UnsafePath:
        return False
    except storage.StorageError:
        return None


def open_bytes(row: AttachmentMetadata) -> "File[bytes]":
    """An attachment's bytes, to be closed. Raises attachments.AttachmentNotFound where there are none, storage.StorageError."""
    if has_bytes(row) is False:
        raise attachments.AttachmentNotFound("The storage has no such bytes.")
    return storage.open_bytes(storage.safe_path(row.stored_path or ""))


@contextlib.contextmanager
def _acting(user: AbstractBaseUser, username: str) -> Iterator[LearnerProfile]:
    """A learner, locked while the block lasts, with the member of staff as the actor."""
    with transaction.atomic(), audit.acting_as(_name(user)):
        yield learners.locked(username)


def _name(user: AbstractBaseUser) -> str:
    return f"staff {user.get_username()}"


def _history(user: AbstractBaseUser, row: models.Model, message: Any, *, flag: int = CHANGE) -> None:
    LogEntry.objects.log_actions(user.pk, [row], flag, message)
