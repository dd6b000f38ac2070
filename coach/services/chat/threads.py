"""Chat threads in the database: the protocol's documents as JSON text, paged, and each thread's preferences.

The gateway gets `Threads` as its thread store, and knows nothing of the database behind it. Every function
lets go of the connection when it is done: the model may be asked right afterwards.
"""

from collections.abc import Callable
from typing import Any

from django.db import models, transaction

from coach.agent.chatkit.threads import Page, UnknownCursor
from coach.documents.sessions import Preferences, UploadedFile
from coach.models import ChatItem, ChatThread
from coach.services.chat import files
from coach.services.operations import retries
from coach.services.operations.callers import Caller
from coach.services.operations.connections import letting_go

MOST_AT_ONCE = 100


class Threads:
    """The threads of one caller; those of others do not exist for it."""

    def __init__(self, caller: Caller) -> None:
        self._owner, self._made_by = caller.token, files.made_by(caller)
        self.new_id = retries.ids()

    @letting_go()
    def load_thread(self, thread_id: str) -> str | None:
        """The thread's document; None where there is no such thread."""
        return self._threads().filter(thread_id=thread_id).values_list("thread", flat=True).first()

    @letting_go()
    def save_thread(self, thread_id: str, document: str) -> None:
        """Keep a thread, new or known; its preferences stay."""
        self._threads().update_or_create(
            thread_id=thread_id,
            defaults={"thread": document},
            create_defaults={"thread": document, **self._made_by},
        )

    @letting_go()
    def list_threads(self, *, limit: int, after: str | None, order: str) -> Page:
        return _page(self._threads(), "thread", "thread_id", limit=limit, after=after, order=order)

    @letting_go()
    def delete_thread(self, thread_id: str) -> None:
        self._threads().filter(thread_id=thread_id).delete()

    @letting_go()
    @transaction.atomic
    def save_item(self, thread_id: str, item_id: str, kind: str, document: str) -> None:
        """Keep an item, new or known; a known one keeps its place. Nothing where the thread is gone."""
        thread = self._threads().select_for_update().filter(thread_id=thread_id).first()
        if thread is not None:
            ChatItem.objects.update_or_create(
                thread=thread, item_id=item_id, defaults={"kind": kind, "item": document}
            )

    @letting_go()
    def load_item(self, thread_id: str, item_id: str) -> str | None:
        """The item's document; None where there is no such item."""
        return self._items(thread_id).filter(item_id=item_id).values_list("item", flat=True).first()

    @letting_go()
    def list_items(self, thread_id: str, *, limit: int, after: str | None, order: str) -> Page:
        return _page(self._items(thread_id), "item", "item_id", limit=limit, after=after, order=order)

    @letting_go()
    def delete_item(self, thread_id: str, item_id: str) -> None:
        self._items(thread_id).filter(item_id=item_id).delete()

    @letting_go()
    def uploaded(self, file_id: str) -> UploadedFile | None:
        """What is known of a file that a client uploaded."""
        return files.known(file_id, owner=self._owner)

    @letting_go()
    def preferences(self, thread_id: str) -> Preferences:
        """What a thread's learner chose; the defaults where nothing was."""
        row = self._threads().filter(thread_id=thread_id).first()
        return row.preferred if row else Preferences()

    @letting_go()
    @transaction.atomic
    def change_preferences(self, thread_id: str, change: Callable[[Preferences], Preferences]) -> Preferences:
        """Change what a thread's learner chose, under the thread's lock; the preferences afterwards."""
        row = self._threads().select_for_update().filter(thread_id=thread_id).first()
        if row is None:
            return change(Preferences())
        row.preferred = changed = change(row.preferred)
        row.save(update_fields={"preferences"})
        return changed

    def _threads(self) -> models.QuerySet[ChatThread]:
        return ChatThread.objects.filter(owner=self._owner)

    def _items(self, thread_id: str) -> models.QuerySet[ChatItem]:
        return ChatItem.objects.filter(thread__thread_id=thread_id, thread__owner=self._owner)


def _page(
    rows: models.QuerySet[Any], document: str, identifier: str, *, limit: int, after: str | None, order: str
) -> Page:
    """At most 100 documents after the one that `after` names. Raises UnknownCursor."""
    limit = min(max(limit, 1), MOST_AT_ONCE)
    rising = order == "asc"
    if after:
        begin = rows.filter(**{identifier: after}).values_list("pk", flat=True).first()
        if begin is None:
            raise UnknownCursor(f"There is no {after!r} here to begin after.")
        rows = rows.filter(pk__gt=begin) if rising else rows.filter(pk__lt=begin)
    found = list(rows.order_by("pk" if rising else "-pk").values_list(document, identifier)[: limit + 1])
    shown, more = found[:limit], len(found) > limit
    return Page(documents=[text for text, _ in shown], has_more=more, after=shown[-1][1] if more else None)
