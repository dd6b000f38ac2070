"""How much time a learner has: what shapes a schedule besides the plan. It is read from the goal and never stored."""

import datetime as dt
from typing import Annotated

from pydantic import Field

from coach.documents.base import Document

SHORTEST_SESSION = 30
LONGEST_SESSION = 120


class Pace(Document):
    """Sessions of `session_minutes` at most, `sessions` a week; on `weekdays` only (Monday is 0) where there are any.

    `ends_on` is the learner's deadline, the first day that is too late.
    """

    session_minutes: Annotated[int, Field(ge=SHORTEST_SESSION, le=LONGEST_SESSION)]
    sessions: Annotated[int, Field(ge=1, le=7)]
    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = ()
    ends_on: dt.date | None = None

    @property
    def weekly_minutes(self) -> int:
        return self.sessions * self.session_minutes
