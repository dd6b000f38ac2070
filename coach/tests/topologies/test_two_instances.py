"""Two web machines that share a database behind PgBouncer (transaction mode, three connections) and an object store.

Each has folders of its own, and every client's requests go to them in turn: nothing else may be shared, and every answer is
what was written.
"""

import json
import os
import re

import boto3
import pytest
from django.db import connection
from moto.server import ThreadedMotoServer

from benchmarks.scale import comparing, pooler
from coach.tests import pgbouncer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql("SQLite has no pooler"),
    pytest.mark.skipif("not pgbouncer.installed()", reason="PGBOUNCER IS NOT INSTALLED"),
]
REGION = "eu-central-1"


@pytest.fixture
def bucket():
    """The settings of a bucket."""
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    address, keys = f"http://{host}:{port}", {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = boto3.client("s3", endpoint_url=address, region_name=REGION, **keys)
    client.create_bucket(Bucket="shared", CreateBucketConfiguration={"LocationConstraint": REGION})
    yield {
        "ATTACHMENTS_STORAGE": "s3",
        "S3_BUCKET": "shared",
        "S3_ENDPOINT": address,
        "S3_REGION": REGION,
        "S3_ACCESS_KEY": "a",
        "S3_SECRET_KEY": "b",
    }
    running.stop()


def test_every_answer_is_what_was_written_whichever_instance_gives_it(bucket, tmp_path):
    database = connection.settings_dict
    direct = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    exec(pooler.PREPARE)
    with pgbouncer.in_front_of(database) as url:
        environments = [
            pooler.behind(
                url,
                direct,
                tmp_path / name,
                **bucket,
                SECRET_KEY="the same for both of them",
                STAGING_DIR=str(tmp_path / name / "staging"),
                AGENT="offline",
                WORKERS="1",
                # A busy machine must not let a client come a moment too late.
                KEEPALIVE="60",
            )
            for name in ("first", "second")
        ]

        seen = pooler.mixed(environments, tmp_path, seconds=0, pause=0.5, also=journey)

    assert seen["faults"] == []
    assert seen["submissions"] > pooler.CLIENTS
    # Whatever was uploaded is in the bucket.
    assert not any(os.path.exists(tmp_path / name) for name in ("first", "second"))


def journey(addresses, staff):
    """What a learner and a member of staff do step by step, each step on the other instance."""
    nova = comparing.Connection(addresses)

    def post(path, **body):
        return json.loads(nova.ask("POST", path, json.dumps(body).encode()))

    try:
        plan = post("/api/onboarding/plan", username="nova", goal="Read any SQL query plan")
        schedule = json.loads(nova.ask("GET", "/api/profile/nova/schedule"))
        item = {"username": "nova", "item_id": schedule["items"][0]["item_id"]}
        launched = post("/api/session/schedule/launch", **item)
        done = post("/api/session/schedule/complete", **item)
        answered = post("/api/session/chat", message="I have 20 minutes", metadata={"username": "nova"})
        chat(nova)
        imported(staff)
    finally:
        nova.close()
    assert plan["username"] == "nova"
    assert launched["item"]["launch_status"] == "in_progress"
    assert done["items"][0]["launch_status"] == "completed"
    assert answered["display"]
    assert nova.seen.wrong == []


def chat(nova):
    """A thread that starts on one instance continues on the other, which knows its messages."""

    def protocol(kind, **params):
        return nova.ask("POST", "/chatkit", json.dumps({"type": kind, "params": params}).encode())

    def message(text):
        content = [{"type": "input_text", "text": text}]
        return {"content": content, "attachments": [], "inference_options": {}}

    begun = protocol("threads.create", input=message("hello"))
    thread = json.loads(begun.split(b"\n\n")[0].removeprefix(b"data: "))["thread"]["id"]
    protocol("threads.add_user_message", thread_id=thread, input=message("and again"))
    shown = json.loads(protocol("threads.get_by_id", thread_id=thread))

    said = [part["text"] for item in shown["items"]["data"] for part in item.get("content", [])]
    assert {"hello", "and again"} <= set(said)


def imported(staff):
    """A store that is uploaded to one instance is previewed there, and confirmed on the other."""
    store = json.dumps({"orion": {"username": "orion", "goal": "Another."}})
    fields = {
        "csrfmiddlewaretoken": staff.cookies["csrftoken"],
        "on_conflict": "report",
        "format": "0",
        "resource": "0",
    }
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}'
        for name, value in fields.items()
    ]
    file = 'name="import_file"; filename="store.json"\r\nContent-Type: application/json'
    parts.append(f"--b\r\nContent-Disposition: form-data; {file}\r\n\r\n{store}\r\n--b--\r\n")
    path = "/admin/coach/learnerprofile"
    preview = staff.ask(
        "POST", f"{path}/import/", "\r\n".join(parts).encode(), "multipart/form-data; boundary=b"
    )
    token = re.search(rb'name="import_file_name" value="([^"]+)"', preview)[1].decode()
    more = {"original_file_name": "store.json", "format": "0", "resource": "0"}
    staff.form(f"{path}/process_import/", import_file_name=token, **more)

    assert b">orion</a>" in staff.ask("GET", f"{path}/?q=orion")
