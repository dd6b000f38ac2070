"""Files that are meant to harm: their names, their forms, their way into the storage and back."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from coach import attachments as storage
from coach.documents.submissions import PendingAttachment
from coach.models import AttachmentMetadata
from coach.tests import cast

pytestmark = pytest.mark.django_db

ATTACHMENTS = "/api/onboarding/amara/assessment/attachments"


def multipart(filename, content=b"alpha"):
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
    return f"{head}Content-Type: text/plain\r\n\r\n".encode() + content + b"\r\n--x--\r\n"


def upload(client, body):
    return client.generic(
        "POST", f"{ATTACHMENTS}/files", body, content_type="multipart/form-data; boundary=x"
    )


def kinds(answer):
    assert answer.status_code == 422
    return {fault["type"] for fault in answer.json()["detail"]}


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..\\..\\boot.ini",
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


def test_a_path_on_the_client_s_disk_is_cut_to_the_file_s_name(client, amara):
    assert upload(client, multipart("C:\\x")).json()["name"] == "x"


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


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: b=c", 'a"; filename="b.exe', "a\nb", "a;b", "a\x0bb", "\u202etxt.exe"]
)
def test_a_file_name_cannot_break_out_of_its_header(client, amara, name):
    stored = storage.upload([b"x"])
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


def test_a_download_runs_nothing(client, amara):
    shown = client.post(
        f"{ATTACHMENTS}/files", {"file": SimpleUploadedFile("x.html", b"<script>", "text/html")}
    ).json()

    answer = client.get(shown["url"])

    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    b"".join(answer.streaming_content)
    answer.close()
