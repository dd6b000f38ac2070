"""Input that is meant to harm, and how it is answered: the table of docs/security.md, line by line."""

import contextlib
import gzip
import io
import json
import re
import time

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import NoReverseMatch, reverse

from coach import attachments as storage
from coach.documents.submissions import Attachment, PendingAttachment, Submission
from coach.models import AttachmentMetadata, AuditEvent, BackfillFinding, BackfillRun, LearnerProfile
from coach.services.operations import tokens
from coach.tests import cast

pytestmark = pytest.mark.django_db

ADJUST = "/api/profile/amara/schedule/adjust"
SUBMISSIONS = "/api/onboarding/amara/assessment/submissions"
ATTACHMENTS = "/api/onboarding/amara/assessment/attachments"
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def amara():
    return cast.learner(cast.AMARA)


def send(client, body, content_type="application/json", path=ADJUST, **headers):
    return client.generic("POST", path, body, content_type=content_type, headers=headers)


def kinds(answer):
    assert answer.status_code == 422
    return {fault["type"] for fault in answer.json()["detail"]}


def multipart(filename, content=b"alpha"):
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
    return f"{head}Content-Type: text/plain\r\n\r\n".encode() + content + b"\r\n--x--\r\n"


def upload(client, body):
    return client.generic(
        "POST", f"{ATTACHMENTS}/files", body, content_type="multipart/form-data; boundary=x"
    )


# --- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..\\..\\boot.ini",
        "C:\\x",
        ".",
        "..",
        "x/../../y",
        "~root",
        "%2e%2e%2fx",
    ],
)
def test_traversal_in_a_file_name_is_only_a_name(client, amara, name):
    shown = upload(client, multipart(name)).json()

    assert shown["name"] == name
    assert re.fullmatch(r"uploads/[0-9a-f]{2}/[0-9a-f]{40}", AttachmentMetadata.objects.get().stored_path)


@pytest.mark.parametrize(
    "path", ["../x", "/etc/hostname", "a/../../etc/hostname", "a\\..\\..\\b", "", ".", "\0", "x" * 5000]
)
def test_traversal_in_a_stored_path_leads_nowhere(client, amara, path):
    document = PendingAttachment(
        attachment_id="a",
        username="amara",
        kind="file",
        name="n",
        stored_path=path.replace("\0", "?"),
        created_at=cast.NOON,
    )
    cast.attach(amara, document)

    assert client.get(f"{ATTACHMENTS}/a/download").status_code == 404
    assert client.delete(f"{ATTACHMENTS}/a").status_code == 204


def test_a_link_in_the_folder_that_leads_out_is_not_followed(client, amara, settings, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("not for you")
    folder = tmp_path / "attachments"
    folder.mkdir()
    (folder / "inside").symlink_to(secret)
    settings.STORAGES = {
        **settings.STORAGES,
        "attachments": {
            **settings.STORAGES["attachments"],
            "OPTIONS": {"location": folder, "base_url": None},
        },
    }

    with pytest.raises(storage.UnsafePath):
        storage.safe_path("inside")


@pytest.mark.parametrize(
    "path", ["/static/../arcadia/settings.py", "/static/%2e%2e/manage.py", "/..%2f..%2fetc/passwd"]
)
def test_traversal_in_the_address_finds_nothing(client, path):
    assert client.get(path).status_code == 404


# --- JSON -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000, '{"a":[' * 40 + "]}" * 40]
)
def test_a_hundred_thousand_brackets_are_a_fault_of_the_body(client, body):
    assert kinds(send(client, body)) == {"json_invalid"}


@pytest.mark.parametrize(
    "number", ["9" * 4000, "9" * 5000, "1e400", "-1e400", "1E+999999999", "NaN", "Infinity", "9" * 19]
)
def test_huge_numbers_are_faults_of_their_members(client, amara, number):
    answer = send(client, '{"item_id": "x", "days": ' + number + "}")

    assert answer.status_code == 422
    json.loads(answer.content, parse_constant=lambda word: pytest.fail(f"{word} in the answer"))


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800", "\\udfff\\ud800"])
def test_what_no_database_keeps_is_refused(client, amara, text):
    body = '{"responses": [{"task_id": "sql-talk", "response": "' + text + '"}]}'

    assert kinds(send(client, body, path=SUBMISSIONS)) == {"string_unicode"}


