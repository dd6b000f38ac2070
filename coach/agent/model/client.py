"""The wire to the model's API: one request at a time, and what its failures mean. The only module that sends.

The SDK is imported with the first request, never before: a process that asks no model does not load it.
"""

import contextlib
import functools
import json
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from django.conf import settings

from coach.agent.errors import Busy, Refused, TimedOut, Unavailable, Unreachable, UnusableAnswer

if TYPE_CHECKING:
    import openai

CONNECT_SECONDS = 5.0
_making = threading.Lock()
_clients: "dict[tuple[str, str | None], openai.OpenAI]" = {}


def is_configured() -> bool:
    """Whether there is a model to ask."""
    return bool(settings.OPENAI_API_KEY)


def respond(body: dict[str, Any], *, seconds: float) -> dict[str, Any]:
    """Ask for a response and wait for it; `seconds` is what one attempt may take.

    Failures that may pass (429, 5xx, no connection) are tried again, after half a second, then one, and so on.
    Returns the response as plain JSON.
    Raises Unavailable, Unreachable, TimedOut, Refused, UnusableAnswer.
    """
    with failures():
        answer = api(seconds=seconds).responses.with_raw_response.create(**body)
        document = json.loads(answer.http_response.text)
    if not isinstance(document, dict):
        raise UnusableAnswer("The language model's reply is no JSON object.")
    return document


def stream(body: dict[str, Any], *, seconds: float) -> Iterator[dict[str, Any]]:
    """Ask for a response and follow it; yields its events as plain JSON. Raises as `respond` does."""
    with failures(), api(seconds=seconds).responses.create(**body, stream=True) as events:
        for event in events:
            yield event.to_dict(mode="json", warnings=False)


def api(*, seconds: float, repeats: bool = True) -> "openai.OpenAI":
    """The SDK's client for other calls, made inside `failures()`. Raises Unavailable.

    `repeats` is whether a request that failed may be sent again.
    """
    timeout = _sdk().Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
    return _client().with_options(max_retries=settings.AGENT_RETRIES if repeats else 0, timeout=timeout)


@contextlib.contextmanager
def slot() -> Iterator[None]:
    """One of the process's places for answers that take long. Raises Busy where all are taken."""
    places = _places(settings.AGENT_CALLS)
    if not places.acquire(blocking=False):
        raise Busy("The coach is talking with too many people at the moment; try again soon.")
    try:
        yield
    finally:
        places.release()


@contextlib.contextmanager
def failures() -> Iterator[None]:
    """Translate the SDK's exceptions; messages name the kind of failure, never contents."""
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


def _sdk() -> ModuleType:
    """The SDK, once there is a model to ask. Raises Unavailable."""
    if not is_configured():
        raise Unavailable("No language model is configured.")
    try:
        import openai
    except ImportError as error:
        raise Unavailable(
            "The language model's library is not installed (requirements/agent.txt)."
        ) from error
    return openai


def _client() -> "openai.OpenAI":
    """One client for each account and process: its connections are shared by the threads."""
    account = (settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL)
    sdk = _sdk()
    with _making:
        if account not in _clients:
            key, address = account
            _clients[account] = sdk.OpenAI(api_key=key, base_url=address)
        return _clients[account]


def close() -> None:
    """Close every connection to the model's API; the next request opens new ones."""
    with _making:
        while _clients:
            _clients.popitem()[1].close()


@functools.cache
def _places(calls: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(calls)
