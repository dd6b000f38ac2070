"""Files at the model's provider: uploads for a chat, and memory notes in the vector store."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from coach import telemetry
from coach.agent.errors import AgentError, Refused
from coach.agent.model import client

CHAT_SECONDS = 60.0
NOT_FOUND = 404


def upload_for_chat(*, name: str, content_type: str, content: bytes) -> str | None:
    """Hand a file over for the model to search; its id there, or None where that failed or no model is configured."""
    if not client.is_configured():
        return None
    try:
        with telemetry.timed("file_upload", size=len(content)), client.failures():
            api = client.api(seconds=CHAT_SECONDS)
            return str(api.files.create(file=(name, content, content_type), purpose="assistants").id)
    except AgentError:
        return None


# None of these is repeated by itself: a request whose fate is unknown could upload twice. The outbox looks first.
# `seconds` bounds the whole request: waiting for a connection, connecting, writing and reading get a quarter each.
_PHASES = 4
LISTED_AT_ONCE = 10_000


@dataclass(frozen=True)
class NoteFile:
    """A memory note as a file; `name` carries the outbox's key, by which the file is found again."""

    name: str
    key: str
    content: bytes


@dataclass(frozen=True)
class RemoteFile:
    file_id: str
    name: str
    created_at: dt.datetime


def prepare() -> None:
    """Load the SDK and make its client, which takes seconds: before a lease begins, not inside of it.

    Raises Unavailable.
    """
    with client.failures():
        _api(1.0)


def send(note: NoteFile, *, seconds: float) -> str:
    """Upload a note's file, once; its id. Raises AgentError; after 5xx and lost connections its fate is unknown."""
    with client.failures():
        api = _api(seconds)
        sent = api.files.create(
            file=(note.name, note.content, "text/markdown"),
            purpose="assistants",
            extra_headers={"Idempotency-Key": note.key},
        )
        return str(sent.id)


def attach(file_id: str, *, store: str, attributes: dict[str, str], key: str, seconds: float) -> None:
    """Put an uploaded file into a vector store. Raises as `send` does."""
    with client.failures():
        api = _api(seconds)
        api.vector_stores.files.create(
            store,
            file_id=file_id,
            attributes=dict(attributes),
            extra_headers={"Idempotency-Key": f"{key}-store"},
        )


def is_attached(file_id: str, *, store: str, seconds: float) -> bool:
    """Whether a file is in a vector store. Raises AgentError."""
    return _is_there(lambda api: api.vector_stores.files.retrieve(file_id, vector_store_id=store), seconds)


def remove(file_id: str, *, store: str, seconds: float) -> None:
    """Take a file out of its vector store (blank: it is in none) and delete it; one that is gone already is fine.

    Raises AgentError.
    """
    if store:
        _is_there(lambda api: api.vector_stores.files.delete(file_id, vector_store_id=store), seconds)
    _is_there(lambda api: api.files.delete(file_id), seconds)


def _api(seconds: float) -> Any:
    return client.api(seconds=seconds / _PHASES, repeats=False)


def _is_there(request: Callable[[Any], object], seconds: float) -> bool:
    """Whether what a request names was there."""
    try:
        with client.failures():
            request(_api(seconds))
    except Refused as error:
        if error.status != NOT_FOUND:
            raise
        return False
    return True


def newest_first(*, seconds: float) -> Iterator[RemoteFile]:
    """The files at the provider, newest first, page by page. Raises AgentError."""
    with client.failures():
        api = _api(seconds)
        for file in api.files.list(purpose="assistants", order="desc", limit=LISTED_AT_ONCE):
            created = dt.datetime.fromtimestamp(file.created_at, dt.UTC)
            yield RemoteFile(file_id=file.id, name=file.filename, created_at=created)
