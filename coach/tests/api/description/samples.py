"""The sample learner of the description's examples, and the examples sent to the service.

ARCADIA_DATABASE_URL= python -m pytest coach/tests/api/description --rewrite-examples
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from coach import attachments
from coach.api import description
from coach.documents.submissions import PendingAttachment, Submission
from coach.tests import cast

EXAMPLES = Path(description.__file__).with_name("examples.json")
LEGACY = Path(__file__).parents[4] / "fixtures" / "legacy"


def store() -> None:
    """Store the learner, and one more who is called `plan`."""
    profile = json.loads((LEGACY / "learner_profiles.json").read_text())["samuel"]
    cast.learner(profile, username="plan")
    learner = cast.learner(profile)
    for document in json.loads((LEGACY / "assessment_submissions.json").read_text())["samuel"]:
        cast.submission(learner, Submission.model_validate(document))
    stored = attachments.upload([b"EXPLAIN SELECT 1\n"])
    pending = PendingAttachment(
        attachment_id="att_example", username="samuel", kind="file", name="plan.txt", stored_path=stored.path,
        created_at=cast.NOON, content_type="text/plain", size_bytes=17,
    )  # fmt: skip
    cast.attach(learner, pending)


def answers(client: Any, described: dict[str, Any]) -> dict[str, Any]:
    """The examples with what the service answers to each of them now, in their order."""
    operations = {
        operation["operationId"]: (method, path)
        for path, item in described["paths"].items()
        for method, operation in item.items()
    }
    found = {}
    for name, example in json.loads(EXAMPLES.read_text()).items():
        method, path = operations[name]
        answer = _send(client, method, path, example)
        assert answer.status_code in (200, 201, 204), f"{name}: {answer.content!r}"
        sent = {part: example[part] for part in ("parameters", "body") if part in example}
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        answer.close()
        if answer.get("Content-Type") == "application/json":
            sent["answer"] = shortened(json.loads(body))
        found[name] = sent
    return found


def _send(client: Any, method: str, path: str, example: dict[str, Any]) -> Any:
    parameters = example.get("parameters", {})
    target = path.format(**parameters)
    query = {name: value for name, value in parameters.items() if f"{{{name}}}" not in path}
    body = example.get("body")
    if body is not None and "file" in body:
        form = {
            **body,
            "file": SimpleUploadedFile("plan.txt", body["file"].encode(), content_type="text/plain"),
        }
        return client.post(target, form)
    content = {} if body is None else {"data": body, "content_type": "application/json"}
    return getattr(client, method)(target, query_params=query, **content)


def shortened(value: Any) -> Any:
    """A document with no more than one element in each of its arrays."""
    if isinstance(value, dict):
        return {name: shortened(part) for name, part in value.items()}
    return [shortened(part) for part in value[:1]] if isinstance(value, list) else value


def shape(value: Any) -> Any:
    """The members of a document, and which kind each value is; times, texts and numbers differ from day to day.

    The counters of a connection pool are those of the database that the tests run on.
    """
    if isinstance(value, dict):
        return {name: shape(part) if name != "pool" else {} for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value]
    return type(value).__name__
