"""Which files a run reads: the three of the legacy layout, named ones, a reject file, or those of an earlier run."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from coach.legacy.reading import rejects, store_file
from coach.legacy.reading.opening import RefusedFile
from coach.legacy.reading.store_file import StoreFile
from coach.legacy.stores import LAYOUTS, MANIFEST, Store


class ChangedInput(Exception):
    """A file is not the one that the run to be resumed read; the message says which."""


@contextmanager
def of_stores(
    folder: Path | None,
    named: Mapping[Store, Path],
    *,
    inspect: bool = True,
    skipped: Callable[[Path], object] = lambda path: None,
) -> Iterator[list[StoreFile]]:
    """The stores of a data directory (None: only named ones), where a store is not named otherwise; each checked whole.

    A default file that is absent is `skipped`, a named one is an error. Without `inspect` only the digests are taken, and
    the caller inspects each file. Raises RefusedFile.
    """
    with ExitStack() as opened:
        files = []
        for store in Store:
            path = named.get(store) or (folder / LAYOUTS[store].file_name if folder else None)
            if path is None:
                continue
            if store not in named and not path.exists() and _packed(path).exists():
                path = _packed(path)
            if store not in named and not path.exists():
                skipped(path)
            else:
                file = store_file.open_store(path, store, inspect=inspect)
                files.append(opened.enter_context(closing(file)))
        if not files:
            raise RefusedFile(folder or Path(), "no store file is there")
        yield files


def paths_of_stores(folder: Path | None, named: Mapping[Store, Path]) -> list[Path]:
    """Every file that `of_stores` may read, manifests included."""
    paths = list(named.values())
    for store in Store:
        if folder and store not in named:
            path = folder / LAYOUTS[store].file_name
            paths += [path, _packed(path)]
    return [*paths, *{path.with_name(MANIFEST) for path in paths}]


def is_one_of(output: Path, paths: Iterable[Path], folder: Path | None = None) -> bool:
    """Whether a path is one of these, or a file below that folder: by another spelling, a link, or a hard link."""
    if folder and output.exists() and output.resolve().is_relative_to(folder.resolve()):
        return True
    return any(_is_same(output, path) for path in paths)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return one.resolve() == other.resolve()


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


@contextmanager
def of_rejects(path: Path) -> Iterator[list[StoreFile]]:
    """A reject file, mended. Raises RefusedFile."""
    with closing(rejects.open_rejects(path)) as file:
        yield [file]


@contextmanager
def of_run(described: Sequence[Mapping[str, Any]]) -> Iterator[list[StoreFile]]:
    """The files of an earlier run, as its ledger names them.

    Raises ChangedInput where one of them is gone or is not the same, byte by byte.
    """
    with ExitStack() as opened:
        yield [opened.enter_context(closing(_same_file(file))) for file in described]


def _same_file(described: Mapping[str, Any]) -> StoreFile:
    path = Path(str(described["path"]))
    try:
        store = described["store"]
        file = rejects.open_rejects(path) if store == "rejects" else store_file.open_store(path, Store(store))
    except RefusedFile as error:
        raise ChangedInput(str(error)) from error
    if file.sha256 != described["sha256"]:
        file.close()
        raise ChangedInput(f"{path.name}: its sha256 is {file.sha256}, the run read {described['sha256']}")
    return file
