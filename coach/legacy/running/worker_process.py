"""Decoding beside the writing: batches of raw records in, decoded records and their lines out; no database is touched.

In a thread, or in a process of its own, which leaves the interpreter to the thread that writes. That process is forked
before there is anything in this one that two must not share, ends when this one does, however it does, and holds no file.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

from django.db import connection

from coach.legacy.decoding import records
from coach.legacy.decoding.records import Decoded, Rejected
from coach.legacy.reading.raw_records import RawRecord
from coach.legacy.writing import tables
from coach.legacy.writing.tables import CopyRows, Maker

# Fork knows what is loaded already, and costs a hundredth of starting anew.
_METHOD = "fork"
_PATIENCE_SECONDS = 5


@dataclass(frozen=True)
class DecodeJob:
    """A batch to be decoded: its records, the ordinals of those that lines are wanted of, and what these are made with."""

    raws: Sequence[RawRecord]
    new: frozenset[int]
    maker: Maker


@dataclass(frozen=True)
class DecodeResult:
    """What came of a batch: its records in their order, and lines by ordinal."""

    decoded: list[Decoded | Rejected]
    built: dict[int, CopyRows]


# Begins to decode a batch; one at a time, in their order.
Submit = Callable[[DecodeJob], "Future[DecodeResult]"]


def now(asked: DecodeJob) -> DecodeResult:
    """Decode a batch here and now."""
    decoded: list[Decoded | Rejected] = []
    built: dict[int, CopyRows] = {}
    for raw in asked.raws:
        found = records.decode(raw)
        if isinstance(found, Decoded):
            if raw.ordinal in asked.new:
                built[raw.ordinal] = tables.copy_rows(raw.store, found, asked.maker)
            found = found.without_content()
        decoded.append(found)
    return DecodeResult(decoded, built)


@contextlib.contextmanager
def in_thread(channel: Connection | None = None) -> Iterator[Submit]:
    """Decodes in a thread of this process, or has the one at the other end of the channel do it."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode") as executor:
        if channel is None:
            yield lambda asked: executor.submit(now, asked)
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
    gc.disable()
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            channel.send(_answer(channel.recv()))


def _answer(asked: DecodeJob) -> DecodeResult | Exception:
    try:
        made = now(asked)
    except Exception as error:
        return error
    return replace(made, decoded=[replace(found, raw=_BLANK) for found in made.decoded])


def _cut_out(raw: RawRecord) -> RawRecord:
    """The record with its bytes alone, in place of the file that they stand in."""
    text = raw.raw
    return raw._replace(start=0, end=len(text), data=text)


_BLANK: Any = None
