"""Learners: finding and locking them, creating them, storing sessions' metadata."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet

from coach.documents import schedule as zones
from coach.documents import usernames
from coach.documents.base import LARGEST_WHOLE, utc_now
from coach.documents.profile import Note, Profile
from coach.models import AuditEvent, LearnerProfile, MemoryRecord
from coach.models.database import members
from coach.services import audit, memory_uploads
from coach.services.keeping import versions
from coach.services.operations import callers

MOST_SESSIONS = 10
MOST_NOTES = 150


class LearnerNotFound(LookupError):
    """No learner has that username."""


def named(username: str) -> LearnerProfile:
    """The learner of that (normal) name. Raises LearnerNotFound, callers.OutOfScope."""
    callers.check_learner(username)
    return _one(LearnerProfile.objects.named(username), username)


def locked(username: str) -> LearnerProfile:
    """The same, with the row locked until the transaction ends. Raises as `named` does."""
    callers.check_learner(username)
    return _one(LearnerProfile.objects.select_for_update().named(username), username)


def locked_or_made(username: str) -> LearnerProfile:
    """The learner of that name, locked; made first where there is none.

    `username` may be in any spelling. Raises usernames.UnusableUsername.
    """
    name = usernames.normalise(username)
    try:
        return locked(name)
    except LearnerNotFound:
        pass
    # Of two that make the same learner at once, one makes and both find.
    _, made = LearnerProfile.objects.get_or_create(username=name, defaults={"last_updated": utc_now()})
    learner = locked(name)
    if made:
        audit.record("learner.created", learner)
    return learner


def save(learner: LearnerProfile, columns: Iterable[str], action: str, **detail: Any) -> AuditEvent:
    """Save columns of a (locked) learner and `last_updated`, and record `action` with its `detail`; returns the audit event."""
    learner.last_updated = utc_now()
    learner.save(update_fields={*columns, "last_updated"})
    return audit.record(action, learner, **detail)


def apply_metadata(
    learner: LearnerProfile, metadata: Mapping[str, Any], *, session_id: str | None = None
) -> set[str]:
    """Apply a client's metadata to a (locked) learner; nothing is saved.

    `metadata` is whatever a client sent: members of the wrong kind are ignored. Returns the names
    of the changed columns.
    """
    before = {
        field.attname: getattr(learner, field.attname) for field in members.shared(LearnerProfile, Profile)
    }
    for name in ("goal", "use_case", "strengths"):
        if text := _text(metadata.get(name)):
            setattr(learner, name, text)
    if zones.known_zone(zone := _text(metadata.get("timezone"))):
        learner.timezone = zone
    if isinstance(tags := metadata.get("knowledge_tags"), list):
        learner.tags = merged_tags(learner.tags, [_text(tag) for tag in tags])
    if isinstance(ratings := metadata.get("elo"), dict):
        learner.ratings = {**learner.ratings, **_whole_ratings(ratings)}
    session = _filled(metadata.get("session_id")) or _filled(session_id)
    if session and session not in (sessions := learner.sessions):
        learner.sessions = [*sessions, session][-MOST_SESSIONS:]
    return {name for name, value in before.items() if getattr(learner, name) != value}


def merged_tags(tags: Sequence[str], new: Sequence[str]) -> list[str]:
    """Tags merged by lower case: a known one keeps its place and takes the new spelling; blank ones are dropped."""
    merged = {tag.lower(): tag for tag in tags}
    merged.update((tag.lower(), tag) for tag in new if tag)
    return list(merged.values())


@transaction.atomic
def update_from_metadata(
    *, username: str, metadata: Mapping[str, Any], session_id: str | None = None
) -> LearnerProfile:
    """Store a client's metadata of a learner, who is created if missing.

    Raises usernames.UnusableUsername.
    """
    learner = locked_or_made(username)
    changed = apply_metadata(learner, metadata, session_id=session_id)
    if changed:
        save(learner, changed, "learner.told", changed=sorted(changed))
    return learner


@transaction.atomic
def remember(*, username: str, note: str, tags: Sequence[str] = ()) -> Note:
    """Add a memory note to a learner, who is made if need be, and queue it for upload; the oldest beyond
    150 are dropped, and withdrawn from the vector store.

    Raises usernames.UnusableUsername.
    """
    learner = locked_or_made(username)
    record = MemoryRecord(learner=learner)
    document = Note(
        note_id=secrets.token_hex(8),
        note=note,
        tags=[tag.strip() for tag in tags if tag.strip()],
        created_at=utc_now(),
    )
    last = MemoryRecord.objects.filter(learner=learner).aggregate(Max("position"))["position__max"]
    record.apply_document(document, position=0 if last is None else last + 1)
    record.save(force_insert=True)
    memory_uploads.queue(learner, document.note_id)
    _drop_oldest_notes(learner)
    save(learner, (), "memory.written", note_id=document.note_id)
    return document


def _drop_oldest_notes(learner: LearnerProfile) -> None:
    newest = MemoryRecord.objects.filter(learner=learner).newest_first().values_list("pk", "note_id")
    dropped = dict(newest[MOST_NOTES:])
    if dropped:
        with versions.keeping(learner, *[(versions.Kind.NOTE, note_id) for note_id in dropped.values()]):
            memory_uploads.withdraw(learner, list(dropped.values()))
            MemoryRecord.objects.filter(pk__in=dropped).delete()


def _one(found: QuerySet[LearnerProfile], username: str) -> LearnerProfile:
    learner = found.first()
    if learner is None:
        raise LearnerNotFound(f"There is no learner called {username!r}.")
    return learner


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _filled(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _whole_ratings(ratings: Mapping[str, Any]) -> dict[str, int]:
    """The numbers among the values, cut to whole ones; what a rating cannot hold is left out."""
    numbers = {key: value for key, value in ratings.items() if isinstance(value, int | float)}
    return {key: int(value) for key, value in numbers.items() if -LARGEST_WHOLE <= value <= LARGEST_WHOLE}
