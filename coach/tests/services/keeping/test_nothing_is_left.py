"""After an erasure neither a dump of the database nor the storages hold anything that came with the learner.

Every text that a client can send carries a mark of its own. The routes come from the index of the API and the members of
their bodies from its description, so that a new one is marked without being named here, or fails.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection

from coach.api import urls
from coach.models import BackfillFinding, BackfillRun, LearnerProfile, MemoryUpload
from coach.models.versions import fingerprint
from coach.services import staff as services
from coach.services.keeping import staged_files
from coach.services.operations import tokens
from coach.tests import cast
from coach.tests.admin.conftest import as_role, console, groups, staff
from coach.tests.agent.standing_in import provider
from coach.tests.legacy import people
from coach.tests.postgres import programs

__all__ = ["as_role", "console", "groups", "provider", "staff"]

pytestmark = pytest.mark.django_db(transaction=True)

NAME, MARK = "quillmarkus", "zqxmark"
# What a request of these routes stores: nothing of what it says.
STORES_NO_TEXT = {
    "/api/developer/reset": "it erases",
    "/api/session/reset": "it forgets",
    "/api/onboarding/{username}/assessment/status": "one of three words",
    "/api/onboarding/{username}/assessment/attachments/{attachment_id}": "it deletes",
    "/api/profile/{username}/schedule/adjust": "the reason is not kept",
    "/api/session/schedule/complete": "ids of what is there",
    "/api/session/schedule/reopen": "ids of what is there",
    "/api/session/schedule/launch": "ids of what is there",
}
# Made first, since the others need what they make.
FIRST = (
    "/api/onboarding/plan",
    "/api/chatkit/upload",
    "/api/onboarding/{username}/assessment/attachments/files",
)


class Marks:
    """Texts that occur nowhere else, each once."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new(self) -> str:
        return f"{MARK}{next(self._numbers):04}"


def writing_routes():
    """Every method and address by which a client can write something; those in FIRST come first."""
    found = []
    for route in urls.urlpatterns:
        for method in ("post", "put", "patch", "delete"):
            if hasattr(route.callback.view_class, method):
                found.append((method, "/" + re.sub(r"<str:(\w+)>", r"{\1}", str(route.pattern))))
    found.sort(key=lambda found: FIRST.index(found[1]) if found[1] in FIRST else len(FIRST))
    return found