@pytest.mark.parametrize(
    "path", ["/api/profile/a%00b", "/api/profile/%00", f"{ATTACHMENTS}/%00/download", "/api/%00"]
)
def test_nul_in_an_address_is_refused(client, path):
    assert client.get(path).status_code in (404, 422)


def test_a_body_beyond_two_mebibytes_is_refused_unread(client):
    assert send(client, b"[" + b"1," * 1_100_000 + b"1]").status_code == 413


def test_many_members_of_one_name_count_once(client, amara):
    assert send(client, '{"item_id": "x",' * 1 + '"days": 1,' * 50_000 + '"days": 2}').status_code == 404


# --- usernames ------------------------------------------------------------------------------------


@pytest.mark.parametrize("character", ["\u202e", "\u200f", "\u2066", "\u061c", "\x07", "\x7f", "\x85"])
def test_bidirectional_and_control_characters_are_in_nobodys_name(client, character):
    body = json.dumps({"username": f"am{character}ara", "goal": "x"})

    assert send(client, body, path="/api/onboarding/plan").status_code == 422
    assert not LearnerProfile.objects.exists()


@pytest.mark.parametrize("name", ["аmara", "ａmara", "amarа", "amara\u200b", "ämara"])
def test_a_name_that_only_looks_the_same_is_somebody_else(client, amara, name):
    assert client.get(f"/api/profile/{name}").status_code == 404


def test_two_spellings_of_one_name_are_one_learner(client):
    cast.learner(cast.FELIX, username="zoë")

    assert client.get("/api/profile/ZOE\u0308").status_code == 200


# --- bodies that are not what they seem -----------------------------------------------------------


def test_a_compressed_body_is_not_decompressed(client, amara):
    bomb = gzip.compress(b'{"item_id": "' + b"x" * 50_000_000 + b'"}')
    assert len(bomb) < 100_000

    started = time.perf_counter()
    answer = send(client, bomb, **{"content-encoding": "gzip"})

    assert kinds(answer) == {"json_invalid"}
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "x" * 500,
        "a/b; c=\x01",
    ],
)
def test_another_content_type_is_not_read_as_json(client, amara, content_type):
    assert send(client, '{"item_id": "x"}', content_type).status_code == 422


def test_external_entities_are_not_even_parsed(client, amara):
    body = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'

    answer = send(client, body, "application/xml")
    assert answer.status_code == 422
    assert "root:" not in answer.content.decode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--x--\r\n",
        multipart("a.txt").replace(b'name="file"', b'name="other"'),
        b"\0" * 1000,
    ],
)
def test_a_broken_form_is_a_missing_file(client, amara, body):
    assert kinds(upload(client, body)) == {"missing"}


def test_a_form_of_ten_thousand_fields_is_refused(client, amara):
    part = b'--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\n1\r\n'
    body = b"".join(part % number for number in range(10_000)) + multipart("a.txt")

    assert upload(client, body).status_code == 422


def test_an_upload_that_ends_early_is_not_kept(client, amara):
    before = set(storage.uploads())
    body = multipart("a.txt", b"x" * 1000)
    answer = client.generic(
        "POST",
        f"{ATTACHMENTS}/files",
        **{
            "CONTENT_TYPE": "multipart/form-data; boundary=x",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body[:600]),
        },
    )

    assert answer.status_code == 400
    assert not AttachmentMetadata.objects.exists()
    assert set(storage.uploads()) == before


# --- slow clients ---------------------------------------------------------------------------------


class Stalling(io.BytesIO):
    """A body of which nothing more comes."""

    def read(self, *_):
        raise TimeoutError("timed out")


