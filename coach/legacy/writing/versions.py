"""What an import replaced, or deleted since a submission of the store holds it: kept in the transaction that does so."""

from collections.abc import Iterable, Mapping, Sequence

from coach.documents.submissions import Submission
from coach.legacy.deciding import provenance
from coach.legacy.deciding.compare import Planned
from coach.legacy.stores import Outcome, Store
from coach.legacy.writing import tables
from coach.legacy.writing.tables import Maker
from coach.models import AssessmentSubmission, AttachmentMetadata, RecordVersion

_KINDS = {
    Store.PROFILES: RecordVersion.Kind.PROFILE,
    Store.SUBMISSIONS: RecordVersion.Kind.SUBMISSION,
    Store.ATTACHMENTS: RecordVersion.Kind.ATTACHMENT,
}
# They change with every other member.
_FOLLOWING = frozenset({"last_updated"})


def keep(planned: Iterable[Planned], maker: Maker) -> None:
    """Write one version for each record that is to be updated; belongs before the update."""
    rows = []
    for plan in planned:
        if plan.outcome == Outcome.UPDATED:
            # Imported attachments that were used here leave one, too.
            used = [row for row in lost(plan) if row.import_checksum]
            rows += [_version(plan, maker), *(of_attachment(row, plan.username, maker) for row in used)]
    RecordVersion.objects.bulk_create(filter(None, rows))


def _version(plan: Planned, maker: Maker) -> RecordVersion | None:
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
        run_id=maker.run_id,
        at=maker.at,
    )


def lost(plan: Planned) -> list[AttachmentMetadata]:
    """The attachments of a submission that the store's record holds no more."""
    if not isinstance(plan.row, AssessmentSubmission) or plan.decoded is None:
        return []
    document = plan.decoded.document
    assert isinstance(document, Submission)
    stay = {attachment.attachment_id for attachment in document.attachments}
    return [row for row in plan.row.attachments.all() if row.attachment_id not in stay]


def of_attachment(
    row: AttachmentMetadata, username: str, maker: Maker, *, actor: str = provenance.ACTOR
) -> RecordVersion | None:
    """The version of an attachment that an import deletes; that of ACTOR also says that it was used here."""
    return RecordVersion.of_change(
        RecordVersion.Kind.ATTACHMENT,
        row.attachment_id,
        before=row.to_pending_document(username=username).model_dump(mode="json"),
        after=None,
        learner_id=row.learner_id,
        actor=actor,
        run_id=maker.run_id,
        at=maker.at,
    )


# --- pending attachments that a submission of the store has attached ------------------------------


def drop_attached(planned: Iterable[Planned], learners: Mapping[str, int], maker: Maker) -> None:
    """Delete what these submissions hold and is not pending any more, and leave versions of it.

    `learners` are those of the submissions: username to primary key.
    """
    gone = _not_pending(planned, learners)
    kept = (
        of_attachment(row, username, maker, actor=provenance.ATTACHING_ACTOR)
        for row, username in gone.items()
    )
    RecordVersion.objects.bulk_create(filter(None, kept))
    AttachmentMetadata.objects.filter(pk__in=[row.pk for row in gone]).delete()


def would_go(planned: Sequence[Planned], learners: Mapping[str, int]) -> set[int]:
    """What a run would delete with these submissions: what `drop_attached` does, and what they held before without provenance."""
    replaced = (row for plan in planned if plan.outcome == Outcome.UPDATED for row in lost(plan))
    return {
        row.pk
        for row in (*_not_pending(planned, learners), *replaced)
        if row.submission_id is None or not row.import_checksum
    }


def _not_pending(planned: Iterable[Planned], learners: Mapping[str, int]) -> dict[AttachmentMetadata, str]:
    pending = AttachmentMetadata.objects.pending().filter(learner__in=set(learners.values())).order_by()
    rows = {(row.learner_id, row.attachment_id): row for row in pending}
    gone = {}
    for plan in planned if rows else ():
        if plan.decoded and plan.outcome not in (Outcome.REJECTED, Outcome.CONFLICT):
            document = plan.decoded.document
            assert isinstance(document, Submission)
            for attachment in document.attachments:
                if row := rows.get((learners[plan.username], attachment.attachment_id)):
                    gone[row] = plan.username
    return gone
