"""Attachments in an S3-compatible store: the same gateway and the same routes, against a server on this machine."""

import socket
import time

import boto3
import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from moto.server import ThreadedMotoServer

from arcadia import environment
from coach import attachments as storage
from coach import checks
from coach.models import AttachmentMetadata
from coach.services import attachments, staff
from coach.services.keeping import erasing
from coach.tests import cast

FILES = "/api/onboarding/amara/assessment/attachments/files"


@pytest.fixture(scope="module")
def server():
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server, settings, monkeypatch):
    for name, value in {
        "BUCKET": "arcadia", "ENDPOINT": server, "REGION": "eu-central-1", "ACCESS_KEY": "a", "SECRET_KEY": "b"
    }.items():  # fmt: skip
        monkeypatch.setenv(f"ARCADIA_S3_{name}", value)
    settings.STORAGES = {**settings.STORAGES, "attachments": environment.object_storage("attachments")}
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = boto3.client("s3", endpoint_url=server, region_name="eu-central-1", **keys)
    client.create_bucket(Bucket="arcadia", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield client
    for found in client.list_objects_v2(Bucket="arcadia").get("Contents", []):
        client.delete_object(Bucket="arcadia", Key=found["Key"])
    client.delete_bucket(Bucket="arcadia")


def names(client):
    return [found["Key"] for found in client.list_objects_v2(Bucket="arcadia").get("Contents", [])]


def test_bytes_come_back_as_they_went_in(bucket):
    stored = storage.put("uploads/ab/abc", [b"alpha ", b"beta"])

    assert names(bucket) == ["attachments/uploads/ab/abc"]
    assert storage.exists("uploads/ab/abc")
    assert storage.size("uploads/ab/abc") == stored.size == 10
    assert storage.digest("uploads/ab/abc") == stored.sha256
    assert list(storage.uploads()) == ["uploads/ab/abc"]
    assert storage.age("uploads/ab/abc").total_seconds() < 60

    storage.delete("uploads/ab/abc")
    assert names(bucket) == []


def test_a_bucket_that_is_not_there_is_named_by_the_check_of_a_deployment(bucket, settings, monkeypatch):
    assert checks.object_store() == []

    monkeypatch.setenv("ARCADIA_S3_BUCKET", "misspelled")
    settings.STORAGES = {**settings.STORAGES, "attachments": environment.object_storage("attachments")}

    assert [message.id for message in checks.object_store()] == ["coach.E002"]


def test_writing_again_replaces(bucket):
    storage.put("uploads/a", [b"one"])
    storage.put("uploads/a", [b"two"])

    with storage.open_bytes("uploads/a") as file:
        assert file.read() == b"two"


@pytest.mark.parametrize("path", ["../staging/secret", "/etc/passwd", "uploads/../../x", "a\\..\\b"])
def test_a_path_out_of_the_prefix_is_refused(bucket, path):
    with pytest.raises(storage.UnsafePath):
        storage.put(path, [b"x"])


def test_what_is_not_there_is_a_failure_of_the_storage(bucket):
    with pytest.raises(storage.StorageError):
        storage.open_bytes("uploads/nothing")


@pytest.mark.django_db
def test_an_upload_is_an_object_until_no_version_keeps_it(bucket, client):
    cast.learner(cast.AMARA)

    shown = client.post(FILES, {"file": SimpleUploadedFile("notes.txt", b"alpha\n", "text/plain")}).json()
    assert len(names(bucket)) == 1

    attachments.delete(username="amara", attachment_id=shown["attachment_id"])
    assert len(names(bucket)) == 1  # the version of the deleted attachment can be put back
    erasing.erase(username="amara")
    assert names(bucket) == []


@pytest.mark.django_db
def test_an_upload_comes_back(bucket, client):
    cast.learner(cast.AMARA)

    shown = client.post(FILES, {"file": SimpleUploadedFile("notes.txt", b"alpha\n", "text/plain")}).json()
    back = client.get(shown["url"])

    assert b"".join(back.streaming_content) == b"alpha\n"
    back.close()


@pytest.mark.django_db
def test_a_store_that_is_away_is_said_and_leaves_no_row(settings, bucket, client):
    amara = cast.learner(cast.AMARA)
    away = environment.object_storage("attachments")
    away["OPTIONS"] |= {"endpoint_url": "http://127.0.0.1:9", "client_config": _impatient()}
    settings.STORAGES = {**settings.STORAGES, "attachments": away}
    assert storages["attachments"].endpoint_url.endswith(":9")

    answer = client.post(FILES, {"file": SimpleUploadedFile("notes.txt", b"alpha\n", "text/plain")})

    assert (answer.status_code, answer["Error-Code"]) == (503, "storage_unavailable")
    assert answer["Retry-After"]
    assert not amara.attachments.exists()


@pytest.mark.django_db
def test_an_outage_fails_what_moves_bytes_and_says_so_in_health(settings, bucket, client):
    """Bytes that cannot be had at the moment are not said to be gone."""
    cast.learner(cast.AMARA)
    shown = client.post(FILES, {"file": SimpleUploadedFile("notes.txt", b"alpha\n", "text/plain")}).json()
    assert client.get("/healthz/database").json()["object_store"] == "ok"
    away = environment.object_storage("attachments")
    away["OPTIONS"] |= {"endpoint_url": "http://127.0.0.1:9"}
    settings.STORAGES = {**settings.STORAGES, "attachments": away}

    assert client.get(shown["url"]).status_code == 503
    assert client.get(FILES.removesuffix("/files")).json() == [shown]
    assert staff.has_bytes(AttachmentMetadata.objects.get()) is None
    health = client.get("/healthz/database")
    assert (health.status_code, health.json()["object_store"]) == (200, "away")


@pytest.mark.skipif(connection.vendor == "postgresql", reason="no database is asked, and it takes 20 seconds")
def test_a_bucket_that_says_nothing_holds_nobody_for_long(settings, bucket):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        away = environment.object_storage("attachments")
        away["OPTIONS"] |= {"endpoint_url": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        settings.STORAGES = {**settings.STORAGES, "attachments": away}
        began = time.monotonic()
        assert storage.is_reachable() is False
        assert time.monotonic() - began < 5
        with pytest.raises(storage.StorageError):
            storage.exists("uploads/a")
        assert time.monotonic() - began < 40


def _impatient():
    from botocore.config import Config

    return Config(connect_timeout=1, retries={"max_attempts": 0})
