"""Fixtures: a model to ask, on loopback (the contract's own stand-in), and a provider of files and guards."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from urllib.parse import quote

import pytest
from django.db import connection

from coach.agent.model import client
from coach.tests.agent import provider as stand_in
from coach.tests.contract import fake_model as contract


class Model:
    """The scripted stand-in: `answers` loads what it says next, `requests` is what it was asked."""

    def __init__(self, server: ThreadingHTTPServer, script: contract.Script) -> None:
        self.address = f"http://127.0.0.1:{server.server_address[1]}/v1"
        self.script = script

    def answers(self, *answers: dict, times: int = 1) -> None:
        """The answers, in order; each is used `times` times, 0 for any number."""
        self.script.load([{"answer": answer, "times": times} for answer in answers])

    @property
    def requests(self) -> list[dict]:
        return self.script.requests


@pytest.fixture
def model(settings) -> Iterator[Model]:
    """A model that answers, for the time of a test."""
    script = contract.Script(None)
    server = contract.make_server(0, script)
    with _served(server):
        found = Model(server, script)
        _point_at(settings, found.address)
        yield found


@pytest.fixture
def provider(settings) -> Iterator[stand_in.State]:
    """A provider of files and vector stores, for the time of a test."""
    state = stand_in.State()
    server = stand_in.make_server(state)
    with _served(server):
        _point_at(settings, f"http://127.0.0.1:{server.server_address[1]}/v1")
        yield state


def database_url() -> str:
    """The test database as another process names it."""
    parts = connection.settings_dict
    if connection.vendor != "postgresql":
        return f"sqlite:///{parts['NAME']}"
    account = f"{parts.get('USER') or ''}:{parts.get('PASSWORD') or ''}"
    host, port = quote(parts.get("HOST") or "", safe=""), parts.get("PORT") or ""
    return f"postgresql://{account}@/{parts['NAME']}?host={host}&port={port}"


def _point_at(settings, address: str) -> None:
    settings.OPENAI_API_KEY = "any"
    settings.OPENAI_BASE_URL = address
    # Tests of failures would wait for every repetition.
    settings.AGENT_RETRIES = 0


@contextlib.contextmanager
def _served(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        client.close()
        server.shutdown()
        thread.join()
        server.server_close()
