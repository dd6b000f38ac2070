"""The three legacy stores: what they are called, in which order they are read, what stands in them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from coach.documents.base import Document
from coach.documents.profile import Profile
from coach.documents.submissions import PendingAttachment, Submission


class Store(StrEnum):
    """A legacy store; iterating gives the order in which they are imported."""

    PROFILES = "profiles"
    SUBMISSIONS = "submissions"
    ATTACHMENTS = "attachments"


class Outcome(StrEnum):
    """What becomes of a record; each record ends in exactly one."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    CONFLICT = "conflict"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Layout:
    """How a store is laid out: its default file name, its records' class and natural key.

    A store that is `listed` maps usernames to lists of records; the other one holds records directly.
    """

    file_name: str
    document: type[Document]
    key: str
    listed: bool


LAYOUTS = {
    Store.PROFILES: Layout("learner_profiles.json", Profile, "username", listed=False),
    Store.SUBMISSIONS: Layout("assessment_submissions.json", Submission, "submission_id", listed=True),
    Store.ATTACHMENTS: Layout("assessment_attachments.json", PendingAttachment, "attachment_id", listed=True),
}
MANIFEST = "manifest.json"
# Called as work goes on: the store, how many of its records are dealt with, and how many it has.
Progress = Callable[[Store, int, int], None]
