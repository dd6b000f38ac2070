"""The foundation catalogue: the shape of foundation_catalogue.toml, and its loader."""

import functools
from pathlib import Path
from typing import Annotated

from pydantic import Field

from coach.documents import authored
from coach.documents.base import Document
from coach.documents.curriculum import Category, Module


class Foundation(Category):
    """A category of foundations, with its modules in the order in which learners get them."""

    success_criteria: list[str] = []
    modules: list[Module]

    def find(self, module_id: str) -> Module | None:
        """This category's module of that id."""
        return next((module for module in self.modules if module.module_id == module_id), None)


class _Catalogue(Document):
    category: Annotated[list[Foundation], Field(min_length=1)]


def load(path: Path) -> dict[str, Foundation]:
    """The foundations in a TOML file by key, in order. Raises FileFault, naming file and entry."""
    return {foundation.key: foundation for foundation in authored.read(path, _Catalogue).category}


@functools.cache
def default_foundations() -> dict[str, Foundation]:
    """The foundations that come with the project; read once. Raises FileFault."""
    return load(Path(__file__).with_suffix(".toml"))
