"""One throw-away PostgreSQL server: made, stopped, started, killed and removed."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from coach.tests.postgres import programs

# The oldest major version that Django 5.2 talks to.
OLDEST_VERSION = 14
_START_SECONDS = 60
_STOP_SECONDS = 30

# The data live for one test run: nothing needs to survive a power cut.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    # What was committed must outlive a killed server, which it does once the kernel has it.
    "synchronous_commit": "on",
    "full_page_writes": "off",
    # start() recognises two messages of the log by their English words.
    "lc_messages": "C",
}

# Waits for the end of its input, which comes however the launcher ends, `kill -9` included, and then leaves
# nothing behind. It tries again because a server or an initdb that was just being started may go on writing.
# It runs as the cluster's account, so that it can stop and delete nothing else.
_KEEPER = """
trap '' HUP INT TERM
cat >/dev/null
attempts=50
while test -d "$1" && test $attempts -gt 0; do
    read -r server <"$1/data/postmaster.pid" && kill -QUIT "$server"
    rm -rf "$1"
    attempts=$((attempts - 1))
    test -d "$1" && sleep 0.1
done
"""


class Unavailable(Exception):
    """No PostgreSQL can be had here; the message lists what was tried."""


class StartFailed(Exception):
    """The server did not come up; the message holds the end of its log."""


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster of one's own, gone at the end whatever happens. Raises Unavailable.

    Never the server of ARCADIA_TEST_DATABASE_URL: that one is not ours to stop.
    """
    made = _first_that_starts()
    try:
        yield made
    finally:
        made.remove()


class Cluster:
    """One throw-away PostgreSQL server. Its `url` stays the same however often it is stopped and started.

    Besides: `folder` holds all it writes, `programs` tells where its programs lie, `version` is theirs.
    """

    def __init__(self, using: programs.Programs) -> None:
        """Creates and starts it. Raises StartFailed, and then leaves nothing behind."""
        self._account = _account()
        self.programs = using
        self._postmaster: subprocess.Popen[bytes] | None = None
        self._password = secrets.token_hex(16)
        self._port = 0
        self.folder = Path(self._temporary(), f"arcadia-postgres-{secrets.token_hex(8)}")
        # Before there is anything to keep, so that no moment is left in which a `kill -9` leaves something.
        self._keeper = self._spawn(["/bin/sh", "-c", _KEEPER, "keeper", self.folder], stdin=subprocess.PIPE)
        try:
            self.folder.mkdir(mode=0o700)
            self._hand_over(self.folder)
            self._bring_within_reach()
            self.version = self._read_version()
            self._initialise()
            self._create_database()
            self._start_on_free_port()
        except BaseException:
            self.remove()
            raise

    @property
    def url(self) -> str:
        """Where it is, as ARCADIA_DATABASE_URL takes it; the database exists and is empty at first."""
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self._port}/arcadia"

    @property
    def account(self) -> str:
        """The name of the account that the server runs as."""
        return self._account.name if self._account else f"account {os.geteuid()}"

    @property
    def running(self) -> bool:
        """Whether the server process is alive."""
        return self._postmaster is not None and self._postmaster.poll() is None

    def start(self) -> None:
        """Start it, if it is not running, and wait until it takes connections. Raises StartFailed."""
        deadline = time.monotonic() + _START_SECONDS
        while not self.running:
            mark = self._log.stat().st_size if self._log.exists() else 0
            self._launch()
            if self._becomes_ready(deadline):
                return
            said = self._log.read_bytes()[mark:].decode(errors="replace")
            # After kill() the old server's children hold its memory for a moment.
            if "is still in use" not in said or time.monotonic() > deadline:
                raise StartFailed(said[-2000:])
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it in good order; open sessions are ended."""
        self._end(signal.SIGINT)

    def restart(self) -> None:
        """Stop it and start it again, on the same data and port."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End it as a crash would; start() then recovers the data."""
        self._end(signal.SIGKILL)

    def remove(self) -> None:
        """Stop it and delete everything it wrote. A second call does nothing."""
        try:
            self._end(signal.SIGQUIT)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._keeper.communicate()

    # --- making it ---

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _temporary(self) -> str:
        """A folder for temporary files that the account can use too; root's own may be closed to it."""
        for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
            question = ["test", "-w", parent, "-a", "-x", parent]
            if subprocess.run(question, cwd="/", check=False, **self._identity).returncode == 0:
                return parent
        raise StartFailed("there is no folder for temporary files that the server's account may write to")

    def _hand_over(self, path: Path) -> None:
        if self._account:
            os.chown(path, self._account.uid, self._account.gid, follow_symlinks=False)

    def _bring_within_reach(self) -> None:
        """Copy the package's programs where the account may read them, unless it can already.

        A checkout may lie in a folder that is closed to everybody but its owner.
        """
        try:
            self._read_version()
        except PermissionError:
            if not self.programs.packaged:
                raise
            self.programs = programs.copy(self.programs, self.folder / "programs")
            for place, folders, files in os.walk(self.folder):
                for name in folders + files:
                    self._hand_over(Path(place, name))

    def _read_version(self) -> str:
        said = self._run("postgres", "--version")
        found = re.search(r"(\d+)(?:\.\d+)*\S*", said)
        if not found:
            raise StartFailed(f"`postgres --version` said {said!r}")
        if int(found[1]) < OLDEST_VERSION:
            raise StartFailed(f"version {found[0]} is older than {OLDEST_VERSION}")
        return found[0]

    def _initialise(self) -> None:
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(self._password)
        self._hand_over(password)
        # Text in the order of its code points, as SQLite sorts it, with upper and lower case beyond ASCII.
        locale = ["--locale=C.UTF-8"]
        if int(self.version.split(".")[0]) >= 17:
            # From here on PostgreSQL knows that order itself, where the system may not.
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(
            "initdb",
            f"--pgdata={self._data}",
            "--username=postgres",
            # Other people's programs on this machine reach the port too.
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--encoding=UTF8",
            "--no-sync",
            *locale,
        )
        password.unlink()

    def _create_database(self) -> None:
        # Not over a connection: the developer's PGOPTIONS and the like, which a client obeys, stay out of it.
        arguments = ["--single", "-j", "-D", str(self._data), "-c", "fsync=off", "postgres"]
        self._run("postgres", *arguments, given="CREATE DATABASE arcadia;\n\n")

    def _start_on_free_port(self) -> None:
        for attempts_left in (2, 1, 0):
            self._port = _free_port()
            try:
                return self.start()
            except StartFailed as failure:
                # Somebody else took the port between our look and the server's.
                if "Address already in use" not in str(failure) or not attempts_left:
                    raise

    # --- its processes ---

    @property
    def _identity(self) -> dict[str, Any]:
        if not self._account:
            return {}
        return {"user": self._account.uid, "group": self._account.gid, "extra_groups": []}

    def _program(self, name: str) -> Path:
        return self.programs.folder / name

    def _run(self, name: str, *arguments: str, given: str = "") -> str:
        """What one of the programs prints. Raises StartFailed; PermissionError where it is out of reach."""
        done = subprocess.run(
            [self._program(name), *arguments],
            cwd="/",
            env=without_libpq(os.environ),
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **self._identity,
        )
        if done.returncode:
            raise StartFailed(f"{name}: {done.stdout[-2000:]}")
        return done.stdout

    def _spawn(self, command: Sequence[str | Path], **streams: Any) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in the terminal is for the tests, which still need the server to end
        # well. And no stream of ours: a reader of our output would wait for the server's end.
        silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
        options: dict[str, Any] = silent | streams | self._identity
        return subprocess.Popen(
            command, cwd="/", env=without_libpq(os.environ), start_new_session=True, **options
        )

    def _launch(self) -> None:
        settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": str(self._port)}.items()]
        with self._log.open("ab") as log:
            self._postmaster = self._spawn(
                [self._program("postgres"), "-D", self._data, *settings], stdout=log
            )

    def _becomes_ready(self, deadline: float) -> bool:
        """Whether the server comes to take connections; False once it has ended or the time is up."""
        while self.running and time.monotonic() < deadline:
            if self._ready():
                return True
            time.sleep(0.02)
        self._end(signal.SIGKILL)
        return False

    def _ready(self) -> bool:
        # The server tells its state in this file: its process id in the first line, `ready` in the eighth.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        mine = self._postmaster is not None and lines[:1] == [str(self._postmaster.pid)]
        return mine and len(lines) > 7 and lines[7].strip() in ("ready", "standby")

    def _end(self, how: signal.Signals) -> None:
        if self._postmaster is None:
            return
        if self.running:
            self._postmaster.send_signal(how)
        try:
            self._postmaster.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._postmaster.kill()
            self._postmaster.wait()


