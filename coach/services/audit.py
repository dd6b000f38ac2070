"""Audit events: one for each change, written in the transaction of the change."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from coach.models import AuditEvent, LearnerProfile

# Who is at work: a client of the API unless a door says otherwise.
_actor: ContextVar[str] = ContextVar("actor", default="client")


@contextlib.contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Name who is at work (`staff NAME`, `command`) for the events of a block."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def actor() -> str:
    """Who is at work."""
    return _actor.get()


def record(action: str, learner: LearnerProfile | None, *, username: str = "", **detail: Any) -> AuditEvent:
    """Note what was done to a learner. `detail` holds ids and counts, never contents."""
    event = AuditEvent(
        learner=learner,
        username=learner.username if learner else username,
        actor=_actor.get(),
        action=action,
    )
    event.detail_members = detail
    event.save(force_insert=True)
    return event
