"""The migrations and the models say the same."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_no_migration_is_missing(capsys):
    call_command("makemigrations", "--check", "--dry-run")

    assert "No changes detected" in capsys.readouterr().out


MIGRATIONS = sorted((Path(__file__).parents[1] / "migrations").glob("0*.py"))


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_writes_rows_where_it_runs(path):
    """Not always into the default database: `check_schema` runs all of them in a schema of its own."""
    assert not re.search(r"\.objects(?!\.using\()\b", path.read_text())
