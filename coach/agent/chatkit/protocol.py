"""The chat protocol for a synchronous web process: one body in, a document or a stream of events out.

The SDK is imported with the first request. Each request has an event loop of its own, driven by the web
process's thread, and one more thread for what blocks: the database and the model.
"""

import asyncio
import contextlib
import functools
import importlib
import logging
import warnings
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from coach import telemetry
from coach.agent.chatkit.threads import Threads, UnknownCursor
from coach.agent.errors import Unavailable, UnusableAnswer
from coach.agent.model import reading
from coach.agent.tools.requests import LearnerTools

# Files come through the upload route.
NOT_SERVED = ("attachments.create", "attachments.delete", "input.transcribe")
_FAILED = b'data: {"type":"error","code":"stream.error","allow_retry":true}\n\n'


class NotOfProtocol(ValueError):
    """The body is no request of the protocol."""


class NotSupported(ValueError):
    """A request of the protocol that is not served here."""


class NothingThere(LookupError):
    """The request names a thread or an item that does not exist."""


def process(
    body: bytes, *, threads: Threads, coach: ModuleType | None, learner_tools: LearnerTools
) -> bytes | Iterator[bytes]:
    """The answer to a request of the protocol: a JSON document, or a stream of events, which must be closed.

    A stream has its first event already; whatever keeps that from being made is raised, too.
    Raises NotOfProtocol, NotSupported, NothingThere, Unavailable.
    """
    request = _read(body)
    _check(request, threads)
    from chatkit.types import is_streaming_req

    from coach.agent.chatkit.server import Server

    events = _Events(request, Server(threads, coach=coach, learner_tools=learner_tools))
    if is_streaming_req(request):
        events.begin()
        return events
    return events.document()


class _Events(Iterator[bytes]):
    """The events of one request. Closing it before the end cancels the answer: the text so far is kept."""

    def __init__(self, request: Any, server: Any) -> None:
        self._request, self._server = request, server
        # Runs every step in the same context: the package sets variables in one that it takes back in another.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(max_workers=1, thread_name_prefix="chat"))
        self._stream: AsyncGenerator[bytes, None] | None = None
        self._ready: list[bytes | None] = []

    def document(self) -> bytes:
        """The answer to a request that is not streamed. Raises NotSupported, NothingThere."""
        try:
            with _refusing(self._request):
                return self._runner.run(self._server._process_non_streaming(self._request, None))
        finally:
            self._runner.close()

    def begin(self) -> None:
        """Make the first event, while a failure can still be the whole answer. Raises NotSupported, NothingThere."""
        self._stream = self._server._process_streaming(self._request, None)
        try:
            with _refusing(self._request):
                self._ready = [self._runner.run(_next(self._stream))]
        except BaseException:
            self._runner.close()
            raise

    def __next__(self) -> bytes:
        if self._loop.is_closed() or self._stream is None:
            raise StopIteration
        try:
            event = self._ready.pop() if self._ready else self._runner.run(_next(self._stream))
        except Exception as error:
            telemetry.emit("chat_stream_failed", error=type(error).__name__)
            self._runner.close()
            return _FAILED
        if event is None:
            self._runner.close()
            raise StopIteration
        return event

    def close(self) -> None:
        """End the answer where the client went away. Safe to call at any time, and more than once."""
        if self._loop.is_closed():
            return
        if self._stream is not None:
            with contextlib.suppress(asyncio.CancelledError, Exception):
                while self._runner.run(_cancelled_step(self._stream)) is not None:
                    pass
            self._runner.run(self._server.leave())
        self._runner.close()


@contextlib.contextmanager
def _refusing(request: Any) -> Iterator[None]:
    """A block in which the package looks up what a request names. Raises NotSupported, NothingThere."""
    from chatkit.store import NotFoundError

    try:
        yield
    except (NotFoundError, UnknownCursor) as error:
        raise NothingThere(str(error)) from None
    except ValueError as error:
        raise NotSupported(f"{request.type} is not served here.") from error


async def _cancelled_step(stream: AsyncGenerator[bytes, None]) -> bytes | None:
    """Go on to where the answer waits for something, and cancel it there: the package expects it there."""
    if step := asyncio.current_task():
        asyncio.get_running_loop().call_soon(step.cancel)
    return await _next(stream)


async def _next(stream: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(stream, None)


@functools.cache
def _load() -> None:
    """Import the SDK, which deprecates its own classes while it defines them. Raises Unavailable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            importlib.import_module("coach.agent.chatkit.server")
        except ImportError as error:
            raise Unavailable(
                "The chat protocol's library is not installed (requirements/agent.txt)."
            ) from error
    # It logs what went wrong together with what was said; telemetry reports the kind of failure.
    logging.getLogger("chatkit").setLevel(logging.CRITICAL)


def _read(body: bytes) -> Any:
    """The body as a request. Raises NotOfProtocol, Unavailable."""
    _load()
    from chatkit.types import ChatKitReq

    try:
        value = reading.value(body.decode("utf-8"))
        reading.refuse_unusable_text(value)
        return TypeAdapter(ChatKitReq).validate_python(value)
    except (UnusableAnswer, UnicodeDecodeError):
        raise NotOfProtocol("The body is not JSON that can be read.") from None
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the whole"
        raise NotOfProtocol(
            f"The body is no request of the ChatKit protocol: {fault['type']} at {place}."
        ) from None


def _check(request: Any, threads: Threads) -> None:
    """Refuse what cannot be answered before a stream begins. Raises NotSupported, NothingThere."""
    if request.type in NOT_SERVED:
        raise NotSupported(f"{request.type} is not served here.")
    asked = getattr(request.params, "input", None)
    if getattr(asked, "attachments", None):
        raise NotSupported("Attachments inside messages are not taken; upload files first.")
    thread_id = getattr(request.params, "thread_id", None)
    if thread_id is not None and threads.load_thread(thread_id) is None:
        raise NothingThere("There is no such thread.")
