"""The environment that the tests run in: the same on every machine, whatever its developer has set.

A pytest plugin (`-p` in pyproject.toml) and not part of conftest.py, because pytest-django reads the settings
before any conftest.py is loaded.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, MutableMapping
from pathlib import Path

import pytest

# Which database the suite runs on, and whether the import may take its fast codec, is chosen from outside.
_CHOSEN_OUTSIDE = frozenset(
    {
        "ARCADIA_DATABASE_URL",
        "ARCADIA_TEST_DATABASE_URL",
        "ARCADIA_TEST_POSTGRES_BIN",
        "ARCADIA_FAST_CODEC",
    }
)


def prepare(environ: MutableMapping[str, str], folder: Path) -> None:
    """Forget every setting but the choice of database, and put all that the tests write into the folder."""
    for name in list(environ):
        if name.startswith(("ARCADIA_", "OPENAI_")) and name not in _CHOSEN_OUTSIDE:
            del environ[name]
    # Else it would win over pyproject.toml.
    environ.pop("DJANGO_SETTINGS_MODULE", None)
    if not environ.get("ARCADIA_DATABASE_URL", "").strip():
        environ["ARCADIA_DATABASE_URL"] = f"sqlite:///{folder / 'arcadia.sqlite3'}"
    environ["ARCADIA_DEBUG"] = "1"
    environ["ARCADIA_SECRET_KEY"] = "for-tests-only"
    environ["ARCADIA_ATTACHMENTS_DIR"] = str(folder / "attachments")
    environ["ARCADIA_STAGING_DIR"] = str(folder / "staging")


# A wrapper runs before every plain hook, pytest-django's among them.
@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    folder = tempfile.mkdtemp(prefix="arcadia-tests-")
    # Also when the settings cannot be read, and in every worker process.
    early_config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    prepare(os.environ, Path(folder))
    return (yield)
