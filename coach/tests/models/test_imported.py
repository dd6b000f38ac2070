import datetime as dt

import pytest
from django.apps import apps

from coach.models import LearnerProfile
from coach.models.imported import Imported, ImportedQuerySet

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
MODELS = [model for model in apps.get_models() if issubclass(model, Imported)]


@pytest.mark.parametrize("model", MODELS)
def test_every_imported_table_remembers_bulk_writes(model):
    assert isinstance(model.objects.all(), ImportedQuerySet)


@pytest.mark.django_db
def test_a_bulk_write_marks_imported_rows_as_edited_and_no_others():
    imported = LearnerProfile.objects.create(username="amara", last_updated=NOW)
    LearnerProfile.objects.filter(pk=imported.pk).update(import_checksum="a" * 64)
    LearnerProfile.objects.create(username="felix", last_updated=NOW)
    rows = list(LearnerProfile.objects.order_by("username"))
    for row in rows:
        row.goal = "Rust"

    LearnerProfile.objects.bulk_update(rows, ["goal"])

    found = LearnerProfile.objects.order_by("username").values_list("goal", "edited_since_import")
    assert list(found) == [("Rust", True), ("Rust", False)]
