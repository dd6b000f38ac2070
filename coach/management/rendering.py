"""How the operator's commands show things: tables, progress, reports. No behaviour."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from coach.legacy.proving.verify import Verification
from coach.legacy.running.summary import Summary
from coach.legacy.stores import Store

_PLAIN_SECONDS = 10.0
_COLUMNS = ("read", "created", "updated", "unchanged", "kept", "conflict", "rejected")
MOST_SHOWN = 20
# Called with how many records of a store are done, and of how many.
Progress = Callable[[Store, int, int], None]


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned: the first to the left, numbers to the right; the first row is the heading."""
    first, *others = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join((row[0].ljust(first), *map(str.rjust, row[1:], others))).rstrip() for row in rows
    )


def counts_table(summary: Summary) -> str:
    """What became of the records, a line a store."""
    rows = [["store", *_COLUMNS, "seconds", "records/s"]]
    for store, counts in summary.counts.items():
        seconds = summary.seconds.get(store, 0.0)
        rate = f"{counts['read'] / seconds:,.0f}" if seconds > 0 else "-"
        rows.append([store, *(f"{counts[name]:,}" for name in _COLUMNS), f"{seconds:.1f}", rate])
    return table(rows)


def outcome(summary: Summary, *, rejects: str | None, command: str, dry_run: bool) -> str:
    """What the operator reads at the end of a run."""
    title = f"run {summary.run_id}: {summary.state.replace('_', ' ')}"
    if dry_run:
        title = "rehearsal, nothing was written"
    lines = [title, "", counts_table(summary), ""]
    for file in summary.files:
        lines.append(
            f"{file['name']}: {file['size']:,} bytes, {file['records']:,} records, sha256 {file['sha256']}"
        )
    for store, members in summary.unknown.items():
        for path, number in list(members.items())[:MOST_SHOWN]:
            lines.append(_printable(f"unknown member kept aside: {store} {path} ({number:,} records)"))
    if summary.bytes_copied:
        lines.append(
            "attachment files: " + ", ".join(f"{n:,} {word}" for word, n in summary.bytes_copied.items())
        )
    if summary.findings:
        lines += ["", "findings:", *findings(summary.findings)]
    if rejects:
        lines.append(f"rejected records, to be mended: {rejects}")
    return "\n".join([*lines, "", f"next: {command}"])


def verification(result: Verification) -> str:
    """What the operator reads at the end of a verification."""
    words = ("read", "equal", "different", "missing", "rejected", "only_here")
    rows = [["store", *(word.replace("_", " ") for word in words)]]
    rows += [[store, *(f"{counts[word]:,}" for word in words)] for store, counts in result.counts.items()]
    lines = [table(rows), ""]
    for difference in result.differences[:MOST_SHOWN]:
        paths = ", ".join(difference.paths[:5]) + (" …" if len(difference.paths) > 5 else "")
        lines.append(_printable(f"  {difference.store} {difference.place} ({difference.key}): {paths}"))
    left_out = len(result.differences) + result.left_out - MOST_SHOWN
    if left_out > 0:
        lines.append(f"  and {left_out:,} more: see --report")
    for store, keys in result.only_here.items():
        more = ", …" if result.counts[store]["only_here"] > MOST_SHOWN else ""
        lines.append(_printable(f"only in the database: {store} {', '.join(keys[:MOST_SHOWN])}{more}"))
    if result.total("rejected"):
        lines.append(f"{result.total('rejected'):,} records of the stores cannot be imported at all")
    lines.append(
        "verified: the database holds what the stores hold" if result.equal else "there are differences"
    )
    return "\n".join(lines)


def verification_report(result: Verification, **more: Any) -> dict[str, Any]:
    """A verification as plain JSON values."""
    return {
        "equal": result.equal,
        "files": result.files,
        "stores": result.counts,
        "differences": [
            {"store": str(d.store), "place": d.place, "natural_key": d.key, "paths": d.paths}
            for d in result.differences
        ],
        "differences_left_out": result.left_out,
        "only_here": result.only_here,
        **more,
    }


def findings(found: Sequence[dict[str, Any]]) -> list[str]:
    """One line a finding: where, which, why; never contents."""
    lines = []
    for finding in found[:MOST_SHOWN]:
        reasons = "; ".join(f"{error['path']} {error['reason']}" for error in finding["errors"][:3])
        key = f" ({finding['natural_key']})" if finding["natural_key"] else ""
        line = f"  {finding['store']} {finding['place']}{key}: {finding['code']}: {reasons}"
        lines.append(_printable(line))
    if len(found) > MOST_SHOWN:
        lines.append(
            f"  and {len(found) - MOST_SHOWN} more: see --report, the reject file, or the run in the admin"
        )
    return lines


def _printable(text: str) -> str:
    """Text for a terminal: lone surrogates and control characters escaped."""
    spelled = "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
    return spelled.encode(errors="backslashreplace").decode()


def report(summary: Summary, **more: Any) -> dict[str, Any]:
    """The whole outcome as plain JSON values."""
    stores = {
        store: {
            **counts,
            "seconds": round(summary.seconds.get(store, 0.0), 3),
            "unknown_members": summary.unknown.get(store, {}),
        }
        for store, counts in summary.counts.items()
    }
    return {
        "run": summary.run_id,
        "state": str(summary.state),
        "error": summary.error,
        "files": summary.files,
        "stores": stores,
        "attachment_bytes": summary.bytes_copied,
        "findings": summary.findings,
        "findings_left_out": summary.findings_left_out,
        **more,
    }


@contextmanager
def progress(stream: Any, *, shown: bool) -> Iterator[Progress]:
    """Progress, rate and time left: a bar on a terminal, else a line every ten seconds, or nothing at all."""
    if not shown:
        yield lambda store, done, total: None
    elif not stream.isatty():
        yield _lines(stream)
    else:
        with _terminal_bar(stream) as bar:
            tasks: dict[Store, Any] = {}

            def update(store: Store, done: int, total: int) -> None:
                if store not in tasks:
                    tasks[store] = bar.add_task(str(store), total=total)
                bar.update(tasks[store], completed=done)

            yield update


def _lines(stream: Any) -> Progress:
    last = time.monotonic()
    began: dict[Store, tuple[float, int]] = {}

    def line(store: Store, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        since, before = began.setdefault(store, (now, done))
        if now - last < _PLAIN_SECONDS:
            return
        last = now
        rate = (done - before) / (now - since) if now > since else 0.0
        left = f", {(total - done) / rate:,.0f} s left" if rate else ""
        stream.write(f"{store}: {done:,} of {total:,}, {rate:,.0f} records/s{left}\n")
        stream.flush()

    return line


def _terminal_bar(stream: TextIO) -> Any:
    # Loaded only where there is a terminal to draw on.
    from rich import progress
    from rich.console import Console
    from rich.text import Text

    class Rate(progress.ProgressColumn):
        def render(self, task: progress.Task) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "-")

    return progress.Progress(
        progress.TextColumn("{task.description:>11}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        Rate(),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        console=Console(file=stream),
    )
