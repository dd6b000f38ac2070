"""A client that a generator wrote from the description makes a learner's whole journey, against a server."""

from __future__ import annotations

import importlib
import io
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

from coach.tests import serving
from coach.tests.agent.standing_in import database_url

USERNAME = "nova of the generated client"


@pytest.fixture
def address(transactional_db):
    environment = {**os.environ, "ARCADIA_DATABASE_URL": database_url(), "ARCADIA_AGENT": "offline"}
    with serving.server(environment) as address:
        yield address


@pytest.fixture
def client(address, tmp_path, monkeypatch):
    """The generated package, and a client of it that raises for every answer that is not described."""
    description = tmp_path / "openapi.json"
    with urllib.request.urlopen(f"{address}/openapi.json") as answer:
        description.write_bytes(answer.read())
    generator = Path(sys.executable).with_name("openapi-python-client")
    configuration = tmp_path / "configuration.yml"
    configuration.write_text("post_hooks: []\n")
    arguments = ["--path", description, "--output-path", tmp_path / "arcadia_client", "--meta", "none"]
    subprocess.run(
        [generator, "generate", *arguments, "--config", configuration, "--fail-on-warning"], check=True
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = importlib.import_module("arcadia_client").Client(address, raise_on_unexpected_status=True)
    with made:
        yield made


@pytest.fixture
def api(client):
    """The generated operations by name, called with that client; each answers the parsed document."""

    def operation(tag, name):
        module = importlib.import_module(f"arcadia_client.api.{tag}.{name}")
        return lambda *path, **given: module.sync(*path, client=client, **given)

    return SimpleNamespace(operation=operation, models=importlib.import_module("arcadia_client.models"))


def test_a_generated_client_makes_the_whole_journey(api):
    """One test, because the server and the client are made for it."""
    asked = api.models.PlanRequest(
        username=USERNAME, goal="Read any SQL query plan", timezone="Europe/Berlin"
    )
    plan = api.operation("onboarding", "create_plan")(body=asked)
    assert isinstance(plan, api.models.ServedProfile)
    _work_through_the_schedule(api)
    _submit_answers_with_a_file(api, plan.onboarding_assessment.tasks)
    _talk_with_the_coach(api)
    _meet_an_error(api)


def _work_through_the_schedule(api):
    models = api.models
    read, adjust, launch, complete, reopen = (
        api.operation("schedules", name)
        for name in ("get_schedule", "adjust_schedule", "launch_item", "complete_item", "reopen_item")
    )
    item = read(USERNAME).items[0]
    moved = adjust(USERNAME, body=models.ScheduleAdjustment(item_id=item.item_id, days=2))
    launched = launch(body=models.ItemLaunch(username=USERNAME, item_id=item.item_id))
    done = complete(body=models.ItemCompletion(username=USERNAME, item_id=item.item_id))
    again = reopen(body=models.ItemRequest(username=USERNAME, item_id=item.item_id))

    def found(schedule):
        return next(other for other in schedule.items if other.item_id == item.item_id)

    assert found(moved).recommended_day_offset == item.recommended_day_offset + 2
    assert (launched.item.launch_status, launched.content.kind) == ("in_progress", "lesson")
    assert launched.content.lesson.display
    assert found(done).launch_status == "completed"
    assert found(again).launch_status != "completed"


def _submit_answers_with_a_file(api, tasks):
    models = api.models
    types = importlib.import_module("arcadia_client.types")
    attached = types.File(io.BytesIO(b"EXPLAIN SELECT 1"), file_name="plan.txt", mime_type="text/plain")
    upload = api.operation("attachments", "upload_attachment")
    file = upload(USERNAME, body=models.UploadAttachmentBody(file=attached, description="A plan"))
    link = models.LinkRequest(url="https://example.org/notes")
    api.operation("attachments", "link_attachment")(USERNAME, body=link)
    pending = api.operation("attachments", "list_attachments")(USERNAME)
    download = api.operation("attachments", "download_attachment")(USERNAME, file.attachment_id)
    responses = [
        models.ResponseEntry(task_id=task.task_id, response="A nested loop reads it once per row.")
        for task in tasks
    ]
    submission = models.SubmissionRequest(responses=responses)
    submitted = api.operation("submissions", "submit_answers")(USERNAME, body=submission)
    result = api.operation("profiles", "get_grading_result")(USERNAME)
    listed = api.operation("submissions", "list_submissions")(USERNAME, limit=1)

    assert [attachment.name for attachment in pending] == ["plan.txt", "https://example.org/notes"]
    assert download.payload.read() == b"EXPLAIN SELECT 1"
    assert len(submitted.attachments) == 2
    assert submitted.grading == result
    assert [submission.submission_id for submission in listed] == [result.submission_id]


def _talk_with_the_coach(api):
    metadata = api.models.ChatRequestMetadata.from_dict({"username": USERNAME})
    message = api.models.ChatRequest(message="I have 20 minutes", metadata=metadata)

    assert api.operation("sessions", "send_message")(body=message).display


def _meet_an_error(api):
    nobody = api.operation("profiles", "get_profile")("nobody")

    assert isinstance(nobody, api.models.Problem)
    assert nobody.detail
