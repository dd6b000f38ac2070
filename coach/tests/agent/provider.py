"""A stand-in for the files and vector stores of the model's provider, on loopback: it stores, counts and fails.

    python -m coach.tests.agent.provider --port 9310 [--failing 0.2] [--seed 1]

Some of its failures have done what was asked before they say 500: an honest client must look. It serves

    POST /v1/files, GET /v1/files, DELETE /v1/files/ID
    POST /v1/vector_stores/STORE/files, GET and DELETE /v1/vector_stores/STORE/files/ID
    POST /v1/moderations, POST /v1/chat/completions     what the guardrails ask; see `flagging`
    GET  /__state                                        everything that is stored, and the counts
    POST /__failing                                      {"rate": 0.2, "status": 500}
"""

from __future__ import annotations

import argparse
import collections
import email
import email.policy
import json
import random
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class State:
    """What is stored, what was counted, and how often it fails."""

    def __init__(self, *, failing: float = 0.0, seed: int = 1) -> None:
        self.lock = threading.Lock()
        self.files: dict[str, dict[str, Any]] = {}
        self.stores: dict[str, dict[str, dict[str, Any]]] = collections.defaultdict(dict)
        self.requests: collections.Counter[str] = collections.Counter()
        self.failing, self.status, self.delay = failing, 500, 0.0
        self.flagging: dict[str, Any] = {}
        self._random = random.Random(seed)
        self._number = 0

    def fails(self) -> tuple[bool, bool]:
        """Whether this request fails, and whether it does its work all the same."""
        with self.lock:
            return self._random.random() < self.failing, self._random.random() < 0.5

    def add_file(self, name: str, content: str) -> dict[str, Any]:
        with self.lock:
            self._number += 1
            document = {
                "id": f"file-{self._number:06d}",
                "object": "file",
                "bytes": len(content),
                "created_at": int(time.time()),
                "filename": name,
                "purpose": "assistants",
                "status": "processed",
            }
            self.files[document["id"]] = document
            return document

    def uploads_by_name(self) -> collections.Counter[str]:
        return collections.Counter(file["filename"] for file in self.files.values())

    def document(self) -> dict[str, Any]:
        return {
            "files": list(self.files.values()),
            "stores": {name: list(files) for name, files in self.stores.items()},
            "requests": dict(self.requests),
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        if path == "/__state":
            return self._send(200, self.state.document())
        if path == "/__failing":
            asked = json.loads(body)
            self.state.failing, self.state.status = asked["rate"], asked.get("status", 500)
            return self._send(200, {})
        time.sleep(self.state.delay)
        fails, works = self.state.fails()
        answer = (
            self._answer(method, path, body) if not fails or (works and self.state.status >= 500) else None
        )
        if fails:
            return self._send(
                self.state.status, {"error": {"message": "Made to fail.", "type": "server_error"}}
            )
        return self._send(
            *(answer or (404, {"error": {"message": "Not found.", "type": "invalid_request_error"}}))
        )

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, Any] | None:
        with self.state.lock:
            self.state.requests[f"{method} {re.sub('(file-|vs_)[^/]*', 'ID', path)}"] += 1
        for pattern, name in _ROUTES:
            found = re.fullmatch(pattern, f"{method} {path}")
            if found:
                return getattr(self, name)(body, *found.groups())
        return None

    def _add_file(self, body: bytes) -> tuple[int, Any]:
        header = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = email.message_from_bytes(header + body, policy=email.policy.HTTP)
        part = next(p for p in message.iter_parts() if p.get_filename())
        content = (part.get_payload(decode=True) or b"").decode()
        return 200, self.state.add_file(part.get_filename() or "", content)

    def _list_files(self, body: bytes) -> tuple[int, Any]:
        with self.state.lock:
            newest = list(reversed(self.state.files.values()))
        after = re.search(r"[?&]after=([^&]*)", self.path)
        ids = [file["id"] for file in newest]
        begin = ids.index(after[1]) + 1 if after and after[1] in ids else 0
        limit = int((re.search(r"[?&]limit=(\d+)", self.path) or [0, 10_000])[1])
        page = newest[begin : begin + limit]
        return 200, {"object": "list", "data": page, "has_more": begin + limit < len(newest)}

    def _delete_file(self, body: bytes, file_id: str) -> tuple[int, Any] | None:
        with self.state.lock:
            found = self.state.files.pop(file_id, None)
        return (200, {"id": file_id, "object": "file", "deleted": True}) if found else None

    def _attach(self, body: bytes, store: str) -> tuple[int, Any] | None:
        asked = json.loads(body)
        with self.state.lock:
            if asked["file_id"] not in self.state.files:
                return None
            self.state.stores[store][asked["file_id"]] = asked
        return 200, self._attached(store, asked["file_id"])

    def _find_attached(self, body: bytes, store: str, file_id: str) -> tuple[int, Any] | None:
        return (200, self._attached(store, file_id)) if file_id in self.state.stores[store] else None

    def _detach(self, body: bytes, store: str, file_id: str) -> tuple[int, Any] | None:
        with self.state.lock:
            found = self.state.stores[store].pop(file_id, None)
        return (
            (200, {"id": file_id, "object": "vector_store.file.deleted", "deleted": True}) if found else None
        )

    def _attached(self, store: str, file_id: str) -> dict[str, Any]:
        return {
            "id": file_id,
            "object": "vector_store.file",
            "created_at": int(time.time()),
            "vector_store_id": store,
            "status": "completed",
            "usage_bytes": 1,
            "last_error": None,
        }

    def _moderate(self, body: bytes) -> tuple[int, Any]:
        categories = self.state.flagging.get("categories", [])
        result = {
            "flagged": bool(categories),
            "categories": {name: True for name in categories},
            "category_scores": {name: 0.9 for name in categories},
            "category_applied_input_types": {},
        }
        return 200, {"id": "modr-1", "model": "omni-moderation-latest", "results": [result]}

    def _complete(self, body: bytes) -> tuple[int, Any]:
        confidence = self.state.flagging.get("jailbreak", 0.0)
        verdict = json.dumps({"flagged": confidence > 0, "confidence": confidence})
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": verdict}}
        return 200, {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4.1-mini",
            "choices": [choice],
        }

    def _send(self, status: int, document: Any) -> None:
        content = json.dumps(document).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


_STORE, _FILE = "/v1/vector_stores/([^/]+)/files", "(file-[^/]+)"
_ROUTES = (
    ("POST /v1/files", "_add_file"),
    ("GET /v1/files", "_list_files"),
    (f"DELETE /v1/files/{_FILE}", "_delete_file"),
    (f"POST {_STORE}", "_attach"),
    (f"GET {_STORE}/{_FILE}", "_find_attached"),
    (f"DELETE {_STORE}/{_FILE}", "_detach"),
    ("POST /v1/moderations", "_moderate"),
    ("POST /v1/chat/completions", "_complete"),
)


def make_server(state: State, *, port: int = 0) -> ThreadingHTTPServer:
    """A server on loopback; port 0 picks a free one."""
    handler = type("ProviderHandler", (Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    return server


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand in for the provider's files and vector stores.")
    parser.add_argument("--port", type=int, default=9310)
    parser.add_argument("--failing", type=float, default=0.0, help="share of requests answered 500")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    state = State(failing=arguments.failing, seed=arguments.seed)
    server = make_server(state, port=arguments.port)
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
