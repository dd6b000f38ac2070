"""Behind a real PgBouncer (transaction mode, three connections): every answer is what was written."""

import pytest
from django.db import connection

from benchmarks.scale import pooler
from coach.tests import pgbouncer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql("SQLite has no pooler"),
    pytest.mark.skipif("not pgbouncer.installed()", reason="PGBOUNCER IS NOT INSTALLED"),
]


def test_nothing_is_wrong_under_mixed_load_with_imports_and_exports_beside_it(tmp_path):
    database = connection.settings_dict
    direct = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    exec(pooler.PREPARE)
    with pgbouncer.in_front_of(database) as url:
        environment = pooler.behind(url, direct, tmp_path, WORKERS="1")

        seen = pooler.mixed([environment], tmp_path, seconds=0, pause=0.3)

    assert seen["faults"] == []
    assert seen["submissions"] > pooler.CLIENTS
