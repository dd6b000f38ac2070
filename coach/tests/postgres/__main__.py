"""The launcher: one command, run with a PostgreSQL of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import FrameType

from coach.tests.postgres import clusters

# What build tools take for "skipped": neither passed nor failed.
UNAVAILABLE_STATUS = 77
# How long the command may take to end after it was told to.
_PATIENCE_SECONDS = 20


class _Told(BaseException):
    """A signal that ends the launcher; raised where it strikes, so that everything is put away."""

    def __init__(self, number: int) -> None:
        self.number = number


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit status."""
    if arguments[:2] != ["run", "--"] or not arguments[2:]:
        print("usage: python -m coach.tests.postgres run -- COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_told)
    try:
        return run(arguments[2:])
    except clusters.Unavailable as reason:
        print("postgres: NO POSTGRESQL CAN BE HAD HERE, and so the command did not run", file=sys.stderr)
        print(reason, file=sys.stderr)
        return UNAVAILABLE_STATUS
    except OSError as failure:
        print(f"postgres: the command cannot be run: {failure}", file=sys.stderr)
        return 127
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except _Told as told:
        return 128 + told.number


def run(command: Sequence[str]) -> int:
    """Run the command with a PostgreSQL in ARCADIA_DATABASE_URL; its exit status, 128 + N after signal N.

    Raises Unavailable; OSError for a command that cannot be run.
    """
    given = os.environ.get("ARCADIA_TEST_DATABASE_URL", "").strip()
    if given:
        print("postgres: using the server of ARCADIA_TEST_DATABASE_URL", file=sys.stderr)
        return _supervise(command, {**os.environ, "ARCADIA_DATABASE_URL": given})
    began = time.monotonic()
    with clusters.cluster() as made:
        where = f"version {made.version} of {made.programs.folder}, as {made.account}"
        print(f"postgres: {where}, ready in {time.monotonic() - began:.1f} s", file=sys.stderr)
        environ = clusters.without_libpq(os.environ)
        return _supervise(command, {**environ, "ARCADIA_DATABASE_URL": made.url})


def _supervise(command: Sequence[str], environ: Mapping[str, str]) -> int:
    process = subprocess.Popen(command, env=environ)
    try:
        status = process.wait()
    except (KeyboardInterrupt, _Told) as told:
        number = told.number if isinstance(told, _Told) else signal.SIGINT
        # The terminal gives Ctrl-C to the command too; a second one would break into its own tidying up.
        if number != signal.SIGINT or not _in_terminal():
            process.send_signal(number)
        status = _await_end(process)
    return status if status >= 0 else 128 - status


def _await_end(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(_PATIENCE_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt, _Told):
        process.kill()
        return process.wait()


def _in_terminal() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _raise_told(number: int, _frame: FrameType | None) -> None:
    raise _Told(number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
