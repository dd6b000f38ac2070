"""Exports by the worker: the same file as in a request, kept for a day, and nothing of those that end early."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from django.conf import settings
from django.core.files.storage import storages
from django.test import override_settings
from django_q.models import OrmQ

from coach.admin.changelist import exports
from coach.models import AuditEvent, ExportRun, LearnerProfile
from coach.services.keeping import erasing, staged_files
from coach.services.operations import jobs, upkeep
from coach.tests import cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue(console):
    """Asks for an export of more rows than a request makes; the run that waits then."""

    def send(rows, choice, model="learnerprofile"):
        with override_settings(BACKGROUND_EXPORT_ROWS=1):
            answer = asked(console, rows, choice, model)
        run = ExportRun.objects.latest("pk")
        assert answer.url == f"/admin/coach/exportrun/{run.pk}/change/"
        return run

    return send


def asked(console, rows, choice, model="learnerprofile"):
    chosen = {"action": "export", "_selected_action": [row.pk for row in rows]}
    return console.post(f"/admin/coach/{model}/", chosen | {"confirmed_count": len(rows), "choice": choice})


def fetched(client, run):
    answer = client.get(f"/admin/coach/exportrun/{run.pk}/download/")
    return answer.status_code, b"".join(answer.streaming_content) if answer.streaming else b""


def after(run):
    return ExportRun.objects.get(pk=run.pk)


@pytest.fixture
def both(amara):
    return [amara, cast.learner(cast.FELIX)]


@pytest.mark.parametrize("choice", ["json", "csv"])
def test_the_file_is_the_one_of_a_request(console, both, queue, choice):
    at_once = b"".join(asked(console, both, choice).streaming_content)
    run = queue(both, choice)
    assert (run.state, run.counted()) == ("queued", (0, 2))
    exports.work(run.pk)
    assert (after(run).state, after(run).counted()) == ("done", (2, 2))
    assert fetched(console, run) == (200, at_once)
    events = AuditEvent.objects.filter(action="data.exported")
    assert len({event.detail for event in events}) == 1


def test_the_stores_are_those_of_the_selection(console, both, queue):
    run = queue(both, "stores")
    exports.work(run.pk)
    packed = zipfile.ZipFile(io.BytesIO(fetched(console, run)[1]))
    assert list(json.loads(packed.read("learner_profiles.json"))) == ["amara", "felix"]


def test_the_stores_of_learners_who_are_gone_are_empty(console, both, queue):
    run = queue(both, "stores")
    for row in both:
        row.delete()
    cast.learner(cast.AMARA)
    exports.work(run.pk)
    packed = zipfile.ZipFile(io.BytesIO(fetched(console, run)[1]))
    assert json.loads(packed.read("learner_profiles.json")) == {}


def test_whoever_is_told_again_makes_it_anew_and_once(console, both, queue, monkeypatch):
    run = queue(both, "json")

    class Killed(BaseException):
        pass

    def dying(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(staged_files, "keep_export", dying)
        with pytest.raises(Killed):
            exports.work(run.pk)
    assert after(run).state == "running"
    exports.work(run.pk)
    done = after(run)
    exports.work(run.pk)
    assert (after(run).file, after(run).state) == (done.file, "done")


def test_cancelled_it_leaves_no_file(staff, both, queue, monkeypatch):
    run = queue(both, "json")
    keep = staged_files.keep_export

    def cancelling(*args):
        jobs.cancel(user=staff("operator"), run=run)
        return keep(*args)

    before = staged_files._names(staged_files.EXPORTS)
    monkeypatch.setattr(staged_files, "keep_export", cancelling)
    exports.work(run.pk)
    assert (after(run).state, after(run).file, after(run).error) == ("interrupted", "", "cancelled")
    assert staged_files._names(staged_files.EXPORTS) == before


def test_a_full_disk_fails_it_and_says_no_more_than_that(both, queue, monkeypatch):
    run = queue(both, "json")

    def full(*_):
        raise OSError(28, "No space left on device: secret")

    monkeypatch.setattr(staged_files, "keep_export", full)
    exports.work(run.pk)
    assert (after(run).state, after(run).error) == ("failed", "OSError")


def test_an_erasure_takes_the_files_along(console, both, queue):
    done, waiting = queue(both, "json"), queue(both, "json")
    exports.work(done.pk)
    erasing.erase(username="amara")
    assert fetched(console, done)[0] == 404
    exports.work(waiting.pk)
    assert after(waiting).state == "interrupted"


def test_an_erasure_takes_along_what_a_killed_worker_left(both, queue, monkeypatch):
    run = queue(both, "json")
    keep = staged_files.keep_export

    class Killed(BaseException):
        pass

    def dying(number, file):
        keep(number, file)
        raise Killed

    monkeypatch.setattr(staged_files, "keep_export", dying)
    with pytest.raises(Killed):
        exports.work(run.pk)
    erasing.erase(username="felix")
    assert storages["staging"].listdir(staged_files.EXPORTS)[1] == []


def test_it_goes_after_a_day(console, both, queue):
    run = queue(both, "json")
    exports.work(run.pk)
    path = after(run).file
    with override_settings(RETENTION_DAYS={**settings.RETENTION_DAYS, "staging": 0.0}):
        upkeep.maintain()
    assert not ExportRun.objects.exists()
    assert not staged_files.storage().exists(path)


@pytest.mark.parametrize(
    "first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_text_is_a_formula_in_a_spreadsheet(console, both, first):
    LearnerProfile.objects.update(goal=f"{first}1+1")
    lines = csv.DictReader(
        io.StringIO(b"".join(asked(console, both, "csv").streaming_content).decode("utf-8-sig"), newline="")
    )
    assert [line["goal"] for line in lines] == [f"'{first}1+1"] * 2


def test_few_rows_are_sent_at_once(console, both):
    assert json.loads(b"".join(asked(console, both, "json").streaming_content))
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize(
    ("role", "sees", "takes"), [("viewer", 200, 403), ("coach", 200, 403), ("operator", 200, 200)]
)
def test_all_roles_see_it_and_operators_fetch_and_cancel_it(as_role, both, queue, role, sees, takes):
    run, waiting = queue(both, "json"), queue(both, "json")
    exports.work(run.pk)
    client = as_role(role)
    page = client.get(f"/admin/coach/exportrun/{run.pk}/change/")
    assert page.status_code == sees
    assert ("Download the file" in page.content.decode()) == (takes == 200)
    assert fetched(client, run)[0] == takes
    address = f"/admin/coach/exportrun/{waiting.pk}/cancel/"
    assert client.get(address).status_code == takes
    client.post(address)
    assert after(waiting).state == ("interrupted" if takes == 200 else "queued")
