"""Refreshers and checkpoints that fill a schedule up to half a year."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from coach.engines.sequencing import schedule_texts
from coach.engines.sequencing.pacing import EVERY_DAY, Days
from coach.engines.sequencing.pieces import Piece, Placed
from coach.engines.sequencing.standings import Standing

LEAST_HORIZON_DAYS = 168
LEAST_REFRESHER_GAP = 21
LEAST_CHECKPOINT_GAP = 35
MOST_CYCLES = 6
ITEMS_IN_A_ROW = 4
REFRESHER_MINUTES = 42
CHECKPOINT_MINUTES = 34
_REFRESHER, _CHECKPOINT = "refresh-", "checkpoint-"


def extended(
    placed: Sequence[Placed],
    standings: Sequence[Standing],
    *,
    every: int,
    days: Days = EVERY_DAY,
    today: int = 0,
    completed: Sequence[Placed] = (),
) -> list[Placed]:
    """The placed pieces and what long-range review adds for half a year from today on, or to a deadline, by day.

    `placed` is in order of days; sessions are `every` days apart, on `days`. Of `placed` and `completed` one is not
    empty.
    """
    review = _Review(placed, standings, every=every, days=days, today=today, completed=completed)
    return [*placed, *review.blocks()] if review.is_needed() else list(placed)


def is_review(item_id: str) -> bool:
    """Whether an item is one of those that long-range review adds."""
    return item_id.startswith((_REFRESHER, _CHECKPOINT))


class _Review:
    """The round in which categories come back; a cycle adds a refresher and a checkpoint of one of them."""

    def __init__(
        self,
        placed: Sequence[Placed],
        standings: Sequence[Standing],
        *,
        every: int,
        days: Days,
        today: int,
        completed: Sequence[Placed],
    ) -> None:
        self._days = days
        self._end = days.deadline or today + LEAST_HORIZON_DAYS
        self._refresher_gap = max(LEAST_REFRESHER_GAP, 6 * every)
        self._checkpoint_gap = max(LEAST_CHECKPOINT_GAP, self._refresher_gap // 2 + 2 * every)
        self._latest = _latest_by_category(completed) | _latest_by_category(placed)
        self._queue = deque(sorted((s for s in standings if s.key in self._latest), key=_standing_rank))
        self._today = today
        self._cursor = max(entry.day for entry in (*placed, *completed))
        self._taken = {entry.piece.item_id for entry in (*placed, *completed)}
        self._run_key, self._run_length = _run_at_end(placed)
        self._added: list[Placed] = []

    def is_needed(self) -> bool:
        return self._cursor + 1 < self._end

    def blocks(self) -> list[Placed]:
        """The added pieces, in the order of being added."""
        cycles = 0
        while cycles < MOST_CYCLES and not self._reaches_horizon():
            self._add_block(self._next_standing())
            cycles += 1
        return [entry for entry in self._added if not self._days.deadline or entry.day < self._end]

    def _reaches_horizon(self) -> bool:
        return max(entry.day for entry in self._latest.values()) >= self._end

    def _next_standing(self) -> Standing:
        """The head of the queue, or the one behind it where the head has had enough in a row."""
        head = self._to_the_end()
        if len(self._queue) > 1 and head.key == self._run_key and self._run_length >= ITEMS_IN_A_ROW:
            return self._to_the_end()
        return head

    def _to_the_end(self) -> Standing:
        head = self._queue.popleft()
        self._queue.append(head)
        return head

    def _add_block(self, standing: Standing) -> None:
        # The cursor stands on the last day of all, so it is never before this category's latest one.
        # A refresher that the learner has begun or completed needs no second one before its checkpoint.
        if not self._latest[standing.key].piece.item_id.startswith(_REFRESHER):
            self._move_on(self._refresher_gap, _REFRESHER, standing)
            self._add(_refresher(standing, self._cursor, after=self._latest[standing.key].piece))
        self._move_on(self._checkpoint_gap, _CHECKPOINT, standing)
        self._add(_checkpoint(standing, self._cursor, after=self._latest[standing.key].piece))

    def _move_on(self, days: int, prefix: str, standing: Standing) -> None:
        """Move the cursor on, to today at least, and to a day whose id is free."""
        self._cursor = self._days.on_or_after(max(self._cursor + days, self._today))
        while _item_id(prefix, standing, self._cursor) in self._taken:
            self._cursor = self._days.on_or_after(self._cursor + 1)

    def _add(self, piece: Piece) -> None:
        entry = Placed(self._cursor, replace(piece, minutes=min(piece.minutes, self._days.minutes)))
        self._added.append(entry)
        self._latest[piece.category_key] = entry
        self._run_length = self._run_length + 1 if piece.category_key == self._run_key else 1
        self._run_key = piece.category_key


def _standing_rank(standing: Standing) -> tuple[float, float, int]:
    return (-standing.weight, -standing.track_weight, standing.rating)


def _latest_by_category(placed: Sequence[Placed]) -> dict[str, Placed]:
    """Each category's piece with the largest day, the first of several."""
    latest: dict[str, Placed] = {}
    for entry in placed:
        known = latest.get(entry.piece.category_key)
        if known is None or entry.day > known.day:
            latest[entry.piece.category_key] = entry
    return latest


def _run_at_end(placed: Sequence[Placed]) -> tuple[str, int]:
    """The category of the last piece, and how many pieces at the end are of it."""
    key, length = placed[-1].piece.category_key if placed else "", 0
    for entry in reversed(placed):
        if entry.piece.category_key != key:
            break
        length += 1
    return key, length


def _item_id(prefix: str, standing: Standing, day: int) -> str:
    return f"{prefix}{standing.key}-{day}"


def _refresher(standing: Standing, day: int, *, after: Piece) -> Piece:
    return Piece(
        item_id=_item_id(_REFRESHER, standing, day),
        kind="lesson",
        category_key=standing.key,
        minutes=REFRESHER_MINUTES,
        effort="moderate",
        prerequisites=(after.item_id,),
        texts=schedule_texts.refresher(standing.label),
    )


def _checkpoint(standing: Standing, day: int, *, after: Piece) -> Piece:
    return Piece(
        item_id=_item_id(_CHECKPOINT, standing, day),
        kind="quiz",
        category_key=standing.key,
        minutes=CHECKPOINT_MINUTES,
        effort="moderate",
        prerequisites=(after.item_id,),
        texts=schedule_texts.checkpoint(standing.label),
    )
