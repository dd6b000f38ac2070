"""Upload queued memory notes to the vector store, and remove those that were withdrawn."""

import datetime as dt
import signal
import sys
import threading
from argparse import ArgumentParser
from collections import Counter
from types import FrameType
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
        stopping = _stop_on_signals() if options["loop"] else threading.Event()
        counts: Counter[str] = Counter()
        with audit.acting_as("command"):
            try:
                self._work(terms, counts, stopping, options)
            except memory_uploads.NotLetIn as error:
                raise CommandError(str(error)) from error
        self.stdout.write(
            ", ".join(f"{counts[name]} {name}" for name in ("stored", "removed", "failed", "dead"))
        )
        if counts["dead"] and not options["loop"]:
            sys.exit(DEAD_LETTERS)

    def _work(
        self,
        terms: memory_uploads.Terms,
        counts: Counter[str],
        stopping: threading.Event,
        options: dict[str, Any],
    ) -> None:
        """Until nothing is due, or, in a loop, until a signal; what is begun is finished."""
        memory_uploads.withdraw_strays()
        while not stopping.is_set():
            outcome = memory_uploads.step(terms)
            if outcome:
                counts[outcome] += 1
            elif not options["loop"]:
                return
            else:
                stopping.wait(options["poll_seconds"])
                memory_uploads.withdraw_strays()


def _stop_on_signals() -> threading.Event:
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping
