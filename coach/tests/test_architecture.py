"""The import table of CONTRIBUTING.md, held against the sources."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
APP = PROJECT / "coach"

STANDARD = frozenset(sys.stdlib_module_names) | {"__future__"}
DOORS = {"api", "admin", "management"}

# What each room may import of the app, beside itself.
ROOMS: dict[str, set[str]] = {
    "json_text": set(),
    "documents": set(),
    "engines": {"documents"},
    "models": {"documents"},
    "migrations": {"models", "documents"},
    "attachments": {"documents", "json_text"},
    "object_storage": {"documents", "json_text"},
    "telemetry": {"documents", "json_text"},
    "logs": {"documents", "json_text", "telemetry"},
    "checks": {"documents", "json_text"},
    "agent": {"documents", "json_text", "telemetry"},
    "schema_drift": {"models"},
    "services": {"models", "documents", "engines", "attachments", "agent", "telemetry"},
    "legacy": {"models", "documents", "attachments", "json_text"},
    "apps": {"checks", "services"},
    "api": {"services", "models", "documents", "attachments", "json_text"},
    "admin": {"legacy", "services", "models", "documents", "json_text", "schema_drift"},
    "management": {"legacy", "services", "models", "documents", "schema_drift"},
}
# The configuration may import anything but this: a server's settings load no door.
SERVING = set(ROOMS) - DOORS
# Libraries that only these rooms may know.
LIBRARIES: dict[str, set[str]] = {
    "rest_framework": {"api"},
    "drf_spectacular": {"api"},
    "import_export": {"admin"},
    "django_q": {"admin", "services"},
    "openai": {"agent"},
    "agents": {"agent"},
    "chatkit": {"agent"},
}
MOST_MODULES = 16
MOST_LINES = 410


def sources() -> list[Path]:
    """The modules of the project, without tests."""
    found = [*APP.rglob("*.py"), *(PROJECT / "arcadia").rglob("*.py")]
    return sorted(path for path in found if APP / "tests" not in path.parents)


def readable() -> list[Path]:
    """The modules that people write and read: without migrations."""
    return [path for path in sources() if room_of(path) != "migrations"]


def room_of(path: Path) -> str:
    """The room that a source file belongs to; "" where it belongs to none."""
    parts = path.relative_to(PROJECT).with_suffix("").parts
    if parts[0] == "arcadia":
        return "arcadia.serving" if parts[1:2] == ("serving",) else "arcadia"
    return parts[1] if parts[1] in ROOMS else ""


def names(source: str) -> Iterator[tuple[str, int]]:
    """The dotted names that a source imports, or names in a text, with their lines; type-checking blocks included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno} imports relatively"
            yield str(node.module), node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Constant) and re.fullmatch(r"coach(\.\w+)+", str(node.value)):
            yield str(node.value), node.lineno


def strangers(source: str, room: str) -> list[tuple[str, int]]:
    """The rooms that a source in `room` names but may not import, with their lines."""
    allowed = {*ROOMS.get(room, SERVING), room}
    found = ((re.match(r"coach\.(\w+)", name), line) for name, line in names(source))
    return [(to[1], line) for to, line in found if to and to[1] in ROOMS and to[1] not in allowed]


def test_every_module_belongs_to_a_room():
    assert [path for path in sources() if not room_of(path) and path != APP / "__init__.py"] == []


def test_a_room_imports_only_what_it_may():
    found = [
        f"{path.relative_to(PROJECT)}:{line} imports {to}"
        for path in sources()
        if (room := room_of(path)) != "arcadia"
        for to, line in strangers(path.read_text(encoding="utf-8"), room)
    ]
    assert found == []


@pytest.mark.parametrize("room", [*sorted(set(ROOMS) - DOORS), "arcadia.serving"])
@pytest.mark.parametrize("door", sorted(DOORS))
@pytest.mark.parametrize(
    "source",
    [
        "from coach.{} import x",
        "from coach import {}",
        "import coach.{}.x",
        "def f():\n    from coach.{}.x import y",
        "importlib.import_module('coach.{}.x')",
    ],
)
def test_no_inner_room_can_import_a_door(room, door, source):
    assert {to for to, _ in strangers(source.format(door), room)} == {door}


# What outlives a transaction: behind a transaction pooler it would be another client's, or gone.
SESSION_STATE = re.compile(
    r"""pg_(try_)?advisory_(lock|unlock)|set_config\(.*false\s*\)
    |(\A|;)\s*(SET\s+(?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b)\w+\s*(=|TO\b)|SET\s+(SESSION|ROLE)\b|(UN)?LISTEN\s|PREPARE\s|DISCARD\s|DECLARE\s)
    |\bWITH\s+HOLD\b|CREATE\s+(LOCAL\s+)?TEMP(ORARY)?\s+(?!.*ON\s+COMMIT\s+DROP)""",
    re.VERBOSE | re.DOTALL,
)
# It finds out whether there is such a pooler.
PROBE = APP / "services" / "operations" / "pooler.py"


def session_state(source: str) -> Iterator[tuple[str, int]]:
    """What a source makes of the database's session, with its lines; docstrings are not looked at."""
    tree = ast.parse(source)
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            if found := SESSION_STATE.search(node.value):
                yield found[0].strip(), node.lineno
        elif isinstance(node, ast.Call):
            function = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            named = {word.arg for word in node.keywords}
            if function in ("chunked_cursor", "ServerCursor") or (
                function == "cursor" and (node.args or "name" in named)
            ):
                yield "a server-side cursor", node.lineno
            if function in ("execute", "executemany") and "prepare" in named:
                yield "a prepared statement", node.lineno


