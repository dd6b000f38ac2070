"""Limits on how often one client may do something, counted in the database: they hold over all processes."""

import hashlib
import time
from typing import NamedTuple

from django.db.models import F

from coach.models import ThrottleWindow

# A number of times, and the seconds they are spread over.
Rate = tuple[int, int]


class Used(NamedTuple):
    """How many times are left in a window, below 0 for one too many, and the seconds until it ends."""

    left: int
    seconds: int


def use(*, scope: str, who: str, rate: Rate) -> Used:
    """Count one more of `who` in `scope`."""
    most, seconds = rate
    now = int(time.time())
    counted = ThrottleWindow.objects.count_one(_key(scope, who), now=now, seconds=seconds)
    return Used(most - counted.number, max(1, counted.started + seconds - now))


def take_back(*, scope: str, who: str) -> None:
    """Take back one that was counted: it was no failure after all."""
    ThrottleWindow.objects.filter(key=_key(scope, who), count__gt=0).update(count=F("count") - 1)


def _key(scope: str, who: str) -> str:
    return hashlib.sha256(f"{scope}\0{who}".encode("utf-8", "surrogatepass")).hexdigest()
