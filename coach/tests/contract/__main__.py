"""Replay the recorded cases over HTTP: start a server of this code on a database of its own, and ask it.

`python -m coach.tests.contract`: first the cases of a service without a language model, then those with one,
which fake_model.py plays. The database is the one of ARCADIA_DATABASE_URL, which is EMPTIED before
each case; without it, an SQLite file in a temporary folder.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from coach.tests import serving
from coach.tests.contract import replay

FOLDER = Path(__file__).parent
RESET = f"{shlex.quote(sys.executable)} -m coach.tests.contract.reset {{profiles}} {{submissions}} {{attachments}}"


def main() -> int:
    """Replay, and return the status: 0 when every step is as recorded."""
    with tempfile.TemporaryDirectory(prefix="arcadia-contract-") as folder:
        os.environ.update(_environment(Path(folder)))
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], check=True)
        statuses = [_replay("cases"), _replay_with_model("agent-cases")]
    return max(statuses)


def _environment(folder: Path) -> dict[str, str]:
    url = os.environ.get("ARCADIA_DATABASE_URL", "").strip() or f"sqlite:///{folder / 'contract.sqlite3'}"
    for name in [name for name in os.environ if name.startswith(("ARCADIA_", "OPENAI_"))]:
        del os.environ[name]
    return {
        "ARCADIA_DATABASE_URL": url,
        "ARCADIA_DEBUG": "1",
        "ARCADIA_ATTACHMENTS_DIR": str(folder / "attachments"),
    }


def _replay(cases: str, *options: str) -> int:
    print(f"{cases}:", flush=True)
    with serving.server(os.environ) as address:
        return replay.main(["--base-url", address, "--reset-command", RESET, *options, str(FOLDER / cases)])


def _replay_with_model(cases: str) -> int:
    with _model() as control:
        os.environ |= {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": f"{control}/v1"}
        return _replay(cases, "--model-control", control)


@contextlib.contextmanager
def _model() -> Iterator[str]:
    port = serving.free_port()
    process = subprocess.Popen([sys.executable, str(FOLDER / "fake_model.py"), "--port", str(port)])
    try:
        control = f"http://127.0.0.1:{port}"
        serving.wait_for(f"{control}/__requests", process)
        yield control
    finally:
        process.terminate()
        process.wait(serving.PATIENCE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
