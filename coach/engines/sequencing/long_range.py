"""Refreshers and checkpoints that fill a schedule up to half a year."""

from collections import deque
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from coach.documents.schedule import ItemKind
from coach.engines.sequencing import schedule_texts
from coach.engines.sequencing.pacing import EVERY_DAY, Days
from coach.engines.sequencing.pieces import Piece, Placed
from coach.engines.sequencing.standings import Standing

LEAST_HORIZON_DAYS = 168
LEAST_REFRESHER_GAP = 21
LEAST_CHECKPOINT_GAP = 35
MOST_CYCLES = 6
ITEMS_IN_A_ROW = 4


class _Kind(NamedTuple):
    """One of the two kinds of review, and the name of its texts."""

    texts: str
    prefix: str
    kind: ItemKind
    minutes: int

    def item_id(self, standing: Standing, day: int) -> str:
        return f"{self.prefix}{standing.key}-{day}"


_REFRESHER = _Kind("refresher", "refresh-", "lesson", 42)
_CHECKPOINT = _Kind("checkpoint", "checkpoint-", "quiz", 34)


def is_review(item_id: str) -> bool:
    """Whether an item is one of those that long-range review adds."""
    return item_id.startswith((_REFRESHER.prefix, _CHECKPOINT.prefix))


class Review:
    """The round in which categories come back; a cycle adds a refresher and a checkpoint of one of them.

    `placed` is the work that is left, by day; sessions are `every` days apart, on `days`. Of `placed` and `completed`
    one is not empty.
    """

    def __init__(
        self,
        placed: Sequence[Placed],
        standings: Sequence[Standing],
        *,
        every: int,
        days: Days = EVERY_DAY,
        today: int = 0,
        completed: Sequence[Placed] = (),
    ) -> None:
        self._placed, self._days, self._today = placed, days, today
        self._end = days.deadline or today + LEAST_HORIZON_DAYS
        self._refresher_gap = max(LEAST_REFRESHER_GAP, 6 * every)
        self._checkpoint_gap = max(LEAST_CHECKPOINT_GAP, self._refresher_gap // 2 + 2 * every)
        self._latest = _latest_by_category(completed) | _latest_by_category(placed)
        self._queue = deque(sorted((s for s in standings if s.key in self._latest), key=_standing_rank))
        self._cursor = max(entry.day for entry in (*placed, *completed))
        self._taken = {entry.piece.item_id for entry in (*placed, *completed)}
        self._added: list[Placed] = []

    def extended(self) -> list[Placed]:
        """The placed pieces and what review adds for half a year from today on, or to a deadline, by day.

        Nothing is added where the work reaches the end by itself.
        """
        for _ in range(MOST_CYCLES if self._cursor + 1 < self._end else 0):
            if max(entry.day for entry in self._latest.values()) >= self._end:
                break
            self._add_block(self._next_standing())
        added = (entry for entry in self._added if not self._days.deadline or entry.day < self._end)
        return [*self._placed, *added]

    def _next_standing(self) -> Standing:
        """The head of the queue, or the one behind it where the head has had enough in a row."""
        key, in_a_row = _run_at_end([*self._placed, *self._added])
        if len(self._queue) > 1 and self._queue[0].key == key and in_a_row >= ITEMS_IN_A_ROW:
            self._queue.rotate(-1)
        self._queue.rotate(-1)
        # Whoever is taken stands at the end now.
        return self._queue[-1]

    def _add_block(self, standing: Standing) -> None:
        # The cursor stands on the last day of all, so it is never before this category's latest one.
        # A refresher that the learner has begun or completed needs no second one before its checkpoint.
        if not self._latest[standing.key].piece.item_id.startswith(_REFRESHER.prefix):
            self._add(_REFRESHER, standing, gap=self._refresher_gap)
        self._add(_CHECKPOINT, standing, gap=self._checkpoint_gap)

    def _add(self, review: _Kind, standing: Standing, *, gap: int) -> None:
        """Add a review `gap` days on, today at the earliest, on a day whose id is free."""
        self._cursor = self._days.on_or_after(max(self._cursor + gap, self._today))
        while review.item_id(standing, self._cursor) in self._taken:
            self._cursor = self._days.on_or_after(self._cursor + 1)
        piece = Piece(
            item_id=review.item_id(standing, self._cursor),
            kind=review.kind,
            category_key=standing.key,
            minutes=min(review.minutes, self._days.minutes),
            effort="moderate",
            prerequisites=(self._latest[standing.key].piece.item_id,),
            texts=schedule_texts.of_review(review.texts, standing.label),
        )
        self._latest[standing.key] = Placed(self._cursor, piece)
        self._added.append(self._latest[standing.key])


def _standing_rank(standing: Standing) -> tuple[float, float, int]:
    return (-standing.weight, -standing.track_weight, standing.rating)


def _latest_by_category(placed: Sequence[Placed]) -> dict[str, Placed]:
    """Each category's piece with the largest day, the first of several."""
    by_day = sorted(reversed(placed), key=lambda entry: entry.day)
    return {entry.piece.category_key: entry for entry in by_day}


def _run_at_end(placed: Sequence[Placed]) -> tuple[str, int]:
    """The category of the last piece, and how many pieces at the end are of it."""
    key = placed[-1].piece.category_key if placed else ""
    run = takewhile(lambda entry: entry.piece.category_key == key, reversed(placed))
    return key, sum(1 for _ in run)
