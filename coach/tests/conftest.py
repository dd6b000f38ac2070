"""What every test can use. The environment is prepared earlier, in environment.py."""

from __future__ import annotations

import os

import hypothesis
import pytest
from django.db import connections

# A busy machine is slow at times: a slow example proves nothing. In CI the examples are the same in every
# run, so that a submission fails for what it changes; on a developer's machine they are new ones.
hypothesis.settings.register_profile("arcadia", deadline=None, derandomize=os.environ.get("CI") == "true")
hypothesis.settings.load_profile("arcadia")


def _database() -> str:
    return "postgresql" if os.environ["ARCADIA_DATABASE_URL"].startswith("postgres") else "sqlite"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "postgresql(reason): holds on PostgreSQL only; skipped on SQLite.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # A browser leaves an event loop running in its process, in which nothing that starts one of its own can follow.
    items.sort(key=lambda item: "browser" in item.path.parts)


def pytest_report_header() -> str:
    return f"database: {_database()}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("postgresql")
    if marker is not None and _database() != "postgresql":
        pytest.skip(f"holds on PostgreSQL only: {marker.args[0]}")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Close the pools just before the test databases are made.

    A pool keeps the address that it was made with: one that an import or an earlier test has looked at would
    lead every test into the real database, and the workers into the same one.
    """
    for connection in connections.all():
        if connection.vendor == "postgresql":
            connection.close_pool()
