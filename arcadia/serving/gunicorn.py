"""How the service is served: `gunicorn --config python:arcadia.serving.gunicorn arcadia.wsgi` (docs/operations.md)."""

import os
import shutil
import tempfile
from typing import Any

from arcadia import environment
from arcadia.serving import worker as serving

# A platform that names a port expects to reach it from outside.
_port = environment.number("PORT", default=0, least=1, most=65535)
bind = environment.words("ARCADIA_BIND") or [f"0.0.0.0:{_port}" if _port else "127.0.0.1:8000"]
workers = environment.number("ARCADIA_WORKERS", default=2, least=1, most=256)
# Per worker. A thread that waits for a client, the database or the language model costs little, and where there are
# more of them than slow clients, these delay no other client.
threads = environment.number("ARCADIA_THREADS", default=128, least=1, most=1000)
worker_class = "arcadia.serving.worker.Worker"

# Longer than a load balancer keeps an idle connection would be better still: see docs/operations.md.
keepalive = environment.number("ARCADIA_KEEPALIVE", default=5, least=0, most=3600)
# Seconds that requests in flight get at a stop or a reload; an answer of the language model may take long.
graceful_timeout = environment.number("ARCADIA_GRACEFUL_TIMEOUT", default=30, least=1, most=3600)
# Seconds without a sign of life from a worker's main loop; its threads may be busy for longer.
timeout = 60
# Workers are not forked from a loaded application: each has its own connection pool, and a reload loads new code.
preload_app = False

# The heartbeat is a file that is touched; on a disk that stalls, the worker would be taken for dead.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

# The application logs each request itself, with its id and without its path.
accesslog = None
errorlog = "-"
loglevel = "warning"
_debug = environment.flag("ARCADIA_DEBUG", default=False)
if environment.text("ARCADIA_LOG_FORMAT", "text" if _debug else "json") == "json":
    logger_class = "arcadia.serving.server_log.Logger"

# The kernel would send whole files past the bounds for slow clients (slow_clients.py).
sendfile = False

# Requests that no client of ours sends.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# Nothing that a request asks of the database waits for ever; commands have no such limits unless they are set.
for _name, _seconds in (("STATEMENT", "30"), ("LOCK", "5"), ("IDLE_IN_TRANSACTION", "30"), ("COMMIT", "5")):
    os.environ.setdefault(f"ARCADIA_DATABASE_{_name}_TIMEOUT", _seconds)

_METRICS = "PROMETHEUS_MULTIPROC_DIR"
# Workers count into files of this folder, so that a scrape of any of them shows all. It must be there before
# the metrics are imported, and a reload reads this file again, in the same process.
if not os.environ.get(_METRICS):
    os.environ[_METRICS] = tempfile.mkdtemp(prefix="arcadia-metrics-")


def on_reload(server: Any) -> None:
    """Let the present workers go on until new ones are ready."""
    serving.note("old", server.worker_age)


def post_worker_init(worker: Any) -> None:
    """The application is loaded. Raises ImproperlyConfigured, which ends the service with that reason."""
    # Only now can the application be imported.
    from coach.services.operations import pooler

    pooler.refuse_unusable()
    serving.note("ready", worker.age)


def child_exit(server: Any, worker: Any) -> None:
    """Forget the gauges of a worker that ended; what it counted stays."""
    # Not before the folder is named: the library looks for it once, when it is imported.
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """Remove the metrics' folder with the service."""
    folder = os.environ.get(_METRICS, "")
    if os.path.basename(folder).startswith("arcadia-metrics-"):
        shutil.rmtree(folder, ignore_errors=True)
