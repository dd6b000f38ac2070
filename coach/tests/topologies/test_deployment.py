"""The files of deployment/, each step run as the tool that reads them would run it."""

import dataclasses
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coach.tests import serving

PROJECT = Path(__file__).parents[3]
DEPLOYMENT = PROJECT / "deployment"
VENV = Path(sys.prefix)


@dataclasses.dataclass
class Stage:
    """A stage of the image: a folder that stands for its root, and what its steps have said so far."""

    root: Path
    folder: Path = Path("/")
    said: dict[str, str] = dataclasses.field(default_factory=dict)
    environment: dict[str, str] = dataclasses.field(default_factory=dict)

    def within(self, text):
        """A command or a path, with the image's folders in place of those of this machine."""
        return re.sub(r"/(srv|var/lib)/arcadia", lambda found: f"{self.root}{found[0]}", text)

    @property
    def working(self):
        return self.root / self.folder.relative_to("/")


def steps():
    text = re.sub(r"\\\n", " ", (DEPLOYMENT / "Containerfile").read_text())
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, rest


def run(stage, command):
    # The packages are those of this machine, which must be the locked ones; nothing is downloaded.
    if command == "python -m venv .venv":
        (stage.working / ".venv").symlink_to(VENV)
        return
    command = command.replace("pip install --no-cache-dir", "python -m pip install -q --dry-run --no-index")
    environment = {"PATH": os.environ["PATH"], "HOME": str(stage.root)}
    subprocess.run(stage.within(command), shell=True, cwd=stage.working, env=environment, check=True)


def copy(stage, words, stages):
    options = dict(word.lstrip("-").split("=") for word in words if word.startswith("--"))
    *sources, target = [word for word in words if not word.startswith("--")]
    origin = stages[options["from"]].root if "from" in options else PROJECT
    to = Path(stage.within(target)) if target.startswith("/") else stage.working / target
    for source in sources:
        found = origin / source.lstrip("/")
        if found.is_dir():
            ignored = shutil.ignore_patterns("__pycache__") if origin == PROJECT else None
            shutil.copytree(found, to, symlinks=True, dirs_exist_ok=True, ignore=ignored)
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy2(found, to)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The last stage, built step by step."""
    stages, stage = {}, None
    for word, rest in steps():
        if word == "FROM":
            name = rest.partition(" AS ")[2]
            stages[name] = stage = Stage(tmp_path_factory.mktemp(name or "image"))
        elif word == "WORKDIR":
            stage.folder = Path(rest)
            stage.working.mkdir(parents=True)
        elif word == "RUN":
            run(stage, rest)
        elif word == "COPY":
            copy(stage, rest.split(), stages)
        elif word == "ENV":
            name, _, value = rest.partition("=")
            stage.environment[name] = stage.within(value)
        else:
            stage.said[word] = rest
    return stage


# A root file system that may only be read, but for the folders that are named first.
READ_ONLY = """
mount --bind "$1" "$1" && mount --bind "$2" "$2" && mount -o remount,ro,bind / && shift 2 && exec "$@"
"""


def read_only(*writable):
    """The prefix with which a command sees the machine's root as read-only; nothing where that is not allowed."""
    command = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        READ_ONLY,
        "sh",
        *map(str, writable),
    ]
    allowed = shutil.which("unshare") and subprocess.run([*command, "true"], check=False, capture_output=True)
    return command if allowed and allowed.returncode == 0 else []


def files(folder):
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*") if not path.is_symlink()}


def test_the_image_serves_as_nobody_writes_only_where_it_may_and_knows_its_health(image, tmp_path):
    assert image.said["USER"] == "10001:10001"
    assert list(stage for stage, _ in steps()).count("FROM") == 2
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {
        **image.environment,
        "TMPDIR": str(temporary),
        "PORT": str(serving.free_port()),
        "DATABASE_URL": f"sqlite:///{image.within('/var/lib/arcadia')}/arcadia.sqlite3",
        "ARCADIA_SECRET_KEY": secrets.token_urlsafe(50),
        "ARCADIA_WORKERS": "1",
        # As in production: the check of its health asks this machine all the same.
        "ARCADIA_ALLOWED_HOSTS": "coach.example",
    }
    before = files(image.working)
    check = json.loads(image.said["HEALTHCHECK"].partition(" CMD ")[2])

    def healthy():
        return subprocess.run(check, env=environment, stderr=subprocess.DEVNULL, check=False).returncode == 0

    release = ["python", "manage.py", "migrate_when_ready", "-v0"]
    subprocess.run(release, cwd=image.working, env=environment, check=True)
    assert not healthy()
    command = [*read_only(image.within("/var/lib/arcadia"), temporary), *json.loads(image.said["CMD"])]
    process = subprocess.Popen(command, cwd=image.working, env=environment)
    try:
        serving.wait_for(f"http://127.0.0.1:{environment['PORT']}/healthz/database", process)
        assert healthy()
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert files(image.working) == before
    assert not list(image.working.rglob("tests"))


def test_the_procfile_starts_what_the_image_starts(image):
    lines = dict(line.split(": ", 1) for line in (PROJECT / "Procfile").read_text().splitlines())

    assert lines == {
        "release": "python manage.py migrate_when_ready",
        "web": shlex.join(json.loads(image.said["CMD"])),
        "worker": "python manage.py qcluster",
    }


def installed(program):
    """Whether there is that program; in CI it must be there."""
    found = shutil.which(program) is not None
    assert found or os.environ.get("CI") != "true", f"CI needs {program}"
    return found


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="SYSTEMD-ANALYZE IS NOT INSTALLED")
def test_systemd_takes_its_units(image, tmp_path):
    for unit in (DEPLOYMENT / "systemd").iterdir():
        (tmp_path / unit.name).write_text(image.within(unit.read_text()))

    done = subprocess.run(
        ["systemd-analyze", "verify", *tmp_path.iterdir()], capture_output=True, text=True, check=False
    )

    assert (done.returncode, [line for line in done.stderr.splitlines() if "arcadia" in line]) == (0, [])


@pytest.mark.skipif("not installed('promtool')", reason="PROMTOOL IS NOT INSTALLED")
def test_prometheus_takes_its_rules():
    subprocess.run(["promtool", "check", "rules", DEPLOYMENT / "prometheus" / "alerts.yml"], check=True)
