"""Long runs as staff see them: watched to their end, cancelled, and their file fetched."""

from __future__ import annotations

import functools
import json
import threading
from pathlib import Path

import pytest
from django.db import connection
from django.test import override_settings
from playwright.sync_api import expect

from coach.admin.changelist import exports
from coach.admin.imports import resources, tasks
from coach.legacy.running.summary import Options
from coach.models import BackfillRun, ExportRun, LearnerProfile
from coach.services.operations import jobs
from coach.tests.browser.test_console import send, store
from coach.tests.legacy import people as records

pytestmark = pytest.mark.django_db(transaction=True)
LIVE = "[data-live]"


class Worker:
    """A worker that goes on, a batch at a time, when it is let; `arrived` once it waits for that."""

    def __init__(self) -> None:
        self._steps, self._arrived = threading.Semaphore(0), threading.Semaphore(0)
        self._thread: threading.Thread | None = None

    def start(self, work, pk: int) -> None:
        def run() -> None:
            try:
                work(pk)
            finally:
                connection.close()

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def wait(self, *_: object) -> None:
        self._arrived.release()
        assert self._steps.acquire(timeout=30)

    def arrived(self) -> None:
        assert self._arrived.acquire(timeout=30)

    def let(self, steps: int = 1) -> None:
        self._steps.release(steps)

    def end(self) -> None:
        if self._thread:
            self._thread.join()


@pytest.fixture
def worker(monkeypatch):
    """Imports and exports of any size are for it; a batch holds two records."""
    one = Worker()

    class Stepping(jobs.Work):
        @property
        def cancelled(self) -> bool:
            """Asked between two batches, where no transaction is open."""
            one.wait()
            return self.heard

        @cancelled.setter
        def cancelled(self, heard: bool) -> None:
            self.heard = heard

    monkeypatch.setattr(jobs, "Work", Stepping)
    monkeypatch.setattr(resources, "Options", functools.partial(Options, batch_size=2))
    with override_settings(BACKGROUND_IMPORT_BYTES=0, BACKGROUND_EXPORT_ROWS=1):
        yield one
        one.let(100)
        one.end()


def confirmed(console, folder):
    """Six learners uploaded and confirmed; the run's page, which waits for the worker."""
    page = console.log_in("operator")
    console.open("/admin/coach/learnerprofile/import/")
    send(page, store(folder, "store.json", {name: records.profile(name) for name in "abcdef"}))
    page.click("text=Confirm import")
    expect(page.locator(LIVE)).to_contain_text("Waiting for the worker")
    return page, BackfillRun.objects.get()


def test_an_import_is_watched_to_its_end(console, worker, tmp_path):
    page, run = confirmed(console, tmp_path)
    worker.start(tasks.work, run.pk)
    worker.arrived()
    expect(page.locator(LIVE)).to_contain_text("At work")
    expect(page.locator(LIVE)).to_contain_text("2 of 6 records")
    expect(page.locator(".facts").first).to_contain_text("Running")
    worker.let()
    worker.arrived()
    expect(page.locator(LIVE)).to_contain_text("4 of 6 records")
    worker.let(2)
    # The page of a run that is over shows all of it, without being asked.
    expect(page.locator(LIVE)).to_have_count(0)
    expect(page.locator(".facts").first).to_contain_text("Done")
    assert LearnerProfile.objects.count() == 6


def test_an_import_is_cancelled(console, worker, tmp_path):
    page, run = confirmed(console, tmp_path)
    worker.start(tasks.work, run.pk)
    worker.arrived()
    page.click("text=Cancel the run")
    page.click("input[value='Cancel the run']")
    expect(page.locator(".messagelist")).to_contain_text("ends after the batch that it is at")
    expect(page.locator(LIVE)).to_contain_text("Being cancelled")
    # The sign of life that hears of it comes every second.
    page.wait_for_timeout(1500)
    worker.let()
    expect(page.locator(".facts").first).to_contain_text(
        "cancelled by operator; what was imported before that stays"
    )
    assert LearnerProfile.objects.count() == 2


def test_an_export_is_fetched_when_it_is_ready(open_console, worker, amara):
    console = open_console(color_scheme="dark")
    records_of_two = [amara, LearnerProfile.objects.create(username="zola", last_updated=amara.last_updated)]
    page = console.log_in("operator")
    console.open("/admin/coach/learnerprofile/")
    page.check("#action-toggle")
    page.select_option("select[name=action]", "export")
    page.click("button[name=index]")
    page.check("input[value=json]")
    page.click("input[value=Export]")
    expect(page.locator(LIVE)).to_contain_text("Waiting for the worker")
    worker.let(10)
    exports.work(ExportRun.objects.get().pk)
    with page.expect_download() as download:
        page.click("text=Download the file")
    fetched = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert {row["username"] for row in fetched} == {row.username for row in records_of_two}


def test_without_scripts_the_page_loads_itself_again(open_console, worker, tmp_path):
    page, run = confirmed(open_console(java_script_enabled=False), tmp_path)
    BackfillRun.objects.filter(pk=run.pk).update(state="interrupted")
    expect(page.locator(LIVE)).to_have_count(0)
