"""Which files a run reads: the three of the legacy layout, named ones, a reject file, or those of an earlier run."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from coach.legacy.reading import rejects, store_file
from coach.legacy.reading.opening import RefusedFile
from coach.legacy.reading.store_file import StoreFile
from coach.legacy.stores import LAYOUTS, MANIFEST, Store


class ChangedInput(Exception):
    """A file is not the one that the run to be resumed read; the message says which."""


@dataclass
class Inputs:
    """Checked files in the order in which they are read, and default files that were not there.

    Use it in a `with` statement: it closes the files.
    """

    files: list[StoreFile] = field(default_factory=list)
    absent: list[Path] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, file: StoreFile) -> None:
        self._open.callback(file.close)
        self.files.append(file)


def of_stores(folder: Path | None, named: Mapping[Store, Path], *, inspect: bool = True) -> Inputs:
    """The stores of a data directory (None: only named ones), where a store is not named otherwise; each checked whole.

    A default file that is absent is skipped, a named one is an error. Without `inspect` only the digests are taken, and
    the caller inspects each file. Raises RefusedFile.
    """
    with ExitStack() as undone:
        inputs = undone.enter_context(Inputs())
        for store in Store:
            path = named.get(store) or (folder / LAYOUTS[store].file_name if folder else None)
            if path is None:
                continue
            if store not in named and not path.exists() and _packed(path).exists():
                path = _packed(path)
            if store not in named and not path.exists():
                inputs.absent.append(path)
            else:
                inputs.add(store_file.open_store(path, store, inspect=inspect))
        if not inputs.files:
            raise RefusedFile(folder or Path(), "no store file is there")
        undone.pop_all()
    return inputs


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


def of_rejects(path: Path) -> Inputs:
    """A reject file, mended. Raises RefusedFile."""
    inputs = Inputs()
    inputs.add(rejects.open_rejects(path))
    return inputs


def of_run(files: Sequence[Mapping[str, Any]]) -> Inputs:
    """The files of an earlier run, as its ledger names them.

    Raises ChangedInput where one of them is gone or is not the same, byte by byte.
    """
    with ExitStack() as undone:
        inputs = undone.enter_context(Inputs())
        for described in files:
            inputs.add(_same_file(described))
        undone.pop_all()
    return inputs


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
