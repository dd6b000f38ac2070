"""What an import replaced, kept in the transaction that replaces it."""

import datetime as dt
from collections.abc import Iterable, Iterator

from coach.documents.submissions import Submission
from coach.legacy.deciding import provenance
from coach.legacy.deciding.compare import Planned
from coach.legacy.stores import Outcome, Store
from coach.legacy.writing import tables
from coach.models import AssessmentSubmission, AttachmentMetadata, RecordVersion

_KINDS = {
    Store.PROFILES: RecordVersion.Kind.PROFILE,
    Store.SUBMISSIONS: RecordVersion.Kind.SUBMISSION,
    Store.ATTACHMENTS: RecordVersion.Kind.ATTACHMENT,
}
# They change with every other member.
_FOLLOWING = frozenset({"last_updated"})


def keep(planned: Iterable[Planned], *, run_id: int | None, at: dt.datetime) -> None:
    """Write one version for each record that is to be updated; belongs before the update."""
    rows = []
    for plan in planned:
        if plan.outcome == Outcome.UPDATED:
            rows += [_version(plan, run_id, at), *_of_lost(plan, run_id, at)]
    RecordVersion.objects.bulk_create(filter(None, rows))


def _version(plan: Planned, run_id: int | None, at: dt.datetime) -> RecordVersion | None:
    assert plan.ours and plan.decoded and plan.mark and plan.row
    names = {change.member for change in plan.changes} - _FOLLOWING
    before = plan.ours.model_dump(mode="json", include=names)
    after = plan.decoded.document.model_dump(mode="json", include=names)
    if "grading" in names:
        before["graded_by"] = plan.row.graded_by
        after["graded_by"] = str(tables.grader(after["grading"]))
    return RecordVersion.of_change(
        _KINDS[plan.record.store],
        plan.key,
        before=before,
        after=after,
        learner_id=plan.mark.learner_id,
        actor=provenance.ACTOR,
        run_id=run_id,
        at=at,
    )


def _of_lost(plan: Planned, run_id: int | None, at: dt.datetime) -> Iterator[RecordVersion | None]:
    """Versions of imported attachments that were used here, in a submission that the store's record replaces."""
    used = (row for row in lost(plan) if row.import_checksum)
    yield from (of_attachment(row, plan.username, run_id=run_id, at=at) for row in used)


def lost(plan: Planned) -> list[AttachmentMetadata]:
    """The attachments of a submission that the store's record holds no more."""
    if not isinstance(plan.row, AssessmentSubmission) or plan.decoded is None:
        return []
    document = plan.decoded.document
    assert isinstance(document, Submission)
    stay = {attachment.attachment_id for attachment in document.attachments}
    return [row for row in plan.row.attachments.all() if row.attachment_id not in stay]


def of_attachment(
    row: AttachmentMetadata,
    username: str,
    *,
    run_id: int | None,
    at: dt.datetime,
    actor: str = provenance.ACTOR,
) -> RecordVersion | None:
    """The version of an attachment that an import deletes; that of ACTOR also says that it was used here."""
    return RecordVersion.of_change(
        RecordVersion.Kind.ATTACHMENT,
        row.attachment_id,
        before=row.to_pending_document(username=username).model_dump(mode="json"),
        after=None,
        learner_id=row.learner_id,
        actor=actor,
        run_id=run_id,
        at=at,
    )
