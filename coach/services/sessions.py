"""Sessions with the coach: their metadata of a learner is stored before the coach is asked."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from django.conf import settings
from django.db import transaction

from coach import agent
from coach.agent import errors as agent_errors
from coach.agent.model.coach import MODELS_BY_EFFORT
from coach.agent.tools import requests as agent_requests
from coach.documents import sessions as documents
from coach.documents import usernames
from coach.documents.base import utc_now
from coach.documents.profile import Profile
from coach.documents.requests import ChatAttachment, ChatRequest
from coach.documents.schedule import ScheduleItem
from coach.models import LearnerProfile, SessionAttachment
from coach.models.sessions import digest
from coach.services import learner_tools, learners
from coach.services.chat import files
from coach.services.operations import callers, connections

IMAGES_ONLY = "gpt-5-codex"


def topic(
    *,
    kind: documents.TopicKind,
    topic: str,
    metadata: Mapping[str, Any],
    session_id: str | None,
    item: ScheduleItem | None = None,
) -> documents.OnTopic:
    """A lesson, quiz or milestone on a topic, or on an item of the schedule. Raises usernames.UnusableUsername, AgentError."""
    learner = _told(metadata, session_id)
    coach = _coach()
    with connections.released():
        answer: documents.OnTopic = coach.topic(
            agent_requests.TopicRequest(kind=kind, topic=topic, learner=learner, item=item),
            learner_tools=learner_tools.tools(learner.username if learner else None),
        )
    return answer


def chat(asked: ChatRequest) -> documents.Chat:
    """The answer to a message. Raises usernames.UnusableUsername, AgentError."""
    learner = _told(asked.metadata, asked.session_id)
    model = asked.model or ""
    effort = _effort(asked.reasoning_level)
    attachments = merge(
        session_id=asked.session_id,
        attachments=asked.attachments,
        images_only=(model or MODELS_BY_EFFORT[effort]) == IMAGES_ONLY,
        username=learner.username if learner else None,
    )
    coach = _coach()
    ask = agent_requests.ChatRequest(
        message=asked.message,
        history=asked.history,
        learner=learner,
        attachments=attachments,
        model=model,
        effort=effort,
        web=settings.AGENT_ENABLE_WEB if asked.web_enabled is None else asked.web_enabled,
    )
    with connections.released():
        return coach.chat(ask, learner_tools=learner_tools.tools(learner.username if learner else None))


def reset(*, session_id: str | None) -> None:
    """Forget the attachments of a session; without an id (or an empty one) those of all sessions of the token."""
    owner = callers.current().token
    rows = SessionAttachment.objects.filter(owner=owner)
    (SessionAttachment.objects.of(session_id, owner=owner) if session_id else rows).delete()


@transaction.atomic
def merge(
    *,
    session_id: str | None,
    attachments: Sequence[ChatAttachment],
    images_only: bool,
    username: str | None = None,
) -> list[ChatAttachment]:
    """A session's attachments after a request's were added to them, in order.

    A known one keeps its place, and its members where the new ones are null. With `images_only` all others
    leave the session for good. Without an id the session is the common one. The attachments, and the uploaded files behind
    them, belong to the learner of that name.
    """
    caller = callers.current()
    learner = LearnerProfile.objects.named(username).first() if username else None
    # Locked in their order, so that two requests of one session wait for each other instead of both giving up.
    rows = {
        row.file_key: row
        for row in SessionAttachment.objects.of(session_id, owner=caller.token).select_for_update()
    }
    session = {"owner": caller.token, "session_key": digest(session_id or "")}
    for attachment in attachments:
        _merge(rows, session, _own(attachment, caller))
    if learner:
        SessionAttachment.objects.filter(pk__in=[row.pk for row in rows.values()], learner=None).update(
            learner=learner
        )
        files.claim(learner, [attachment.file_id for attachment in attachments], owner=caller.token)
    if images_only:
        dropped = [row.pk for row in rows.values() if not _is_image(row.document)]
        SessionAttachment.objects.filter(pk__in=dropped).delete()
    merged = [row.document for row in sorted(rows.values(), key=lambda row: row.pk)]
    return [attachment for attachment in merged if not images_only or _is_image(attachment)]


def _own(attachment: ChatAttachment, caller: callers.Caller) -> ChatAttachment:
    """The attachment; a token's caller gets at the provider's files only that the token uploaded."""
    if not caller.token or not attachment.openai_file_id:
        return attachment
    known = files.known(attachment.file_id, owner=caller.token)
    return attachment.model_copy(update={"openai_file_id": known.openai_file_id if known else None})


def _merge(
    rows: dict[str, SessionAttachment], session: Mapping[str, str], attachment: ChatAttachment
) -> None:
    """Add an attachment to a session's rows, or its members to the row that is there."""
    file_key = digest(attachment.file_id)
    if file_key not in rows:
        rows[file_key], made = SessionAttachment.objects.get_or_create(
            **session, file_key=file_key, defaults={"attachment": attachment.model_dump_json()}
        )
        if made:
            return
    row = rows[file_key]
    given = {name: value for name, value in dict(attachment).items() if value is not None}
    row.document = row.document.model_copy(update=given)
    row.updated_at = utc_now()
    row.save(update_fields={"attachment", "updated_at"})


def _is_image(attachment: ChatAttachment) -> bool:
    return attachment.mime_type.lower().startswith("image/")


def _told(metadata: Mapping[str, Any], session_id: str | None) -> Profile | None:
    """Store the metadata of the learner that it names, if any; the learner's profile afterwards."""
    username = metadata.get("username")
    if not isinstance(username, str) or not username.strip():
        return None
    learners.update_from_metadata(username=username, metadata=metadata, session_id=session_id)
    found = LearnerProfile.objects.named(usernames.normalise(username)).select_related("schedule").first()
    return found.to_document() if found else None


def _coach() -> ModuleType:
    coach = agent.coach()
    if coach is None:
        raise agent_errors.Unavailable("No language model is configured, so there is nobody to answer.")
    return coach


def _effort(level: str | None) -> str:
    """The effort that a request asks for: one of four; the settings' without one, `medium` for an unknown one."""
    if not level:
        return settings.AGENT_REASONING
    return level if level in MODELS_BY_EFFORT else "medium"
