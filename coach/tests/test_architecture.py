"""The import table of CONTRIBUTING.md, held against the sources."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[1]

STANDARD = frozenset(sys.stdlib_module_names) | {"__future__"}
DOORS = {"api", "admin", "management"}

# What each room may import of the app, beside itself.
ROOMS: dict[str, set[str]] = {
    "documents": set(),
    "engines": {"documents"},
    "models": {"documents"},
    "attachments": {"documents"},
    "telemetry": {"documents"},
    "agent": {"documents", "telemetry"},
    "services": {"models", "documents", "engines", "attachments", "agent", "telemetry"},
    "legacy": {"models", "documents", "attachments"},
    "api": {"services", "models", "documents", "attachments", "agent"},
    "admin": {"legacy", "services", "models", "documents", "attachments"},
    "management": {"legacy", "services", "models", "documents", "attachments"},
}
# Libraries that only these rooms may know.
LIBRARIES: dict[str, set[str]] = {
    "rest_framework": {"api"},
    "drf_spectacular": {"api"},
    "import_export": {"admin"},
    "openai": {"agent", "services"},
    "agents": {"agent"},
}
WITHOUT_DJANGO = ("documents", "engines")


def sources(room: str) -> list[Path]:
    folder = APP / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [APP / f"{room}.py"]


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """The dotted names that a source imports, with their lines; type-checking blocks included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def room_of(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "coach" and len(parts) > 1 and parts[1] in ROOMS else None


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room):
    allowed = ROOMS[room] | {room}
    strangers = {
        f"{path.relative_to(APP)}:{line} imports {name}"
        for path in sources(room)
        for name, line in imported(path)
        if room_of(name) not in (*allowed, None)
    }
    assert strangers == set()


def test_nothing_imports_the_doors():
    inner = set(ROOMS) - DOORS
    assert not {door for room in inner for door in DOORS & ROOMS[room]}


@pytest.mark.parametrize("room", ROOMS)
def test_libraries_stay_in_their_rooms(room):
    strangers = {
        f"{path.relative_to(APP)}:{line} imports {name}"
        for path in sources(room)
        for name, line in imported(path)
        if room not in LIBRARIES.get(name.split(".")[0], {room})
    }
    assert strangers == set()


@pytest.mark.parametrize("room", WITHOUT_DJANGO)
def test_documents_and_engines_need_nothing_but_pydantic(room):
    allowed = STANDARD | {"coach", "pydantic"}
    strangers = {
        f"{path.relative_to(APP)}:{line} imports {name}"
        for path in sources(room)
        for name, line in imported(path)
        if name.split(".")[0] not in allowed
    }
    assert strangers == set()


def test_importing_the_engines_loads_neither_django_nor_the_model_sdk():
    probe = (
        "import pkgutil, importlib, sys, coach.engines as rooms\n"
        "[importlib.import_module(f'coach.engines.{m.name}') for m in pkgutil.iter_modules(rooms.__path__)]\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'django', 'openai', 'agents', 'rest_framework'}))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


# The rooms of the importing core: each may import those before it; the proof stands beside the writing.
LEGACY = ("codes", "stores", "reading", "decoding", "deciding", "writing", "running")


@pytest.mark.parametrize("room", [*LEGACY, "proving"])
def test_the_importing_core_imports_only_leftwards(room):
    reach = LEGACY.index("deciding") if room == "proving" else LEGACY.index(room)
    allowed = {*LEGACY[: reach + 1], room}
    strangers = {
        f"{path.relative_to(APP)}:{line} imports {name}"
        for path in sources(f"legacy/{room}")
        for name, line in imported(path)
        if name.startswith("coach.legacy.")
        and name.split(".")[2] not in allowed
        # Moves to the commands.
        and name not in ("coach.legacy.running.collector", "coach.legacy.running")
    }
    assert strangers == set()


def test_there_are_no_rooms_for_odds_and_ends():
    forbidden = {"utils", "helpers", "common", "constants", "signals", "selectors", "repositories"}

    assert not {path for path in APP.rglob("*.py") if path.stem in forbidden}
