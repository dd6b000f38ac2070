"""Decoding beside the writing: batches of raw records in, decoded records and their lines out; no database is touched.

In a thread, or in a process of its own, which leaves the interpreter to the thread that writes. That process is forked
before there is anything in this one that two must not share, ends when this one does, however it does, and holds no file.
"""

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from django.db import connection

from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.writing import decode_jobs
from coach.legacy.writing.decode_jobs import DecodeJob, DecodeResult, Submit

# Fork knows what is loaded already, and costs a hundredth of a new start.
_METHOD = "fork"
_PATIENCE_SECONDS = 5


@contextlib.contextmanager
def in_thread(channel: Connection | None = None) -> Iterator[Submit]:
    """Decodes in a thread of this process, or has the one at the other end of the channel do it."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode") as executor:
        if channel is None:
            yield lambda asked: executor.submit(decode_jobs.decode, asked)
        else:
            yield lambda asked: executor.submit(_ask, channel, asked)


@contextlib.contextmanager
def beside() -> Iterator[Submit]:
    """Decodes in a process of its own where one can be forked: call it before anything else is begun; else in a thread."""
    with contextlib.ExitStack() as begun:
        channel = None
        if _can_fork():
            with contextlib.suppress(OSError):  # no room for another process: slower, not impossible
                channel = begun.enter_context(_process())
        yield begun.enter_context(in_thread(channel))


def _can_fork() -> bool:
    # A thread may hold a lock that would stay locked for ever, and a connection would be that of two.
    alone = threading.active_count() == 1 and connection.connection is None
    return alone and _METHOD in multiprocessing.get_all_start_methods()


# --- both ends of the channel ---------------------------------------------------------------------


@contextlib.contextmanager
def _process() -> Iterator[Connection]:
    context: Any = multiprocessing.get_context(_METHOD)
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, ours), name="decode", daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(_PATIENCE_SECONDS)
        process.kill()
        process.join()


def _ask(channel: Connection, asked: DecodeJob) -> DecodeResult:
    """Raises ChildProcessError where the process is gone; otherwise what decoding raises."""
    try:
        channel.send(replace(asked, raws=[_cut_out(raw) for raw in asked.raws]))
        made = channel.recv()
    except (EOFError, ConnectionError) as error:
        raise ChildProcessError("the process that decodes has ended") from error
    if isinstance(made, Exception):
        raise made
    # It knows nothing of the file that the records are from.
    whole = [replace(found, raw=raw) for found, raw in zip(made.decoded, asked.raws, strict=True)]
    return replace(made, decoded=whole)


def _serve(channel: Connection, other_end: Connection) -> None:
    """The process: until the channel is closed, which the end of the other process does as well."""
    other_end.close()
    # Ctrl-C reaches both; it is for the other one to finish its batch.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            channel.send(_answer(channel.recv()))


def _answer(asked: DecodeJob) -> DecodeResult | Exception:
    try:
        made = decode_jobs.decode(asked)
    except Exception as error:
        return error
    return replace(made, decoded=[replace(found, raw=_BLANK) for found in made.decoded])


def _cut_out(raw: RawRecord) -> RawRecord:
    """The record with its bytes alone, in place of the file that they stand in."""
    text = raw.raw
    return raw._replace(start=0, end=len(text), data=text)


_BLANK: Any = None
