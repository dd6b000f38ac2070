"""Statements on learners' tables that do not say whose rows they want: with several primaries each of them would ask all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from coach.tests.models.test_sharding import SHARED, key, learners_models

# A learner has one schedule, whose items get the key.
_TABLES = {model._meta.db_table for model in learners_models() if key(model)} | {"coach_scheduleitem"}
_DISTRIBUTED = _TABLES - SHARED - {"coach_idempotencykey"}
_ASKED = re.compile(r'(?:FROM|JOIN|UPDATE|INTO)\s+"(coach_\w+)"')
# One value: several may be of several learners.
_NAMED = re.compile(r'("(learner_id|schedule_id|username)"|"coach_learnerprofile"\."id") (= |IN \(%s\))')
# What names no learner all the same, with the reason.
_LISTED = {
    r'^SELECT .* FROM "coach_assessmentsubmission" ORDER BY 1 DESC, 2 ASC LIMIT': "the developer route lists everybody's",
    r'^(UPDATE|DELETE FROM) .* WHERE "coach_\w+"\."id" (= %s|IN \()': "rows at hand, which were read with the key",
    r'^DELETE FROM "coach_attachmentmetadata" WHERE "coach_attachmentmetadata"."submission_id" IN': "parts of rows at hand",
    r'^SELECT .* WHERE "coach_\w+"."stored_path" = %s LIMIT 1$': "whether bytes are in use, before they are removed",
}


def is_crossing(sql: str) -> bool:
    """Whether a statement on a learner's table names no learner, and is not listed."""
    if not _DISTRIBUTED & set(_ASKED.findall(sql)) or any(
        re.search(each, sql, re.DOTALL) for each in _LISTED
    ):
        return False
    if sql.startswith("INSERT"):
        return not re.search('"(learner_id|schedule_id|username)"', sql)
    return not _NAMED.search(sql.partition(" WHERE ")[2])


@contextmanager
def refused() -> Iterator[None]:
    """A block whose statements must not cross learners."""
    found: list[str] = []

    def execute(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if is_crossing(sql):
            found.append(sql)
        return run(sql, *rest)

    with connection.execute_wrapper(execute):
        yield
    assert found == [], found