class Talker:
    """A client of the API that sends a mark in every text, and remembers which route got which."""

    def __init__(self, client, headers) -> None:
        self.client, self.headers, self.marks = client, headers, Marks()
        self.description = client.get("/openapi.json").json()
        self.sent: dict[str, list[str]] = {}
        self.file_id = self.attachment_id = ""

    def tell(self, method: str, route: str) -> None:
        """Send a request with everything that the route takes."""
        self.texts = self.sent.setdefault(route, [])
        operation = self.description["paths"][route].get(method, {})
        described = operation.get("requestBody", {"content": {}})["content"]
        address = route.format(username=f" {NAME.upper()} ", attachment_id=self.attachment_id)
        if "multipart/form-data" in described:
            file = SimpleUploadedFile(f"{self._mark()}.txt", self._mark().encode(), "text/plain")
            answer = self._send(method, address, {"file": file, "description": self._mark()})
            shown = answer.json()
            if "file_id" in shown:
                self.file_id = shown["file_id"]
            else:
                self.attachment_id = shown["attachment_id"]
        elif route == "/chatkit":
            self._chat(address)
        elif described:
            self._send_json(method, address, self._filled(described["application/json"]["schema"], route))
        else:
            self._send(method, address, None)

    def _chat(self, address: str) -> None:
        message = {
            "content": [{"type": "input_text", "text": self._mark()}],
            "attachments": [],
            "inference_options": {},
        }
        made = self._send_json(
            "post", address, {"type": "threads.create", "params": {"input": message}}
        ).decode()
        thread = {"thread_id": re.search(r'"id":"(thr_\w+)"', made)[1]}
        message["content"][0]["text"] = self._mark()
        action = {"type": "files_uploaded", "payload": {"files": [{"file_id": self.file_id}]}}
        for kind, params in (
            ("threads.add_user_message", {"input": message}),
            ("threads.update", {"title": self._mark()}),
            ("threads.custom_action", {"item_id": None, "action": action}),
        ):
            self._send_json("post", address, {"type": kind, "params": {**thread, **params}})

    def _send_json(self, method, address, body):
        answer = self._send(method, address, json.dumps(body), content_type="application/json")
        return b"".join(answer.streaming_content) if answer.streaming else answer.content

    def _send(self, method, address, body, **words):
        headers = {**self.headers, "idempotency-key": self._mark()}
        answer = getattr(self.client, method)(address, body, headers=headers, **words)
        assert answer.status_code < 300, (method, address, answer.content)
        return answer

    def _mark(self) -> str:
        self.texts.append(self.marks.new())
        return self.texts[-1]

    def _filled(self, schema, member=""):
        """A value of that schema, with a mark wherever a text may stand."""
        if "$ref" in schema:
            return self._filled(
                self.description["components"]["schemas"][schema["$ref"].rpartition("/")[2]], member
            )
        if "anyOf" in schema:
            return self._filled(schema["anyOf"][0], member)
        if "enum" in schema:
            return schema["enum"][0]
        known = self._known(member)
        if known is not None:
            return known
        kind = schema.get("type", "string")
        if kind == "object" and "properties" in schema:
            return {name: self._filled(part, name) for name, part in schema["properties"].items()}
        if kind == "object":
            return {self._mark(): self._mark()}
        if kind == "array":
            return [self._filled(schema["items"])]
        if isinstance(kind, list) or kind in ("integer", "boolean", "number"):
            return schema.get("minimum", 1)
        assert kind == "string", schema
        return self._mark()

    def _known(self, member: str):
        """What must mean something to be taken."""
        if member == "metadata" and "session" in str(list(self.sent)[-1]):
            told = {name: self._mark() for name in ("goal", "use_case", "strengths", "session_id")}
            tags, ratings = [self._mark()], {self._mark(): 1200}
            return {"username": NAME, **told, "knowledge_tags": tags, "elo": ratings, self._mark(): 1}
        if member in ("item_id", "task_id"):
            learner = LearnerProfile.objects.get(username=NAME)
            first = learner.schedule.items.first() if member == "item_id" else learner.assessment.tasks[0]
            return getattr(first, member)
        return {
            "username": f" {NAME.title()} ",
            "timezone": "Europe/Berlin",
            "url": f"https://example.org/{self._mark()}" if member == "url" else None,
            "file_id": self.file_id,
            "model": "gpt-5",
            "target_day_offset": 5,
            "reasoning_level": "low",
        }.get(member)


def dump() -> str:
    """The whole database as text; what it keeps as bytes is spelled out below."""
    text = dumped()
    found = re.findall(r"(?:\\\\x|X')([0-9A-Fa-f]{16,})", text)
    return "\n".join([text, *(bytes.fromhex(digits).decode(errors="replace") for digits in found)])


def dumped() -> str:
    parts = connection.settings_dict
    if connection.vendor != "postgresql":
        connection.ensure_connection()
        return "\n".join(connection.connection.iterdump())
    folder = next(programs.candidates(os.environ)).folder
    names = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    environ = {name: str(parts[key]) for name, key in names.items() if parts[key]}
    return subprocess.run(
        [folder / "pg_dump"], env={**os.environ, **environ}, check=True, capture_output=True, text=True
    ).stdout


def left(text: str) -> list[str]:
    """The lines of a dump, and the files of the storages, that hold a mark or the name."""
    wanted = re.compile(rf"{MARK}|{NAME}", re.IGNORECASE)
    found = [line[:300] for line in text.splitlines() if wanted.search(line)]
    for folder in (settings.ATTACHMENTS_DIR, settings.STAGING_DIR):
        for path in folder.rglob("*"):
            content = path.read_bytes().decode(errors="replace") if path.is_file() else ""
            if wanted.search(str(path.relative_to(folder))) or wanted.search(content):
                found.append(str(path))
    return found


