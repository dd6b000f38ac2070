"""Lint the description with redocly and spectral, and make a learner's journey with TypeScript's types of it.

ARCADIA_DEBUG=1 python -m benchmarks.clients

It needs Node.js with npm, which installs the packages that package.json names into a temporary folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from coach.tests import serving

COMMANDS = (
    "npm install --silent --no-audit --no-fund",
    "npx redocly lint --max-problems 100 openapi.json",
    "npx spectral lint --fail-severity warn openapi.json",
    "npx openapi-typescript openapi.json --output api.d.ts",
    "npx tsc --strict --noUncheckedIndexedAccess --skipLibCheck --target es2022 --module nodenext --outDir built journey.ts",
    "node built/journey.js {address}",
)


def main() -> None:
    """Run the commands against a server of its own; the first that fails ends it with its status."""
    with tempfile.TemporaryDirectory(prefix="arcadia-clients-") as made:
        folder = Path(shutil.copytree(Path(__file__).parent, Path(made) / "clients"))
        environment = {
            **os.environ,
            "ARCADIA_AGENT": "offline",
            "ARCADIA_DATABASE_URL": f"sqlite:///{folder / 'clients.sqlite3'}",
            "ARCADIA_ATTACHMENTS_DIR": str(folder / "attachments"),
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], env=environment, check=True)
        with serving.server(environment) as address:
            urllib.request.urlretrieve(f"{address}/openapi.json", folder / "openapi.json")
            for command in COMMANDS:
                print(f"$ {command}", flush=True)
                status = subprocess.run(command.format(address=address).split(), cwd=folder).returncode
                if status:
                    raise SystemExit(status)


if __name__ == "__main__":
    main()
