"""The exit statuses of the operator's commands, and the base class of those that promise them."""

import contextlib
import os
import sys
import traceback
from enum import IntEnum
from typing import Any

from django.core.management.base import BaseCommand, OutputWrapper


class ExitCode(IntEnum):
    """What a command ends with; docs/operations-backfill.md says what to do about each."""

    CLEAN = 0
    REFUSED = 1
    FINDINGS = 2
    ABORTED = 3
    DIFFERENCES = 4
    LOCKED = 5
    CHANGED = 6
    FAILED = 7
    USAGE = 64
    CRASHED = 70
    INTERRUPTED = 130


class OperatorCommand(BaseCommand):
    """A command whose exit status depends on its work alone: never on whether its output can be printed."""

    _parsed = False

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except SystemExit as ended:
            # argparse has a status of its own for words that it does not understand.
            is_usage = not self._parsed and ended.code not in (None, 0)
            sys.exit(ExitCode.USAGE if is_usage else ended.code)
        except Exception:
            self.stderr.write(traceback.format_exc())
            sys.exit(ExitCode.CRASHED)
        finally:
            # What is still buffered would fail when the interpreter ends, with a status of its own.
            for stream in (sys.stdout, sys.stderr):
                Printed(stream).flush()

    def execute(self, *args: Any, **options: Any) -> str | None:
        self._parsed = True
        for name in ("stdout", "stderr"):
            printed: Any = Printed(options.pop(name, None) or getattr(sys, name))
            setattr(self, name, OutputWrapper(printed))
        return super().execute(*args, **options)


class Printed:
    """A stream that takes everything: characters that it cannot encode are escaped, what it cannot print is dropped."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        with self._dropping():
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        with self._dropping():
            self._stream.flush()

    @contextlib.contextmanager
    def _dropping(self) -> Any:
        try:
            yield
        except (OSError, ValueError, AttributeError):  # full, closed, or not there at all
            with contextlib.suppress(OSError, ValueError, AttributeError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, self._stream.fileno())
                os.close(null)
