"""Pending attachments that a submission of the store has attached: they go, and leave a version."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from coach.documents.submissions import Submission
from coach.legacy.deciding import provenance
from coach.legacy.deciding.compare import Planned
from coach.legacy.stores import Outcome
from coach.legacy.writing import versions
from coach.legacy.writing.tables import Maker
from coach.models import AttachmentMetadata, RecordVersion


def drop(planned: Iterable[Planned], learners: Mapping[str, int], maker: Maker) -> None:
    """Delete what is not pending any more; `learners` are those of the submissions: username to primary key."""
    gone = _gone(planned, learners)
    kept = partial(versions.of_attachment, run_id=maker.run_id, at=maker.at, actor=provenance.ATTACHING_ACTOR)
    RecordVersion.objects.bulk_create(filter(None, (kept(row, name) for row, name in gone.items())))
    AttachmentMetadata.objects.filter(pk__in=[row.pk for row in gone]).delete()


def would_go(planned: Sequence[Planned], learners: Mapping[str, int]) -> set[int]:
    """What a run would delete with these submissions: what `drop` does, and what they held before without provenance."""
    lost = (row for plan in planned if plan.outcome == Outcome.UPDATED for row in versions.lost(plan))
    return {
        row.pk
        for row in (*_gone(planned, learners), *lost)
        if row.submission_id is None or not row.import_checksum
    }


def _gone(planned: Iterable[Planned], learners: Mapping[str, int]) -> dict[AttachmentMetadata, str]:
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
