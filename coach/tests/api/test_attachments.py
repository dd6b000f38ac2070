import datetime as dt
import errno

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from coach import attachments as storage
from coach.models import AttachmentMetadata, RecordVersion
from coach.services.keeping import stored_bytes
from coach.tests import cast

pytestmark = pytest.mark.django_db

FILES = "/api/onboarding/amara/assessment/attachments/files"
LINKS = "/api/onboarding/amara/assessment/attachments/links"


@pytest.fixture
def amara():
    return cast.learner(cast.AMARA)


def upload(client, name="notes.txt", content=b"alpha\n", content_type="text/plain"):
    return client.post(FILES, {"file": SimpleUploadedFile(name, content, content_type)})


def raw_upload(client, filename):
    body = (
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        "Content-Type: text/plain\r\n\r\nalpha\r\n--x--\r\n"
    )
    return client.generic("POST", FILES, body, content_type="multipart/form-data; boundary=x")


def download(client, shown):
    """The answer to a download, and its content; the file behind it is closed."""
    answer = client.get(shown["url"])
    content = b"".join(answer.streaming_content)
    answer.close()
    return answer, content


def test_an_upload_comes_back_byte_for_byte(client, amara):
    shown = upload(client).json()
    back, content = download(client, shown)

    assert content == b"alpha\n"
    assert back["Content-Type"] == "text/plain; charset=utf-8"
    assert back["Content-Length"] == "6"
    assert back["Content-Disposition"] == 'attachment; filename="notes.txt"'
    assert back["X-Content-Type-Options"] == "nosniff"
    assert back["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "temp\\x.txt", "a b.txt", "über.txt", "<img onerror=x>.png"]
)
def test_a_file_keeps_the_name_it_came_with_but_never_lies_under_it(client, amara, name):
    shown = raw_upload(client, name).json()

    assert shown["name"] == name
    stored = AttachmentMetadata.objects.get().stored_path
    assert stored.startswith("uploads/")
    assert storage.exists(stored)
    assert download(client, shown)[0]["Content-Disposition"].startswith("attachment; filename*=utf-8''")


def test_a_stored_type_that_no_header_can_carry_is_served_as_bytes(client, amara):
    shown = upload(client).json()
    AttachmentMetadata.objects.update(content_type="text/html\r\nSet-Cookie: a=b")

    assert download(client, shown)[0]["Content-Type"] == "application/octet-stream"


def test_a_file_larger_than_the_limit_is_refused_and_leaves_nothing(client, amara, settings):
    settings.UPLOAD_MAX_BYTES = 1000

    assert upload(client, content=b"x" * 1001).status_code == 413
    assert not AttachmentMetadata.objects.exists()


def test_a_full_storage_is_said_and_leaves_no_row(client, amara, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage, "_write_file", full)
    answer = upload(client)

    assert answer.status_code == 507
    assert "storage" in answer.json()["detail"]
    assert not AttachmentMetadata.objects.exists()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " JaVa\tScript:alert(1)", "data:text/html,x", "vbscript:x"]
)
def test_links_that_execute_are_refused(client, amara, url):
    answer = client.post(LINKS, {"url": url}, content_type="application/json")

    assert answer.status_code == 422
    assert not AttachmentMetadata.objects.exists()


@pytest.mark.parametrize(
    "path", ["../../../etc/hostname", "/etc/hostname", "a/../../etc/hostname", "", "a\\..\\b"]
)
def test_a_stored_path_that_leads_out_of_the_folder_is_not_served(client, amara, path):
    AttachmentMetadata.objects.create(
        learner=amara, attachment_id="a", kind="file", name="n", created_at=cast.NOON, stored_path=path
    )

    assert client.get("/api/onboarding/amara/assessment/attachments/a/download").status_code == 404


def test_deleting_takes_the_bytes_from_clients_and_leaves_them_to_the_version(client, amara):
    shown = upload(client).json()
    path = AttachmentMetadata.objects.get().stored_path
    address = f"/api/onboarding/amara/assessment/attachments/{shown['attachment_id']}"

    assert client.delete(address).status_code == 204
    assert client.get(f"{address}/download").status_code == 404
    assert storage.exists(path)
    assert path not in list(stored_bytes.orphans(older_than=dt.timedelta()))
    RecordVersion.objects.all().delete()
    assert path in list(stored_bytes.orphans(older_than=dt.timedelta()))


def test_bytes_that_another_attachment_refers_to_are_kept(client, amara):
    shown = upload(client).json()
    path = AttachmentMetadata.objects.get().stored_path
    AttachmentMetadata.objects.create(
        learner=amara, attachment_id="twin", kind="file", name="n", created_at=cast.NOON, stored_path=path
    )

    client.delete(f"/api/onboarding/amara/assessment/attachments/{shown['attachment_id']}")

    assert storage.exists(path)


