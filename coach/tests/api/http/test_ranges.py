"""Parts of a file."""

from __future__ import annotations

import pytest

from coach.tests.api.test_attachments import upload

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(100))


@pytest.fixture
def url(client):
    from coach.tests import cast

    cast.learner(cast.AMARA)
    return upload(client, content=CONTENT).json()["url"]


def ask(client, url, **headers):
    answer = client.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return answer, b"".join(answer.streaming_content) if answer.streaming else answer.content


@pytest.mark.parametrize(
    ("range_", "expected"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=90-", slice(90, 100)),
        ("bytes=-5", slice(95, 100)),
        ("bytes=95-1000", slice(95, 100)),
        ("bytes=-1000", slice(0, 100)),
        ("Bytes=7-7", slice(7, 8)),
    ],
)
def test_a_range_of_bytes_is_206(client, url, range_, expected):
    answer, content = ask(client, url, range=range_)
    start, end = expected.start, expected.stop
    assert (answer.status_code, content) == (206, CONTENT[expected])
    assert answer["Content-Range"] == f"bytes {start}-{end - 1}/100"
    assert answer["Content-Length"] == str(end - start)
    assert answer["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("range_", ["bytes=100-", "bytes=5-4", "bytes=-0"])
def test_bytes_that_are_not_there_are_416(client, url, range_):
    answer, _ = ask(client, url, range=range_)
    assert answer.status_code == 416
    assert answer["Content-Range"] == "bytes */100"


@pytest.mark.parametrize("range_", ["bytes=0-1,5-6", "lines=0-1", "bytes=-", "bytes=a-b", ""])
def test_anything_else_gets_the_whole_file(client, url, range_):
    answer, content = ask(client, url, range=range_)
    assert (answer.status_code, content) == (200, CONTENT)
    assert answer["Accept-Ranges"] == "bytes"


def test_a_download_is_resumed_only_while_the_file_is_the_same(client, url):
    whole, _ = ask(client, url)
    same, _ = ask(client, url, range="bytes=50-", if_range=whole["ETag"])
    other, _ = ask(client, url, range="bytes=50-", if_range='"other"')
    assert (same.status_code, other.status_code) == (206, 200)


def test_who_has_the_file_gets_304_whatever_range_is_asked_for(client, url):
    whole, _ = ask(client, url)
    for headers in ({}, {"range": "bytes=0-9"}):
        known, content = ask(client, url, if_none_match=whole["ETag"], **headers)
        assert (known.status_code, content) == (304, b"")
        assert known["ETag"] == whole["ETag"]
        assert not known.has_header("Content-Type")
    other, content = ask(client, url, if_none_match='"other"')
    assert (other.status_code, content) == (200, CONTENT)


def test_a_file_of_json_is_not_compressed(client, url):
    content = b"[%s]" % b", ".join([b"1"] * 2000)
    url = upload(client, content=content, content_type="application/json").json()["url"]
    for range_, expected in (("bytes=0-2999", content[:3000]), ("", content)):
        answer, found = ask(client, url, range=range_, accept_encoding="gzip")
        assert found == expected
        assert answer["Content-Length"] == str(len(expected))
        assert not answer["ETag"].startswith("W/")