def stores_of(folder: Path) -> list[str]:
    """Stores in which the learner has something of everything, some of it unfit; the command's arguments."""
    mark = Marks().new
    bad = people.submission(mark(), NAME, responses=mark())
    contents = {
        "learner_profiles.json": {
            NAME: people.profile(
                NAME,
                goal=mark(),
                palette=mark(),
                memory_records=[people.note(mark(), note=mark())],
                curriculum_schedule=people.schedule(people.item(mark())),
            )
        },
        "assessment_submissions.json": {NAME: [people.submission(mark(), NAME, mood=mark()), bad]},
        "assessment_attachments.json": {
            NAME: [people.attachment(mark(), NAME, kind="file", stored_path=f"{NAME}/notes.txt")]
        },
    }
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content))
    (folder / "files" / NAME).mkdir(parents=True, exist_ok=True)
    (folder / "files" / NAME / "notes.txt").write_text(mark())
    return [f"--data-dir={folder}", f"--attachment-files={folder / 'files'}", f"--username={NAME}"]


def backfill(folder: Path, number: int) -> int:
    with pytest.raises(SystemExit) as ended:
        call_command(
            "backfill", "--no-progress", f"--rejects={folder / f'rejects-{number}.jsonl'}", *stores_of(folder)
        )
    return ended.value.code


def by_page(console, pk):
    return console.post(f"/admin/coach/learnerprofile/{pk}/delete/", {"post": "yes"}, follow=True)


def by_list(console, pk):
    values = {
        "action": "delete_learners",
        ACTION_CHECKBOX_NAME: [pk],
        "confirmed": "1",
        "confirmed_count": "1",
    }
    return console.post("/admin/coach/learnerprofile/", values, follow=True)


def by_command(console, pk):
    call_command("erase_learner", NAME.title())


@pytest.mark.parametrize(
    ("erase", "has_token"),
    [(by_page, True), (by_list, False), (by_command, True)],
    ids=["page", "list", "command"],
)
def test_nothing_is_left(client, console, provider, settings, tmp_path, erase, has_token):
    settings.AGENT, settings.DEBUG_ENDPOINTS = "offline", True
    headers = {}
    if has_token:
        token = tokens.create(name="desk", learner=NAME, by="test").text
        headers = {"authorization": f"Bearer {token}"}
    cast.learner(cast.FELIX)
    assert backfill(tmp_path, 1) == 2
    run = BackfillRun.objects.get()
    staged_files.keep_rejects(run.pk, tmp_path / "rejects-1.jsonl")

    talker = Talker(client, headers)
    for method, route in writing_routes():
        # Without a token nobody can tell whose conversation it is.
        if route != "/api/developer/reset" and (has_token or route != "/chatkit"):
            # The provider keeps files and answers nothing else.
            settings.OPENAI_API_KEY = "key" if route == "/api/chatkit/upload" else ""
            talker.tell(method, route)
            if route == "/api/onboarding/plan":
                client.get(f"/api/profile/{NAME}/schedule?refresh=true", headers=headers)
    row = LearnerProfile.objects.get(username=NAME)
    services.edit_learner(
        user=staff_of(console),
        username=NAME,
        changes={"goal": f"{MARK} by staff"},
        seen={"goal": fingerprint(row.goal)},
    )

    before = dump()
    unmarked = [
        route
        for route, texts in talker.sent.items()
        if route not in STORES_NO_TEXT and not any(text in before for text in texts)
    ]
    assert unmarked == []
    assert len(left(before)) > 30
    assert BackfillFinding.objects.filter(username=NAME).exists()

    erase(console, row.pk)
    assert left(dump()) == []
    assert LearnerProfile.objects.get().username == "felix"
    assert MemoryUpload.objects.filter(withdrawn=True).exclude(remote_file_id="").exists()
    assert provider.files
    settings.OPENAI_API_KEY = "key"
    call_command("upload_memories", "--once")
    assert not provider.files

    assert backfill(tmp_path, 2) == 2
    BackfillRun.objects.exclude(pk=run.pk).update(options="{}")  # the operator named the learner again
    assert left(dump()) == []


def staff_of(console):
    from django.contrib.auth.models import User

    return User.objects.get(pk=console.session["_auth_user_id"])
