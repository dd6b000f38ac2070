"""The chat protocol's server: answers user messages with a streamed run of the agent, and cards' actions.

Imports the SDK: only `protocol.py` may import it, when a request of the protocol has come.
"""

import re
from collections.abc import AsyncIterator, Generator, Iterator
from types import ModuleType
from typing import Any

from chatkit import types
from chatkit.actions import Action
from chatkit.errors import ErrorCode, StreamError
from chatkit.server import ChatKitServer
from chatkit.types import ThreadMetadata
from chatkit.widgets import DynamicWidgetRoot
from pydantic import BaseModel

from coach import telemetry
from coach.agent import envelopes
from coach.agent.chatkit import card
from coach.agent.chatkit.store import ThreadStore
from coach.agent.chatkit.threads import Threads
from coach.agent.errors import Unavailable, UnusableAnswer
from coach.agent.model import guardrails
from coach.agent.model.coach import MODELS_BY_EFFORT
from coach.agent.tools.requests import ChatRequest, LearnerTools
from coach.documents.base import utc_now
from coach.documents.requests import ChatAttachment
from coach.documents.sessions import Preferences

Events = AsyncIterator[types.ThreadStreamEvent]

TITLE = "Arcadia Coach"
LEFT = "You left before I could answer. Send the message again when you are back."
_WITHOUT_OFFSET = re.compile(rb'("created_at":"\d{4}-\d\d-\d\dT[\d:.]+)(?=")')
REFUSAL = "I cannot help with this message. Please leave out personal data, and ask about your learning."


class Server(ChatKitServer[None]):
    """One request's server. `coach` is the model or the offline coach, or None where neither is configured."""

    store: ThreadStore

    def __init__(self, threads: Threads, *, coach: ModuleType | None, learner_tools: LearnerTools) -> None:
        super().__init__(ThreadStore(threads))
        self._threads, self._coach, self._learner_tools = threads, coach, learner_tools

    def _serialize(self, obj: BaseModel) -> bytes:
        """The package makes its times without an offset; they are UTC, as everything in this process."""
        return _WITHOUT_OFFSET.sub(rb"\1Z", super()._serialize(obj))

    # --- messages ---------------------------------------------------------------------------------------

    def respond(
        self, thread: ThreadMetadata, input_user_message: types.UserMessageItem | None, context: None
    ) -> Events:
        message = _text(input_user_message) if input_user_message else ""
        return _reported(self._turn(thread, message))

    async def _turn(self, thread: ThreadMetadata, message: str) -> Events:
        if message.strip():
            self.store.thread_id = thread.id
            guard = await self.store.blocking(guardrails.tripped, message)
            answer = self._refuse(thread, guard) if guard else self._answer(thread, message)
            async for event in answer:
                yield event
        yield await self._card(thread)

    async def leave(self) -> None:
        """Say in the thread that the client did not wait for the answer, where it was not begun."""
        if self.store.thread_id is None:
            return
        latest = await self.store.load_thread_items(
            self.store.thread_id, None, card.MOST_MESSAGES, "desc", None
        )
        newest = next(filter(_is_message, latest.data), None)
        if isinstance(newest, types.UserMessageItem) and _text(newest).strip():
            thread = await self.store.load_thread(self.store.thread_id, None)
            await self.store.add_thread_item(thread.id, self._message(thread, LEFT), None)

    async def _refuse(self, thread: ThreadMetadata, guard: str) -> Events:
        hidden = types.HiddenContextItem(
            id=self._item_id(thread),
            thread_id=thread.id,
            created_at=utc_now(),
            content=f"Guardrail tripped: {guard}.",
        )
        yield types.ThreadItemDoneEvent(item=hidden)
        yield types.ThreadItemDoneEvent(item=self._message(thread, REFUSAL))

    async def _answer(self, thread: ThreadMetadata, message: str) -> Events:
        """The agent's answer as it comes. Raises AgentError."""
        item, said = self._message(thread), ""
        pieces = _shown(await self._pieces(thread, message))
        try:
            while (piece := await self.store.blocking(next, pieces, None)) is not None:
                if not said:
                    yield types.ThreadItemAddedEvent(item=item)
                    empty = types.AssistantMessageContent(text="")
                    yield _update(
                        item, types.AssistantMessageContentPartAdded(content_index=0, content=empty)
                    )
                said += piece
                yield _update(item, types.AssistantMessageContentPartTextDelta(content_index=0, delta=piece))
        except Exception:
            if said:
                # The answer will be asked for again: half of one does not stay beside it.
                yield types.ThreadItemRemovedEvent(item_id=item.id)
            raise
        finally:
            # Also where the client went away: the connection to the model is not kept open.
            await self.store.blocking(pieces.close)
        if not said:
            raise UnusableAnswer("The language model's reply shows nothing.")
        content = types.AssistantMessageContent(text=said)
        yield _update(item, types.AssistantMessageContentPartDone(content_index=0, content=content))
        yield types.ThreadItemDoneEvent(item=item.model_copy(update={"content": [content]}))

    async def _pieces(self, thread: ThreadMetadata, message: str) -> Iterator[str]:
        if self._coach is None:
            raise Unavailable("No language model is configured, so there is nobody to answer.")
        preferences = await self.store.blocking(_with_usable_files, thread.id, self._threads)
        ask = ChatRequest(
            message=message,
            history=(),
            learner=None,
            attachments=[ChatAttachment(**dict(file)) for file in preferences.files],
            model="",
            effort=preferences.level,
            web=preferences.web,
        )
        return self._coach.follow_chat(ask, learner_tools=self._learner_tools)

    # --- actions ----------------------------------------------------------------------------------------

    def action(
        self, thread: ThreadMetadata, action: Action[str, Any], sender: types.WidgetItem | None, context: None
    ) -> Events:
        return _reported(self._effect(thread, action))

    async def _effect(self, thread: ThreadMetadata, action: Action[str, Any]) -> Events:
        reply = await self._carry_out(thread, action)
        if reply is None:
            return
        if reply:
            yield types.ThreadItemDoneEvent(item=self._message(thread, reply))
        yield await self._card(thread)

    async def sync_action(
        self, thread: ThreadMetadata, action: Action[str, Any], sender: types.WidgetItem | None, context: None
    ) -> types.SyncCustomActionResponse:
        """The same effects; the sender's card is replaced by a new one."""
        if await self._carry_out(thread, action) is None or sender is None:
            return types.SyncCustomActionResponse()
        drawn = sender.model_copy(update={"widget": await self._widget(thread)})
        await self.store.save_item(thread.id, drawn, None)
        return types.SyncCustomActionResponse(updated_item=drawn)

    async def _carry_out(self, thread: ThreadMetadata, action: Action[str, Any]) -> str | None:
        return await self.store.blocking(
            card.carry_out, action.type, action.payload, thread_id=thread.id, threads=self._threads
        )

    async def add_feedback(
        self, thread_id: str, item_ids: list[str], feedback: types.FeedbackKind, context: None
    ) -> None:
        telemetry.emit("chat_feedback", kind=feedback, items=len(item_ids))

    # --- items ------------------------------------------------------------------------------------------

    async def _card(self, thread: ThreadMetadata) -> types.ThreadStreamEvent:
        widget = await self._widget(thread)
        item = types.WidgetItem(
            id=self._item_id(thread), thread_id=thread.id, created_at=utc_now(), widget=widget
        )
        return types.ThreadItemDoneEvent(item=item)

    async def _widget(self, thread: ThreadMetadata) -> DynamicWidgetRoot:
        preferences = await self.store.blocking(self._threads.preferences, thread.id)
        latest = await self.store.load_thread_items(thread.id, None, card.MOST_MESSAGES, "desc", None)
        said = [(item.type, _text(item)) for item in reversed(latest.data) if _is_message(item)]
        messages = [("You" if kind == "user_message" else "Coach", text) for kind, text in said]
        drawn = card.card(title=thread.title or TITLE, preferences=preferences, messages=messages)
        return DynamicWidgetRoot.model_validate(drawn)

    def _message(self, thread: ThreadMetadata, text: str | None = None) -> types.AssistantMessageItem:
        content = [] if text is None else [types.AssistantMessageContent(text=text)]
        return types.AssistantMessageItem(
            id=self._item_id(thread), thread_id=thread.id, created_at=utc_now(), content=content
        )

    def _item_id(self, thread: ThreadMetadata) -> str:
        return self.store.generate_item_id("message", thread, None)


