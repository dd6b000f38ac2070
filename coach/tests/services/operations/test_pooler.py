"""Behind a real PgBouncer in transaction mode: the wrong mode is refused by name, the right one answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from coach.services.operations import pooler
from coach.tests import pgbouncer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql("SQLite has no pooler"),
    pytest.mark.skipif("not pgbouncer.installed()", reason="PGBOUNCER IS NOT INSTALLED"),
]


@pytest.fixture
def pooled() -> Iterator[str]:
    with pgbouncer.in_front_of(connection.settings_dict) as url:
        yield url


def run(url: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of its own process, whose only way to the database is the URL."""
    return subprocess.run(
        [sys.executable, *words],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "arcadia.settings",
            "ARCADIA_DATABASE_URL": url,
            **environment,
        },
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


PROBE = (
    "import django; django.setup(); from coach.services.operations import pooler; pooler.refuse_unusable()"
)


def test_without_a_pooler_nothing_is_refused():
    pooler.refuse_unusable()


def test_a_pooler_that_the_settings_do_not_know_is_refused_by_name(pooled):
    done = run(pooled, "-c", PROBE)

    assert done.returncode == 1
    assert "ARCADIA_DATABASE_POOLER=transaction" in done.stderr


def test_a_pooler_that_the_settings_know_is_not_refused(pooled):
    assert run(pooled, "-c", PROBE, ARCADIA_DATABASE_POOLER="transaction").returncode == 0
