"""Where a row came from, and whether it is still what was imported."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models

from coach.models.database.fields import DocumentField

T = TypeVar("T", bound=models.Model)


class ImportedQuerySet(models.QuerySet[T]):
    def bulk_update(self, objs: Iterable[T], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Save these columns of many rows, and remember that imported ones may no longer be what was imported."""
        rows: list[Any] = list(objs)
        for row in rows:
            row.edited_since_import = row.edited_since_import or bool(row.import_checksum)
        return super().bulk_update(rows, [*fields, "edited_since_import"], batch_size)


class Imported(models.Model):
    """The marks that an import leaves on a row.

    `import_checksum` is that of the record as the store spelled it out, `content_checksum` that of
    the row's own document right after the import: the two sides of the three-way rule.
    `edited_since_import` only hints that a row may have changed; the checksums decide.
    """

    import_checksum = models.CharField(max_length=64, blank=True, default="", editable=False)
    raw_checksum = models.CharField(max_length=64, blank=True, default="", editable=False)
    content_checksum = models.CharField(max_length=64, blank=True, default="", editable=False)
    edited_since_import = models.BooleanField(default=False, editable=False)
    unknown_members = DocumentField(null=True, blank=True, editable=False)
    imported_at = models.DateTimeField(null=True, blank=True, editable=False)
    imported_by = models.ForeignKey(
        "coach.BackfillRun", null=True, blank=True, editable=False, on_delete=models.SET_NULL, db_index=False
    )

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Save, and remember that an imported row may no longer be what was imported."""
        if self.import_checksum and not self.edited_since_import:
            self.edited_since_import = True
            if update_fields is not None:
                update_fields = {*update_fields, "edited_since_import"}
        super().save(*args, update_fields=update_fields, **kwargs)