@pytest.mark.parametrize(
    ("path", "content_type"),
    [(ADJUST, "application/json"), (f"{ATTACHMENTS}/files", "multipart/form-data; boundary=x")],
)
def test_a_slow_body_is_answered_with_408(client, amara, path, content_type):
    body = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": "100", "wsgi.input": Stalling()}

    assert client.generic("POST", path, **body).status_code == 408


# --- headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: b=c", 'a"; filename="b.exe', "a\nb", "a;b", "a\x0bb", "\u202etxt.exe"]
)
def test_a_file_name_cannot_break_out_of_its_header(client, amara, name):
    stored = storage.upload([b"x"], limit=10)
    document = PendingAttachment(
        attachment_id="a",
        username="amara",
        kind="file",
        name=name,
        stored_path=stored.path,
        created_at=cast.NOON,
    )
    cast.attach(amara, document)

    answer = client.get(f"{ATTACHMENTS}/a/download")

    assert answer.status_code == 200
    assert re.fullmatch(r"attachment; filename\*=utf-8''[\w.%~-]+", answer["Content-Disposition"])
    assert "Set-Cookie" not in answer
    b"".join(answer.streaming_content)
    answer.close()


@pytest.mark.parametrize(
    "path",
    ["/api/profile/a%0d%0aSet-Cookie:%20b=c/schedule/", "/healthz/?a=%0d%0aX: y", "/healthz/?\r\nX: y"],
)
def test_a_redirect_cannot_be_made_to_carry_headers(client, path):
    answer = client.get(path)

    assert "\r" not in answer.get("Location", "")
    assert "\n" not in answer.get("Location", "")
    assert "Set-Cookie" not in answer


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example/", "/%2f%2fevil.example/", "/healthz//evil.example/"]
)
def test_no_redirect_leads_to_another_site(client, path):
    assert not client.get(path).get("Location", "/").startswith(("//", "/\\", "http"))


def test_a_host_that_is_not_ours_is_refused(settings):
    settings.ALLOWED_HOSTS = ["coach.example"]

    assert (
        Client(raise_request_exception=False).get("/healthz", headers={"host": "evil.example"}).status_code
        == 400
    )


@pytest.mark.parametrize("path", ["/healthz", "/api/profile/amara", "/admin/login/", "/no/such"])
def test_every_answer_says_that_its_type_is_meant(client, amara, path):
    assert client.get(path)["X-Content-Type-Options"] == "nosniff"


def test_a_download_runs_nothing(client, amara):
    shown = client.post(
        f"{ATTACHMENTS}/files", {"file": SimpleUploadedFile("x.html", b"<script>", "text/html")}
    ).json()

    answer = client.get(shown["url"])

    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    b"".join(answer.streaming_content)
    answer.close()


# --- people ---------------------------------------------------------------------------------------


def test_a_forged_token_opens_nothing(client, amara, settings):
    settings.REQUIRE_API_TOKEN = True
    real = tokens.create(name="app", by="test").text
    key = real.split("_")[1]

    for forged in (
        f"arcadia_{key}_{'A' * 43}",
        f"arcadia_{'0' * 12}_{real.split('_', 2)[2]}",
        real[:-1],
        "' OR 1=1 --",
    ):
        assert (
            client.get("/api/profile/amara", headers={"authorization": f"Bearer {forged}"}).status_code == 401
        )


@pytest.fixture
def boss(django_user_model):
    return django_user_model.objects.create_superuser("boss", password="a right one")


def test_the_console_takes_no_form_of_another_site(boss):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(boss)

    for path in ("/admin/login/", "/admin/logout/", "/admin/coach/apitoken/add/"):
        assert browser.post(path, {"name": "x"}).status_code == 403, path


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/coach/learnerprofile/", "/admin/coach/apitoken/", "/admin/auth/user/"]
)
def test_nobody_sees_the_console_without_signing_in(client, path):
    answer = client.get(path)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_signing_in_leads_to_no_other_site(client, boss):
    answer = client.post(
        "/admin/login/?next=https://evil.example/", {"username": "boss", "password": "a right one"}
    )

    assert "evil" not in answer["Location"]


