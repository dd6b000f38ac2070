"""What every test can use. The environment is prepared earlier, in environment.py."""

from __future__ import annotations

import os
import pathlib

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


# Rooms whose tests open no database. The run on PostgreSQL would prove the same again, and leaves them out.
WITHOUT_DATABASE = frozenset(
    {
        "documents",
        "engines",
        "agent/model",
        "agent/offline",
        "agent/tools",
        "legacy/reading/test_scanner.py",
        "legacy/reading/test_store_file.py",
        "legacy/decoding",
        "postgres",
        "test_apps.py",
        "test_architecture.py",
        "test_json_text.py",
        "test_tree.py",
        "topologies/test_deployment.py",
    }
)
_TESTS = pathlib.Path(__file__).parent


def _opens_no_database(item: pytest.Item) -> bool:
    """Whether a test stands in a room without a database. Raises UsageError where it asks for one all the same."""
    place = item.path.relative_to(_TESTS)
    if not any(room.as_posix() in WITHOUT_DATABASE for room in (place, *place.parents)):
        return False
    if item.get_closest_marker("django_db") or {"db", "transactional_db"} & set(
        getattr(item, "fixturenames", ())
    ):
        raise pytest.UsageError(
            f"{item.nodeid} opens a database, in a room of WITHOUT_DATABASE (conftest.py)"
        )
    return True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    once = {item for item in items if _opens_no_database(item)}
    # What is named on the command line is run in any case. (Workers are handed the paths as arguments.)
    if _database() == "postgresql" and list(config.args) == config.getini("testpaths"):
        config.hook.pytest_deselected(items=list(once))
        items[:] = [item for item in items if item not in once]
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
