"""Replay the recorded cases over HTTP: start a server of this code on a database of its own, and ask it.

`python -m coach.tests.contract [CASE_OR_FOLDER ...]`. The database is the one of ARCADIA_DATABASE_URL,
which is EMPTIED before each case; without it, an SQLite file in a temporary folder.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from coach.tests import serving
from coach.tests.contract import replay

FOLDER = Path(__file__).parent


def main(arguments: list[str]) -> int:
    """Replay, and return the status: 0 when every step is as recorded."""
    with tempfile.TemporaryDirectory(prefix="arcadia-contract-") as folder:
        environment = _environment(Path(folder))
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], env=environment, check=True)
        with serving.server(environment) as address:
            os.environ.update(environment)
            command = f"{shlex.quote(sys.executable)} -m coach.tests.contract.reset"
            return replay.main(
                [
                    "--base-url",
                    address,
                    "--reset-command",
                    f"{command} {{profiles}} {{submissions}} {{attachments}}",
                    *(arguments or [str(FOLDER / "cases")]),
                ]
            )


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARCADIA_", "OPENAI_"))}
    url = os.environ.get("ARCADIA_DATABASE_URL", "").strip() or f"sqlite:///{folder / 'contract.sqlite3'}"
    return {
        **kept,
        "ARCADIA_DATABASE_URL": url,
        "ARCADIA_DEBUG": "1",
        "ARCADIA_ATTACHMENTS_DIR": str(folder / "attachments"),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