@pytest.fixture
def scripted():
    """A learner, and everything around one, with a script in every text."""
    learner = cast.learner(
        cast.AMARA,
        username="amara",
        goal=SCRIPT,
        use_case=SCRIPT,
        strengths=SCRIPT,
        timezone=SCRIPT,
        knowledge_tags=[SCRIPT],
        recent_sessions=[SCRIPT],
        memory_records=[{"note_id": SCRIPT, "note": SCRIPT, "tags": [SCRIPT], "created_at": cast.NOON}],
        elo_snapshot={SCRIPT: 1000},
        elo_category_plan={"generated_at": cast.NOON, "categories": [{**cast.CATEGORY, "key": SCRIPT, "label": SCRIPT}]},
        curriculum_plan={
            "generated_at": cast.NOON, "overview": SCRIPT, "modules": [{**cast.MODULES[0], "title": SCRIPT, "summary": SCRIPT}]
        },
        onboarding_assessment={"generated_at": cast.NOON, "tasks": [{**cast.TASKS[0], "title": SCRIPT, "prompt": SCRIPT}]},
        curriculum_schedule={
            "generated_at": cast.NOON,
            "cadence_notes": SCRIPT,
            "items": [{"item_id": SCRIPT, "kind": "lesson", "category_key": SCRIPT, "title": SCRIPT, "summary": SCRIPT}],
        },
    )  # fmt: skip
    document = Submission(
        submission_id=SCRIPT,
        username="amara",
        submitted_at=cast.NOON,
        responses=[{"task_id": SCRIPT, "response": SCRIPT, "category_key": SCRIPT, "task_type": "code"}],
        metadata={SCRIPT: SCRIPT},
        attachments=[
            Attachment(attachment_id=SCRIPT, name=SCRIPT, url=f"javascript:{SCRIPT}", created_at=cast.NOON)
        ],
    )
    cast.submission(learner, document)
    pending = PendingAttachment(
        attachment_id=f"p{SCRIPT}",
        username="amara",
        kind="link",
        name=SCRIPT,
        url="javascript:alert(1)",
        created_at=cast.NOON,
    )
    cast.attach(learner, pending)
    AuditEvent.objects.create(
        learner=learner, username=SCRIPT, actor=SCRIPT, action="a.b", detail=json.dumps({SCRIPT: SCRIPT})
    )
    run = BackfillRun.objects.create(
        source="command", actor=SCRIPT, state="failed", version=SCRIPT, error=SCRIPT
    )
    BackfillFinding.objects.create(
        run=run, outcome="rejected", store="profiles", place=SCRIPT, natural_key=SCRIPT, code="x",
        errors=json.dumps([{"place": SCRIPT, "reason": SCRIPT}]),
    )  # fmt: skip
    tokens.create(name=SCRIPT, by=SCRIPT)
    return learner


def pages():
    """The list of every kind of row, and the page of its first row."""
    admin.autodiscover()
    for model in admin.site._registry:
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"admin:{label}_changelist")
        row = model._default_manager.first()
        for name in ("change", "page", "history"):
            with contextlib.suppress(NoReverseMatch):
                if row is not None:
                    yield reverse(f"admin:{label}_{name}", args=(row.pk,))


def test_a_script_in_any_text_is_only_text_to_staff(client, boss, scripted):
    client.force_login(boss)
    shown = 0

    for page in ["/admin/", *pages()]:
        answer = client.get(page, follow=True)
        text = answer.content.decode()
        assert answer.status_code == 200, page
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page
        assert 'href="javascript:' not in text.lower(), page
        shown += "&lt;script&gt;alert" in text

    assert shown >= 8


def test_staff_pages_run_no_script_but_their_own(client, boss):
    client.force_login(boss)

    policy = client.get("/admin/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy


def test_a_search_of_staff_is_not_sql(client, boss, amara):
    client.force_login(boss)

    for words in ("' OR 1=1 --", "%", "\\", "a'b\"c", "\x00"):
        assert client.get("/admin/coach/learnerprofile/", {"q": words}).status_code < 500
