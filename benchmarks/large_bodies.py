"""What the largest bodies cost: 2 MiB built against every POST route, wide, deep, of long texts, full of faults.

    ARCADIA_DATABASE_URL=postgresql://… python -m benchmarks.large_bodies [--seconds 1] [--mib 100]

on an EMPTY PostgreSQL database. One worker with one thread answers; its processor time and memory are measured around
each request. Every request must stay below so many seconds, and grow the worker by less than so many MiB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks import servers
from coach.tests.hostile import routes
from coach.tests.hostile.routes import PREPARE

SIZE = 2 * 1024 * 1024


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=1, help="of processor time, at most")
    parser.add_argument("--mib", type=int, default=100, help="of memory, at most")
    arguments = parser.parse_args()
    # For reading the index of routes; the server has its own settings.
    os.environ["ARCADIA_DEBUG"] = "1"
    with tempfile.TemporaryDirectory(prefix="arcadia-bodies-") as name:
        environment = servers.production(
            os.environ["ARCADIA_DATABASE_URL"], Path(name), WORKERS="1", THREADS="1"
        )
        environment["ARCADIA_DEBUG_ENDPOINTS"] = "1"
        environment["ARCADIA_AGENT"] = "offline"
        for command in (["migrate", "-v0"], ["shell", "-v0", "-c", PREPARE]):
            subprocess.run([sys.executable, "manage.py", *command], env=environment, check=True)
        with servers.serve(environment) as service:
            routes.ask(service.address, "/api/profile/amara")
            # The first request loads a library.
            _post(service.address + "/chatkit", b"")
            worst = [
                _measured(service, path, form) for path in routes.posts() for form in _bodies(path).items()
            ]
    over = [line for seconds, grown, line in worst if seconds > arguments.seconds or grown > arguments.mib]
    print(f"worst: {max(worst)[2]}")
    print("\n".join(["too much:", *over]) if over else "all within the bounds")
    return 1 if over else 0


def _measured(service: servers.Server, path: str, form: tuple[str, bytes]) -> tuple[float, int, str]:
    shape, body = form
    before, memory = service.processor_seconds(), service.memory()
    status, size = _post(service.address + path, body)
    seconds, grown = service.processor_seconds() - before, (service.memory() - memory) >> 20
    line = f"{path} {shape} ({len(body):,} bytes): {status}, {size:,} bytes, {seconds:.2f} s processor, {grown:+d} MiB"
    print(line, flush=True)
    return seconds, grown, line


def _post(url: str, body: bytes) -> tuple[int, int]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, len(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, len(error.read())


def _bodies(path: str) -> dict[str, bytes]:
    """Bodies of nearly 2 MiB: the sound one stretched at each member, and every member replaced by what is wide."""
    sound = routes.SOUND.get(path, {})
    wide = [1] * (SIZE // 2 - 500)
    built: dict[str, bytes] = {
        "brackets": b"[" * (SIZE - 10),
        "nested": (b'{"a":' * 60 + b"[" + b"1," * (SIZE // 2 - 500) + b"1]" + b"}" * 60),
        "many members": json.dumps({**sound, **{f"k{number}": 1 for number in range(SIZE // 14)}}).encode(),
    }
    for member, value in sound.items():
        built[f"{member} wide"] = _text({**sound, member: wide})
        built[f"{member} of objects"] = _text({**sound, member: [{}] * (SIZE // 3 - 500)})
        built[f"{member} of members"] = _text({**sound, member: {f"k{n}": 1 for n in range(SIZE // 12)}})
        if isinstance(value, str):
            built[f"{member} long"] = _text({**sound, member: "x" * (SIZE - 5000)})
            built[f"{member} long, escaped"] = _text({**sound, member: "\u0001" * (SIZE // 6 - 1000)})
            built[f"{member} of words"] = _text({**sound, member: "ab " * (SIZE // 3 - 2000)})
        if isinstance(value, list) and value:
            built[f"{member} repeated"] = _text({**sound, member: value * 10_000})
            built[f"{member} faulty"] = _text(
                {**sound, member: [{**value[0], "x": "y" * 150, "text": 1, "task_id": 1}] * 9_999}
            )
        if isinstance(value, dict):
            built[f"{member} of faults"] = _text(
                {**sound, member: {f"k{n}": ["y" * 180] for n in range(9_999)}}
            )
            built[f"{member} tags"] = _text(
                {**sound, member: {"username": "amara", "knowledge_tags": [f"t{n}" for n in range(150_000)]}}
            )
            built[f"{member} elo"] = _text(
                {**sound, member: {"username": "amara", "elo": {f"t{n}": n for n in range(100_000)}}}
            )
    return {
        name: body[:SIZE] if name == "brackets" else body for name, body in built.items() if len(body) <= SIZE
    }


def _text(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


if __name__ == "__main__":
    sys.exit(main())
