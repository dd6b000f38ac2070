"""Python's garbage collector, kept from looking again and again through records that are about to be dropped anyway."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_BATCHES_PER_COLLECTION = 100


def paused(batches: Iterable[T]) -> Iterator[T]:
    """The batches as they come; until they end, the collector runs only now and then between two of them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        for number, batch in enumerate(batches, 1):
            yield batch
            if number % _BATCHES_PER_COLLECTION == 0:
                gc.collect()
    finally:
        if enabled:
            gc.enable()
