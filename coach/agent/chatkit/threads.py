"""What the chat protocol's server needs of a thread store: functions on JSON text, given by the services."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from coach.documents.sessions import Preferences, UploadedFile


class UnknownCursor(LookupError):
    """The thread or item that a page should begin after does not exist."""


@dataclass(frozen=True)
class Page:
    """Documents in order; `after` names the last one where there are more."""

    documents: list[str]
    has_more: bool
    after: str | None


class Threads(Protocol):
    """Loading answers None where there is nothing; saving and deleting take what is there or not."""

    new_id: Callable[[], str]

    def load_thread(self, thread_id: str) -> str | None: ...
    def save_thread(self, thread_id: str, document: str) -> None: ...
    def list_threads(self, *, limit: int, after: str | None, order: str) -> Page: ...
    def delete_thread(self, thread_id: str) -> None: ...
    def save_item(self, thread_id: str, item_id: str, kind: str, document: str) -> None: ...
    def load_item(self, thread_id: str, item_id: str) -> str | None: ...
    def list_items(self, thread_id: str, *, limit: int, after: str | None, order: str) -> Page: ...
    def delete_item(self, thread_id: str, item_id: str) -> None: ...
    def uploaded(self, file_id: str) -> UploadedFile | None: ...
    def preferences(self, thread_id: str) -> Preferences: ...
    def change_preferences(
        self, thread_id: str, change: Callable[[Preferences], Preferences]
    ) -> Preferences: ...
