"""The wire to the model's API: one request at a time, and what its failures mean. The only module that sends.

The SDK is imported with the first request, never before: a process that asks no model does not load it.
"""

from __future__ import annotations

import contextlib
import functools
import json
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from django.conf import settings

from coach.agent.errors import Refused, TimedOut, Unavailable, Unreachable, UnusableAnswer

if TYPE_CHECKING:
    import openai

# The SDK waits half a second, then one, before it asks again; it knows which failures may pass.
RETRIES = 2
CONNECT_SECONDS = 5.0
_making = threading.Lock()


def is_configured() -> bool:
    """Whether there is a model to ask."""
    return bool(settings.OPENAI_API_KEY)


def respond(body: dict[str, Any], *, seconds: float) -> dict[str, Any]:
    """Ask for a response and wait for it; `seconds` is what one attempt may take.

    Failures that may pass (429, 5xx, no connection) are tried again twice. Returns the response as plain JSON.
    Raises Unavailable, Unreachable, TimedOut, Refused, UnusableAnswer.
    """
    with failures():
        answer = _client().responses.with_raw_response.create(**body, timeout=_timeout(seconds))
        document = json.loads(answer.http_response.text)
    if not isinstance(document, dict):
        raise UnusableAnswer("The language model's reply is no JSON object.")
    return document


def stream(body: dict[str, Any], *, seconds: float) -> Iterator[dict[str, Any]]:
    """Ask for a response and follow it; yields its events as plain JSON. Raises as `respond` does."""
    with failures(), _client().responses.create(**body, stream=True, timeout=_timeout(seconds)) as events:
        for event in events:
            yield event.to_dict(mode="json", warnings=False)


def api(*, retries: int = RETRIES, seconds: float) -> openai.OpenAI:
    """The SDK's client for other calls, made inside `failures()`. Raises Unavailable."""
    return _client().with_options(max_retries=retries, timeout=_timeout(seconds))


@contextlib.contextmanager
def failures() -> Iterator[None]:
    """Translate what the SDK raises; messages tell the kind of failure, never what was sent or answered."""
    openai = _sdk()
    try:
        yield
    except openai.APITimeoutError:
        raise TimedOut("The language model did not answer in time.") from None
    except openai.APIConnectionError:
        raise Unreachable("The language model cannot be reached at the moment.") from None
    except openai.APIStatusError as error:
        message = f"The language model's service answered with status {error.status_code}."
        raise Refused(message, status=error.status_code) from None
    except (openai.OpenAIError, ValueError, RecursionError) as error:
        # A reply that is no JSON, or cut off in the middle of it.
        raise UnusableAnswer(f"The language model's reply cannot be read ({type(error).__name__}).") from None


def _timeout(seconds: float) -> Any:
    return _sdk().Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))


def _sdk() -> ModuleType:
    """The SDK, once there is a model to ask. Raises Unavailable."""
    if not is_configured():
        raise Unavailable("No language model is configured.")
    try:
        import openai
    except ImportError as error:
        raise Unavailable("The language model's library is not installed (requirements-agent.txt).") from error
    return openai


def _client() -> openai.OpenAI:
    with _making:
        return _made(settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL)


@functools.lru_cache(maxsize=4)
def _made(key: str, address: str | None) -> openai.OpenAI:
    """One client for each account and process: its connections are shared by the threads."""
    return _sdk().OpenAI(api_key=key, base_url=address, max_retries=RETRIES)
