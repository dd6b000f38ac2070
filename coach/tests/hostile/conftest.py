"""A server with the settings of production, on a PostgreSQL of its own, for clients that mean harm."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks import servers
from coach.tests import cast, postgres
from coach.tests.hostile.routes import PREPARE


@pytest.fixture(scope="module")
def cluster():
    with postgres.cluster() as made:
        yield made


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile") / "log"


@pytest.fixture(scope="module")
def changes():
    """Settings of the server, without ARCADIA_."""
    return {}


@pytest.fixture(scope="module")
def service(cluster, log, changes, tmp_path_factory):
    environment = servers.production(
        cluster.url, tmp_path_factory.mktemp("served"), **{"WORKERS": "1", "THREADS": "8", **changes}
    )
    for arguments in (("migrate", "-v", "0"), ("shell", "-v", "0", "-c", PREPARE)):
        subprocess.run([sys.executable, "manage.py", *arguments], env=environment, check=True)
    with servers.serve(environment, log=log) as running:
        yield running


@pytest.fixture
def amara(db):
    return cast.learner(cast.AMARA)