async def _reported(events: Events) -> Events:
    """The events; a failure is reported by its kind, and ends them as the protocol wants it."""
    try:
        async for event in events:
            yield event
    except Exception as error:
        telemetry.emit("chat_stream_failed", error=type(error).__name__)
        raise StreamError(ErrorCode.STREAM_ERROR) from error


def _update(item: types.AssistantMessageItem, update: Any) -> types.ThreadItemUpdatedEvent:
    return types.ThreadItemUpdatedEvent(item_id=item.id, update=update)


def _is_message(item: Any) -> bool:
    return isinstance(item, types.UserMessageItem | types.AssistantMessageItem)


def _text(item: Any) -> str:
    return "".join(part.text for part in item.content)


def _with_usable_files(thread_id: str, threads: Threads) -> Preferences:
    """The preferences; a model that takes only images loses the other files for good."""
    present = threads.preferences(thread_id)
    if MODELS_BY_EFFORT[present.level] != "gpt-5-codex" or not present.files:
        return present

    def images_only(now: Preferences) -> Preferences:
        images = [file for file in now.files if file.mime_type.lower().startswith("image/")]
        return now.model_copy(update={"files": images})

    return threads.change_preferences(thread_id, images_only)


def _shown(pieces: Iterator[str]) -> Generator[str, None, None]:
    """The pieces as they come; an envelope is held back until it is whole, and only what it displays is shown."""
    begun = ""
    for piece in pieces:
        begun += piece
        if begun.strip():
            break
    if not begun.lstrip().startswith(("{", "[")):
        if begun:
            yield begun
        yield from pieces
        return
    text = begun + "".join(pieces)
    shown = envelopes.chat(text).display
    if shown:
        yield shown
