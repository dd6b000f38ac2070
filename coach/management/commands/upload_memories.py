"""Upload queued memory notes to the vector store, and remove those that were withdrawn."""

import datetime as dt
import signal
import sys
import threading
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coach.services import audit, memory_uploads

POLL_SECONDS = 5.0
DEAD_LETTERS = 2


class Command(BaseCommand):
    help = (
        "Upload queued memory notes to the vector store, and remove withdrawn ones. The web process never does. "
        "Any number of these may run at once. Exit status of --once: 0 done, 1 cannot work, 2 some were given up."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--once", action="store_true", help="stop when nothing is due (the default)")
        mode.add_argument("--loop", action="store_true", help="go on until SIGINT or SIGTERM")
        terms = memory_uploads.Terms()
        parser.add_argument(
            "--lease-seconds",
            type=float,
            default=terms.lease.total_seconds(),
            help="of one upload (default: 240)",
        )
        parser.add_argument("--attempts", type=int, default=terms.attempts, help="before a note is given up")
        parser.add_argument(
            "--backoff-seconds",
            type=float,
            default=terms.backoff.total_seconds(),
            help="after the first failure",
        )
        parser.add_argument(
            "--poll-seconds", type=float, default=POLL_SECONDS, help="between looks when nothing is due"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not memory_uploads.can_upload():
            raise CommandError("No language model is configured: set OPENAI_API_KEY.")
        terms = memory_uploads.Terms(
            lease=dt.timedelta(seconds=options["lease_seconds"]),
            attempts=options["attempts"],
            backoff=dt.timedelta(seconds=options["backoff_seconds"]),
        )
        pause = options["poll_seconds"] if options["loop"] else None
        try:
            with audit.acting_as("command"):
                counts = Counter(_outcomes(terms, pause=pause))
        except memory_uploads.NotLetIn as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            ", ".join(f"{counts[name]} {name}" for name in ("stored", "removed", "failed", "dead"))
        )
        if counts["dead"] and not options["loop"]:
            sys.exit(DEAD_LETTERS)


def _outcomes(terms: memory_uploads.Terms, *, pause: float | None) -> Iterator[str]:
    """What becomes of each note until nothing is due, or, with pauses (seconds), until a signal; what is begun is finished."""
    stopping = threading.Event()
    if pause is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
    memory_uploads.withdraw_strays()
    while not stopping.is_set():
        if outcome := memory_uploads.step(terms):
            yield outcome
        elif pause is None:
            return
        else:
            stopping.wait(pause)
            memory_uploads.withdraw_strays()
