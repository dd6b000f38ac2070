"""What an import replaced, kept in the transaction that replaces it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from coach.legacy.deciding.compare import Planned
from coach.legacy.stores import Outcome, Store
from coach.legacy.writing import bulk, submissions
from coach.models import RecordVersion

_KINDS = {
    Store.PROFILES: RecordVersion.Kind.PROFILE,
    Store.SUBMISSIONS: RecordVersion.Kind.SUBMISSION,
    Store.ATTACHMENTS: RecordVersion.Kind.ATTACHMENT,
}
# They change with every other member.
_FOLLOWING = frozenset({"last_updated"})


def keep(planned: Iterable[Planned], *, run_id: int | None, at: dt.datetime) -> None:
    """Write one version for each record that is to be updated; belongs before the update."""
    rows = [_version(plan, run_id, at) for plan in planned if plan.outcome == Outcome.UPDATED]
    bulk.insert([row for row in rows if row is not None])


def _version(plan: Planned, run_id: int | None, at: dt.datetime) -> RecordVersion | None:
    assert plan.ours and plan.decoded and plan.mark and plan.rows
    names = {change.member for change in plan.changes} - _FOLLOWING
    before = plan.ours.model_dump(mode="json", include=names)
    after = plan.decoded.document.model_dump(mode="json", include=names)
    if "grading" in names:
        before["graded_by"] = plan.rows.top.graded_by
        after["graded_by"] = str(submissions.grader(after["grading"]))
    return RecordVersion.of_change(
        _KINDS[plan.record.store],
        plan.key,
        before=before,
        after=after,
        learner_id=plan.mark.learner_id,
        actor="import",
        run_id=run_id,
        at=at,
    )
