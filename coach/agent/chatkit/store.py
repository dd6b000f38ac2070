"""The protocol package's thread store over plain functions: its documents become JSON text and come back.

Imports the SDK: only `server.py` may import it.
"""

import asyncio
import functools
from collections.abc import Callable
from typing import Any, TypeVar

from chatkit.store import NotFoundError, Store, StoreItemType
from chatkit.types import Page, ThreadItem, ThreadMetadata
from pydantic import TypeAdapter

from coach.agent.chatkit.threads import Page as TextPage
from coach.agent.chatkit.threads import Threads

R = TypeVar("R")

_ITEM: TypeAdapter[ThreadItem] = TypeAdapter(ThreadItem)
_PREFIXES = {"thread": "thr", "message": "msg"}


class ThreadStore(Store[None]):
    """Every call runs in the thread of the request's event loop for blocking work, one after the other."""

    def __init__(self, threads: Threads) -> None:
        self.threads = threads
        # The thread that the request adds to.
        self.thread_id: str | None = None

    async def blocking(self, function: Callable[..., R], *given: Any, **named: Any) -> R:
        """Run something that blocks (the database, the model) without blocking the event loop."""
        call = functools.partial(function, *given, **named)
        return await asyncio.get_running_loop().run_in_executor(None, call)

    # The package's own ids have 8 digits: too few for ids that are unique in a database.
    def generate_thread_id(self, context: None) -> str:
        return f"thr_{self.threads.new_id()}"

    def generate_item_id(self, item_type: StoreItemType, thread: ThreadMetadata, context: None) -> str:
        return f"{_PREFIXES.get(item_type, 'itm')}_{self.threads.new_id()}"

    async def load_thread(self, thread_id: str, context: None) -> ThreadMetadata:
        text = await self.blocking(self.threads.load_thread, thread_id)
        return ThreadMetadata.model_validate_json(_found(text, thread_id))

    async def save_thread(self, thread: ThreadMetadata, context: None) -> None:
        # Items are rows of their own, also where the package passes a thread together with them.
        metadata = ThreadMetadata(**{name: getattr(thread, name) for name in ThreadMetadata.model_fields})
        await self.blocking(self.threads.save_thread, thread.id, metadata.model_dump_json())

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: None
    ) -> Page[ThreadMetadata]:
        page = await self.blocking(self.threads.list_threads, limit=limit, after=after, order=order)
        return _page(page, ThreadMetadata.model_validate_json)

    async def delete_thread(self, thread_id: str, context: None) -> None:
        await self.blocking(self.threads.delete_thread, thread_id)

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: None
    ) -> Page[ThreadItem]:
        page = await self.blocking(self.threads.list_items, thread_id, limit=limit, after=after, order=order)
        return _page(page, _ITEM.validate_json)

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: None) -> None:
        text = _ITEM.dump_json(item, warnings=False).decode()
        self.thread_id = thread_id
        await self.blocking(self.threads.save_item, thread_id, item.id, item.type, text)

    save_item = add_thread_item

    async def load_item(self, thread_id: str, item_id: str, context: None) -> ThreadItem:
        text = await self.blocking(self.threads.load_item, thread_id, item_id)
        return _ITEM.validate_json(_found(text, item_id))

    async def delete_thread_item(self, thread_id: str, item_id: str, context: None) -> None:
        await self.blocking(self.threads.delete_item, thread_id, item_id)

    async def save_attachment(self, *given: Any, **named: Any) -> Any:
        """Requests and messages with attachments are refused before they come here."""
        raise NotImplementedError

    load_attachment = delete_attachment = save_attachment


def _found(text: str | None, identifier: str) -> str:
    if text is None:
        raise NotFoundError(f"There is no {identifier!r}.")
    return text


def _page(page: TextPage, read: Callable[[str], R]) -> Page[R]:
    return Page(data=[read(text) for text in page.documents], has_more=page.has_more, after=page.after)