@pytest.mark.parametrize(
    "source",
    [
        'cursor.execute("SELECT pg_advisory_lock(%s)", [1])',
        'cursor.execute("SELECT pg_try_advisory_lock(1)")',
        'cursor.execute("SET statement_timeout = 0")',
        'cursor.execute(f"SET search_path TO {schema}")',
        'cursor.execute("SELECT set_config(%s, %s, false)")',
        'cursor.execute("LISTEN changes")',
        'cursor.execute("PREPARE read AS SELECT 1")',
        'cursor.execute("DECLARE rows CURSOR WITH HOLD FOR SELECT 1")',
        'cursor.execute("CREATE TEMP TABLE rows (pk bigint)")',
        "connection.chunked_cursor()",
        'connection.connection.cursor("rows")',
        'connection.connection.cursor(name="rows")',
        'cursor.execute("SELECT 1", prepare=True)',
    ],
)
def test_what_outlives_a_transaction_is_recognised(source):
    assert list(session_state(source))


@pytest.mark.parametrize(
    "source",
    [
        'cursor.execute("SELECT pg_advisory_xact_lock(%s)", [1])',
        'cursor.execute("SET LOCAL statement_timeout = 0")',
        'cursor.execute("SET TRANSACTION READ ONLY")',
        'cursor.execute("UPDATE t SET statement = 0")',
        'cursor.execute("CREATE TEMP TABLE rows (pk bigint) ON COMMIT DROP")',
        "connection.cursor()",
    ],
)
def test_what_ends_with_its_transaction_is_not(source):
    assert list(session_state(source)) == []


def test_nothing_outlives_its_transaction_in_the_database():
    found = [
        f"{path.relative_to(PROJECT)}:{line} {what}"
        for path in sources()
        if path != PROBE
        for what, line in session_state(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_app_does_not_import_its_configuration():
    found = [
        f"{path.relative_to(PROJECT)}:{line}"
        for path in sources()
        if path.is_relative_to(APP)
        for name, line in names(path.read_text(encoding="utf-8"))
        if name.split(".")[0] == "arcadia"
    ]
    assert found == []


def test_libraries_stay_in_their_rooms():
    found = [
        f"{path.relative_to(PROJECT)}:{line} imports {name}"
        for path in sources()
        for name, line in names(path.read_text(encoding="utf-8"))
        if (room := room_of(path)) not in LIBRARIES.get(name.split(".")[0], {room})
    ]
    assert found == []


@pytest.mark.parametrize("room", ["json_text", "documents", "engines"])
def test_documents_and_engines_need_nothing_but_pydantic(room):
    allowed = STANDARD | {"coach", "pydantic"}
    found = [
        f"{path.relative_to(PROJECT)}:{line} imports {name}"
        for path in sources()
        if room_of(path) == room
        for name, line in names(path.read_text(encoding="utf-8"))
        if name.split(".")[0] not in allowed
    ]
    assert found == []


def test_importing_the_engines_loads_neither_django_nor_the_model_sdk():
    probe = (
        "import pkgutil, importlib, sys, coach.engines as rooms\n"
        "found = [m.name for m in pkgutil.walk_packages(rooms.__path__, 'coach.engines.')]\n"
        "[importlib.import_module(name) for name in found]\n"
        "assert 'coach.engines.sequencing.sequencer' in sys.modules\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'django', 'openai', 'agents', 'rest_framework'}))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


# The rooms of the importing core: each may import those before it; proving stands beside running.
LEGACY = ("codes", "stores", "reading", "decoding", "deciding", "writing", "running")


@pytest.mark.parametrize("room", [*LEGACY, "proving"])
def test_the_importing_core_imports_only_leftwards(room):
    reach = LEGACY.index("writing") if room == "proving" else LEGACY.index(room)
    allowed = {*LEGACY[: reach + 1], room}
    found = [
        f"{path.relative_to(PROJECT)}:{line} imports {name}"
        for path in sources()
        if path.with_suffix("").relative_to(PROJECT).parts[1:3] == ("legacy", room)
        for name, line in names(path.read_text(encoding="utf-8"))
        if name.startswith("coach.legacy.")
        and name.split(".")[2] not in allowed
        # Moves to the commands.
        and name not in ("coach.legacy.running.collector", "coach.legacy.running")
    ]
    assert found == []


def test_the_contributing_page_shows_the_same_table():
    page = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = {}
    for row in re.findall(r"^\| (`.+?) \|.*\| (.*?) \|$", page, flags=re.MULTILINE):
        allowed = set(re.findall(r"\w+", row[1])) & set(ROOMS)
        shown.update(dict.fromkeys(re.findall(r"`(\w+)", row[0]), allowed))

    assert {room: allowed for room, allowed in shown.items() if room in ROOMS} == ROOMS


def test_no_package_is_too_wide_to_see_into():
    counted = Counter(path.parent for path in readable() if path.name != "__init__.py")

    assert {path: count for path, count in counted.items() if count > MOST_MODULES} == {}


def test_a_module_is_split_before_it_is_too_long_to_read():
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in readable()}

    assert {path: count for path, count in lengths.items() if count > MOST_LINES} == {}


def test_there_are_no_rooms_for_odds_and_ends():
    forbidden = {"utils", "helpers", "common", "constants", "signals", "selectors", "repositories"}

    assert not {path for path in APP.rglob("*.py") if path.stem in forbidden}
