"""The page of a run: its rejects as a download, or why there is none."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from coach.legacy.running import reject_file
from coach.models import BackfillRun
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.people import profile

pytestmark = pytest.mark.django_db(transaction=True)
OPTIONS = ("--no-progress", "--format", "json")


@pytest.fixture
def rejecting(tmp_path, settings) -> Stores:
    """A store with a record that is rejected, and a folder for what the command leaves behind."""
    settings.LEGACY_DATA_DIR = settings.BASE_DIR = tmp_path
    return Stores(tmp_path).write(profiles=[profile("felix"), profile("noor", timezone=7)])


def run_of(*options: str) -> tuple[BackfillRun, str]:
    """The run that the command made, and the address of its page."""
    with pytest.raises(SystemExit) as ended:
        call_command("backfill", *OPTIONS, *options)
    assert ended.value.code == 2
    run = BackfillRun.objects.latest("pk")
    return run, f"/admin/coach/backfillrun/{run.pk}"


def test_the_rejects_of_a_command_in_a_shared_folder_are_a_download(console, rejecting):
    _, page = run_of()
    shown = console.get(f"{page}/change/").content.decode()
    assert f"{page}/rejects/" in shown
    assert "Not here" not in shown
    assert b"noor" in b"".join(console.get(f"{page}/rejects/").streaming_content)


@pytest.mark.parametrize("elsewhere", [True, False], ids=["named by an option", "on another machine"])
def test_a_run_whose_rejects_are_elsewhere_says_where(console, rejecting, tmp_path, elsewhere):
    run, page = run_of(*([f"--rejects={tmp_path / 'mine.jsonl'}"] if elsewhere else []))
    reject_file.path_of(run).unlink(missing_ok=True)
    shown = console.get(f"{page}/change/").content.decode()
    assert f"{page}/rejects/" not in shown
    assert "where --rejects said" in shown
    assert reject_file.path_of(run).name in shown
    assert console.get(f"{page}/rejects/").status_code == 404


def test_a_run_without_rejects_says_nothing_of_them(console, db):
    run = BackfillRun.objects.create(source="command", actor="a", version="0", process="host 1")
    assert "Not here" not in console.get(f"/admin/coach/backfillrun/{run.pk}/change/").content.decode()
