"""Writing many rows at once: plain bulk statements, and differences between rows that are there and rows to be."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)
Key = TypeVar("Key", bound=Hashable)


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model; they have their primary keys afterwards."""
    if rows:
        type(rows[0])._base_manager.bulk_create(rows)


def update(old: models.Model, new: models.Model) -> None:
    """Write the columns in which `new` differs from the row `old`; marks and `edited` hints are left to the caller."""
    changed = {
        field.attname: getattr(new, field.attname)
        for field in old._meta.concrete_fields
        if not field.primary_key and getattr(old, field.attname) != getattr(new, field.attname)
    }
    if changed:
        type(old)._base_manager.filter(pk=old.pk).update(**changed)


def replace(old: Mapping[Key, Row], new: Mapping[Key, Row]) -> list[Row]:
    """Turn child rows into others, keyed alike: delete and update here; answers those still to be inserted."""
    gone = [row.pk for key, row in old.items() if key not in new]
    if gone:
        model: Any = type(next(iter(old.values())))
        model._base_manager.filter(pk__in=gone).delete()
    for key, row in new.items():
        if key in old:
            update(old[key], row)
    return [row for key, row in new.items() if key not in old]
