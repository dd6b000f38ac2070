"""A migration that indexes a table lets everybody write into it meanwhile, however many machines migrate at once."""

import contextlib
import os
import subprocess
import sys

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from coach.documents.submissions import PendingAttachment
from coach.tests import cast
from coach.tests.agent.standing_in import database_url

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql("SQLite locks whole databases"),
]
INDEX = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('attachment_by_path')"
WRITE = "UPDATE coach_attachmentmetadata SET name = %s WHERE attachment_id = %s"


@pytest.fixture
def earlier():
    """The database as it was before the migration."""
    call_command("migrate", "coach", "0017", verbosity=0)
    yield
    call_command("migrate", verbosity=0)


def attached(number):
    return PendingAttachment(
        attachment_id=f"att-{number}", username="amara", kind="note", name="n", created_at=cast.NOON
    )


@contextlib.contextmanager
def machines(count):
    """So many that migrate at once."""
    environment = {**os.environ, "ARCADIA_DATABASE_URL": database_url(), "ARCADIA_DATABASE_POOL_SIZE": "1"}
    started = [
        subprocess.Popen([sys.executable, "manage.py", "migrate_when_ready", "-v0"], env=environment)
        for _ in range(count)
    ]
    try:
        yield started
        assert [process.wait(30) for process in started] == [0] * count
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_writes_go_on_while_two_machines_migrate(earlier):
    amara = cast.learner(cast.AMARA)
    for number in (1, 2):
        cast.attach(amara, attached(number))
    url = database_url()
    with psycopg.connect(url) as slow, psycopg.connect(url, autocommit=True) as quick:
        # Whoever wants the whole table to themselves waits for this one, and everybody else for them.
        slow.execute(WRITE, ["slow", "att-1"])
        with machines(2):
            quick.execute("SET lock_timeout = '2s'")
            for _ in range(200):
                if quick.execute("SELECT 1 FROM pg_stat_progress_create_index").fetchone():
                    break
                quick.execute("SELECT pg_sleep(0.05)")
            else:
                pytest.fail("no index is being built")

            quick.execute(WRITE, ["quick", "att-2"])
            slow.commit()
        assert quick.execute(INDEX).fetchone() == (True,)


def test_an_index_that_an_interrupted_attempt_left_is_built_again(earlier):
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX attachment_by_path ON coach_attachmentmetadata (stored_path)")
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'attachment_by_path'::regclass"
        )

    call_command("migrate", verbosity=0)

    with connection.cursor() as cursor:
        cursor.execute(INDEX)
        assert cursor.fetchone() == (True,)