def test_an_attachment_may_be_called_like_a_route(client, amara):
    AttachmentMetadata.objects.create(
        learner=amara, attachment_id="files", kind="note", name="n", created_at=cast.NOON
    )

    assert client.delete(FILES).status_code == 204
    assert not AttachmentMetadata.objects.exists()


def form(*parts):
    return b"".join(b"--BB\r\n" + part + b"\r\n" for part in parts) + b"--BB--\r\n"


def part(name, content, *, filename=None, kind=None):
    head = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    return "\r\n".join([head, *([f"Content-Type: {kind}"] if kind else []), "", ""]).encode() + content


def send_form(client, *parts, kind="multipart/form-data; boundary=BB"):
    return client.generic("POST", FILES, form(*parts), content_type=kind)


ESSAY = part("file", b"essay", filename="essay.txt", kind="text/plain")


def test_name_type_and_bytes_come_from_the_part_called_file(client, amara):
    thumb = part("preview", b"png", filename="thumb.png", kind="image/png")
    for parts in ((ESSAY, thumb), (thumb, ESSAY)):
        shown = send_form(client, *parts).json()
        assert (shown["name"], shown["content_type"], shown["size_bytes"]) == ("essay.txt", "text/plain", 5)


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (None, "dé".encode(), "dé"),
        ("text/plain; charset=iso-8859-1", "dé".encode("latin-1"), "dé"),
        ("text/plain; charset=utf-16", "dé".encode("utf-16"), "dé"),
        (None, "dé".encode("latin-1"), None),
        ("text/plain; charset=utf-8", "dé".encode("latin-1"), None),
        ("text/plain; charset=unheard-of", b"d", None),
        ("text/plain; charset=idna", b"xn--", None),
        ("text/plain; charset=\0", b"d", None),
        # Half a pair, which the database does not keep.
        ("text/plain; charset=utf-7", b"+2AA-", None),
    ],
)
def test_a_text_is_read_in_its_declared_charset_or_refused(client, amara, kind, content, expected):
    answer = send_form(client, part("description", content, kind=kind), ESSAY)

    assert answer.json().get("description") == expected
    assert answer.status_code == (201 if expected else 422)


@pytest.mark.parametrize("kind", ["Multipart/Form-Data; boundary=BB", "MULTIPART/FORM-DATA; Boundary=BB"])
def test_media_types_have_no_case(client, amara, kind):
    assert send_form(client, ESSAY, kind=kind).status_code == 201


def test_a_long_name_is_kept_and_one_too_long_is_named_as_the_fault(client, amara):
    assert send_form(client, part("file", b"x", filename="é" * 2_000)).json()["name"] == "é" * 2_000
    answer = send_form(client, part("file", b"x", filename="x" * 10_000))
    assert "header size" in answer.json()["detail"][0]["msg"]


def test_a_name_that_is_not_utf_8_is_named_as_the_fault(client, amara):
    answer = send_form(client, part("file", b"x", filename="NAME").replace(b"NAME", b"d\xe9"))
    assert "UTF-8" in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\dir\\f.txt", "f.txt"),
        ("\\\\server\\share\\f.txt", "f.txt"),
        ("dir\\f.txt", "dir\\f.txt"),
        ("c:f.txt", "c:f.txt"),
    ],
)
def test_a_path_on_the_user_s_disk_is_no_part_of_the_name(client, amara, sent, kept):
    assert raw_upload(client, sent).json()["name"] == kept


@pytest.mark.parametrize(
    "kind",
    ["Image/PNG", 'audio/x-m4a; codecs="mp4a.40.2"', 'text/plain;  name="a b"', "text/csv;header=present"],
)
def test_a_content_type_is_kept_as_it_was_sent(client, amara, kind):
    shown = send_form(client, part("file", b"essay", filename="f", kind=kind)).json()
    assert shown["content_type"] == kind
    assert download(client, shown)[0]["Content-Type"].startswith(kind)


def test_a_text_of_the_file_s_name_counts_only_after_the_file(client, amara):
    text = part("file", b"essay")
    assert send_form(client, text, ESSAY).status_code == 201
    assert send_form(client, ESSAY, text).status_code == 422


def test_blanks_around_an_id_do_not_count(client, amara):
    shown = upload(client).json()
    path = shown["url"].replace(shown["attachment_id"], f"%20{shown['attachment_id']}%20")
    assert client.delete(path.removesuffix("/download")).status_code == 204
    assert not AttachmentMetadata.objects.exists()
