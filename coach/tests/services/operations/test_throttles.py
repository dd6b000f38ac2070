"""A limit holds over all processes: what they count together is exactly what was asked."""

import concurrent.futures

import pytest
from django.db import connection

from coach.models import ThrottleWindow
from coach.services.operations import throttles


@pytest.mark.postgresql("SQLite has one writer at a time anyway")
@pytest.mark.django_db(transaction=True)
def test_no_count_is_lost_between_connections():
    def ask(_):
        try:
            return throttles.use(scope="uploads", who="a", rate=(50, 3600)).left
        finally:
            connection.close()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        lefts = list(pool.map(ask, range(120)))

    assert sum(left >= 0 for left in lefts) == 50
    assert ThrottleWindow.objects.get().count == 120


@pytest.mark.django_db(transaction=True)
def test_counting_is_bounded_as_a_commit_is():
    """A statement of its own waits for a standby as long as a statement may take, and a commit as long as a commit may."""
    inside = []

    def noting(execute, sql, params, many, context):
        inside.append(connection.in_atomic_block)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(noting):
        throttles.use(scope="uploads", who="a", rate=(50, 3600))

    assert inside[-1]
