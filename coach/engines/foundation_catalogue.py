"""The foundation catalogue: the shape of foundation_catalogue.toml, and its loader."""

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from coach.documents import authored
from coach.documents.authored import Entry
from coach.documents.base import PositiveCount
from coach.documents.curriculum import Category, Module, RubricLevel


@dataclass(frozen=True)
class Foundation:
    """A category of foundations, with its modules in the order in which learners get them."""

    category: Category
    modules: Sequence[Module]
    success_criteria: Sequence[str] = ()

    def find(self, module_id: str) -> Module | None:
        """This category's module of that id."""
        return next((module for module in self.modules if module.module_id == module_id), None)


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Text = Annotated[str, AfterValidator(_filled)]
Texts = Annotated[list[Text], Field(min_length=1)]


class CatalogueModule(Entry):
    """A module of the catalogue; `minutes` is the whole of it, `tier` 1 is for every learner."""

    id: Text
    minutes: PositiveCount
    tier: PositiveCount
    title: Text
    summary: Text
    objectives: Texts
    activities: Texts
    deliverables: Texts
    requires: list[Text] = []

    def document(self, category_key: str) -> Module:
        """The module as it stands in a curriculum."""
        renamed: dict[str, Any] = {
            "estimated_minutes": self.minutes,
            "prerequisite_module_ids": self.requires,
        }
        return Module(**{**dict(self), "module_id": self.id, "category_key": category_key, **renamed})


class CatalogueRubric(Entry):
    """What a learner does at each of the three levels."""

    exploring: Text
    developing: Text
    proficient: Text

    def document(self) -> list[RubricLevel]:
        """The levels, lowest first."""
        return [RubricLevel(level=name.title(), descriptor=text) for name, text in self]


class CatalogueCategory(Entry):
    """A category of the catalogue with its modules, in the order in which learners get them."""

    key: Text
    label: Text
    weight: Annotated[float, Field(gt=0)]
    focus_areas: Texts
    description: Text
    success_criteria: list[Text] = []
    rubric: CatalogueRubric
    module: Annotated[list[CatalogueModule], Field(min_length=1)]

    def document(self) -> Category:
        """The category as it stands in a plan."""
        return Category(**{**dict(self), "rubric": self.rubric.document()})

    def foundation(self) -> Foundation:
        """The category with its modules, for learners."""
        modules = [module.document(self.key) for module in self.module]
        return Foundation(self.document(), modules, self.success_criteria)


class Catalogue(Entry):
    """All categories, in the order in which they are offered."""

    category: Annotated[list[CatalogueCategory], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        keys = [f"category {category.key!r}" for category in self.category]
        ids = [f"module {module.id!r}" for category in self.category for module in category.module]
        repeated = [name for name, count in Counter((*keys, *ids)).items() if count > 1]
        if repeated:
            raise ValueError(f"more than once: {', '.join(repeated)}")
        return self

    def foundations(self) -> dict[str, Foundation]:
        """The categories by key, in order."""
        return {category.key: category.foundation() for category in self.category}


def load_catalogue(path: Path) -> Catalogue:
    """The catalogue in a TOML file. Raises FileFault, naming file and entry."""
    return authored.read(path, Catalogue, numbered="number {}")


@functools.cache
def default_foundations() -> dict[str, Foundation]:
    """The foundations that come with the project; read once. Raises FileFault."""
    return load_catalogue(Path(__file__).with_suffix(".toml")).foundations()
