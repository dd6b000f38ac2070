"""A management command that kills itself, as `kill -9` would, at an instant that the caller chooses.

python -m coach.tests.legacy.model.victim s17 backfill ARGUMENTS     at its 17th statement
python -m coach.tests.legacy.model.victim t0.04 backfill ARGUMENTS   0.04 s after its first statement
"""

from __future__ import annotations

import os
import signal
import sys


def main(when: str, arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arcadia.settings")
    import django
    from django.core.management import execute_from_command_line
    from django.db.backends.signals import connection_created

    django.setup()
    countdown = _Countdown(when)
    connection_created.connect(
        lambda connection, **_: connection.execute_wrappers.append(countdown), weak=False
    )
    execute_from_command_line(["manage.py", *arguments])


class _Countdown:
    """Wraps every statement of every connection."""

    def __init__(self, when: str) -> None:
        self.statements = int(when[1:]) if when[0] == "s" else None
        self.seconds = float(when[1:]) if when[0] == "t" else None
        self.seen = 0

    def __call__(self, execute, sql, parameters, many, context):
        self.seen += 1
        if self.seen == 1 and self.seconds is not None:
            # Left to its default, this signal ends the process on the spot; a thread would change how the command works.
            signal.setitimer(signal.ITIMER_REAL, self.seconds)
        if self.seen == self.statements:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, parameters, many, context)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
