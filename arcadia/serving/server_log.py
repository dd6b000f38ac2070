"""The server's own log lines, in the form of all others: one JSON object a line, not too many of one kind."""

import json
import logging
import os
import time
from datetime import UTC, datetime
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

# So many lines of one kind a minute; the rest are only counted.
MOST_A_MINUTE = 20


class Logger(GunicornLogger):
    """Gunicorn's logger; it is set up in the master, which never sees what a client sent."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        master = os.getpid()
        for handler in self.error_log.handlers:
            handler.setFormatter(_Line(master))
            handler.filters = [_Limit()]


class _Line(logging.Formatter):
    """A message of the master; in a worker only its template, as the arguments quote what a client sent."""

    def __init__(self, master: int) -> None:
        super().__init__()
        self._master = master

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage() if os.getpid() == self._master else _words(record),
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"] = f"{type(error).__module__}.{type(error).__qualname__}"
        return json.dumps(line)


def _words(record: logging.LogRecord) -> str:
    text = str(record.msg)
    # The server puts these together itself: the address is kept, what the client sent is not.
    return text.partition(": ")[0] if text.startswith("Invalid request from ip=") else text


class _Limit(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self._minute, self._seen = 0, dict[str, int]()

    def filter(self, record: logging.LogRecord) -> bool:
        if (minute := int(time.time()) // 60) != self._minute:
            self._minute, self._seen = minute, {}
        kind = str(record.msg)[:40]
        self._seen[kind] = self._seen.get(kind, 0) + 1
        return self._seen[kind] <= MOST_A_MINUTE
