"""Every POST route of the API, found in its index, with a sound body for each."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import Any

# What `manage.py shell` makes for them. The benchmarks read it without Django.
PREPARE = """
from coach.tests import cast
from coach.documents.submissions import PendingAttachment
from coach import attachments
amara = cast.learner(cast.AMARA)
stored = attachments.upload([bytes(1 << 20)] * 8)
big = dict(attachment_id="att_big", username="amara", kind="file", name="big", created_at=cast.NOON)
cast.attach(amara, PendingAttachment(**big, stored_path=stored.path))
"""

LEARNER = {"username": "amara", "attachment_id": "att_big"}
THREAD = {
    "type": "threads.create",
    "params": {"input": {"content": [], "attachments": [], "inference_options": {}}},
}
SOUND: dict[str, dict[str, Any]] = {
    "/api/profile/amara/schedule/adjust": {"item_id": "joins", "days": 1, "reason": "ill"},
    "/api/onboarding/plan": {
        "username": "amara",
        "goal": "SQL",
        "use_case": "",
        "strengths": "",
        "timezone": "UTC",
    },
    "/api/onboarding/amara/assessment/status": {"status": "pending"},
    "/api/onboarding/amara/assessment/submissions": {
        "responses": [{"task_id": "sql-talk", "response": "Rows."}],
        "metadata": {"device": "desk"},
    },
    "/api/onboarding/amara/assessment/attachments/links": {
        "url": "https://a.example",
        "name": "a",
        "description": "",
    },
    "/api/developer/reset": {"username": "nobody-of-that-name"},
    "/api/session/lesson": {"topic": "joins", "session_id": "s", "metadata": {"username": "amara"}},
    "/api/session/quiz": {"topic": "joins", "session_id": "s", "metadata": {"username": "amara"}},
    "/api/session/milestone": {"topic": "joins", "session_id": "s", "metadata": {"username": "amara"}},
    "/api/session/chat": {
        "message": "hello",
        "session_id": "s",
        "history": [{"role": "user", "text": "hello"}],
        "metadata": {"username": "amara"},
        "attachments": [{"file_id": "f", "name": "n", "mime_type": "text/plain", "size": 1}],
    },
    "/api/session/reset": {"session_id": "s"},
    "/chatkit": THREAD,
}
UPLOADS = ("/api/onboarding/amara/assessment/attachments/files", "/api/chatkit/upload")
FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n'


def posts() -> Iterator[str]:
    """The paths of all POST routes with a JSON body; SOUND need not know each."""
    import django

    django.setup()
    from coach.api import urls

    for route in urls.urlpatterns:
        view = getattr(route.callback, "view_class", None)
        if hasattr(view, "post"):
            path = "/" + str(route.pattern)
            for name, value in LEARNER.items():
                path = path.replace(f"<str:{name}>", value)
            if path not in UPLOADS:
                yield path


def ask(address: str, path: str) -> bytes:
    with urllib.request.urlopen(address + path, timeout=60) as answer:
        return answer.read()
