"""What is derived from a record and stands in a column of its own: as the rows have it, and as it has to be."""

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import Exists, OuterRef

from coach.legacy.decoding.codec import Content
from coach.legacy.stores import Store
from coach.legacy.writing.tables import Derive
from coach.models import AssessmentSubmission, AttachmentMetadata, LearnerProfile

Values = tuple[Any, ...]
# What each value is, in their order.
_NAMES: dict[Store, tuple[str, ...]] = {
    Store.PROFILES: ("extended_assessment", "curriculum_schedule.api_json"),
    Store.SUBMISSIONS: ("api_json", "graded_by", "attachments.learner"),
    Store.ATTACHMENTS: (),
}


def expected(store: Store, content: Content, derive: Derive) -> Values:
    """The values that a record gives."""
    if store == Store.PROFILES:
        extended = derive(content.assessment(), content.members.elo_category_plan)
        return extended, content.schedule_api_json() if content.members.curriculum_schedule else None
    if store == Store.SUBMISSIONS:
        return content.submission_api_json(), content.members.grading is not None, False
    return ()


def held(store: Store, row_ids: Collection[int]) -> dict[int, Values]:
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


def differing(store: Store, ours: Values, expected: Values) -> Iterator[str]:
    """The paths of values that are not as they have to be. An assessment that is not extended yet is extended when it is read."""
    for name, value, derived in zip(_NAMES[store], ours, expected, strict=True):
        if value != derived and not (name == "extended_assessment" and value is None):
            yield f"$.{name} (derived)"
