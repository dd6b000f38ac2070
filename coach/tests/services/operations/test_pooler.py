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


def test_a_pooler_that_takes_no_settings_of_a_session_is_refused_by_name(pooled):
    """The web server makes such settings, and PgBouncer, left to itself, refuses the connection for them."""
    done = run(pooled, "-c", PROBE, ARCADIA_DATABASE_STATEMENT_TIMEOUT="30")

    assert done.returncode == 1
    assert "ARCADIA_DATABASE_POOLER=transaction" in done.stderr


def test_a_pooler_that_lends_a_connection_for_one_statement_is_refused():
    with pgbouncer.in_front_of(connection.settings_dict, mode="statement") as url:
        done = run(url, "-c", PROBE, ARCADIA_DATABASE_POOLER="transaction")

    assert done.returncode == 1
    assert "statement pooling mode" in done.stderr


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_text_is_refused(encoding):
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/".format(**connection.settings_dict)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE DATABASE narrow ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
        try:
            served = run(f"{url}narrow", "-c", PROBE)
            migrated = run(f"{url}narrow", "manage.py", "migrate_when_ready")
        finally:
            cursor.execute("DROP DATABASE narrow WITH (FORCE)")

    for done in (served, migrated):
        assert done.returncode == 1
        assert f"encoding is {encoding}" in done.stderr


@pytest.mark.parametrize(
    "parameters",
    [
        "sslmode=bogus",
        "target_session_attrs=bogus",
        "gssencmode=bogus",
        "options=-c%20nosuch%3D1",
        "channel_binding=require",
        "port=99999",
        "port=text",
        "service=none",
    ],
)
def test_a_url_that_can_never_work_is_refused_at_once(parameters):
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)

    done = run(f"{url}?{parameters}", "-c", PROBE)

    assert done.returncode == 1
    assert "The database's URL cannot be used" in done.stderr


def test_a_pooler_that_the_settings_know_is_not_refused(pooled):
    assert run(pooled, "-c", PROBE, ARCADIA_DATABASE_POOLER="transaction").returncode == 0