class Standby(Cluster):
    """A streaming standby of another cluster, with its data and its password, until it is promoted."""

    def __init__(self, primary: Cluster) -> None:
        self._primary = primary
        super().__init__(primary.programs)

    def _initialise(self) -> None:
        self._password = self._primary._password
        self._run(
            "pg_basebackup", "-D", str(self._data), "-d", self._primary.url, "-R", "-c", "fast", "--no-sync"
        )

    def _create_database(self) -> None:
        """Its databases are the primary's."""

    def promote(self) -> None:
        """Make it a primary, and wait until it takes writes."""
        self._run("pg_ctl", "promote", "-D", str(self._data), "-w")


class _Account(NamedTuple):
    uid: int
    gid: int
    name: str


def _account() -> _Account | None:
    """The account to step down to, as PostgreSQL refuses root; None unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return _Account(entry.pw_uid, entry.pw_gid, name)
    raise Unavailable("PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody`")


def _first_that_starts() -> Cluster:
    tried = []
    for candidate in programs.candidates(os.environ):
        try:
            return Cluster(candidate)
        except (StartFailed, OSError) as failure:
            tried.append(f"{candidate.folder}: {failure}")
            print(f"postgres: passing over {tried[-1]}", file=sys.stderr)
    if not tried:
        chosen = os.environ.get("ARCADIA_TEST_POSTGRES_BIN", "").strip()
        where = (
            f"in ARCADIA_TEST_POSTGRES_BIN={chosen}" if chosen else "on this machine or beside this Python"
        )
        tried = [f"there are no programs {', '.join(programs.NEEDED)} {where}"]
    raise Unavailable("\n".join(tried))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def without_libpq(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without PGHOST, PGOPTIONS and the like, which would lead every client elsewhere."""
    return {name: value for name, value in environ.items() if not re.fullmatch(r"PG[A-Z]+", name)}
