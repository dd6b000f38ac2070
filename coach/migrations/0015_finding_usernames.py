"""Whose records earlier imports found fault with, as far as their places name somebody: `$.amara[3]`, `$["a b"]`."""

import json
import re
import unicodedata

from django.db import migrations

_PLACE = re.compile(r'\$(?:\.([^.\["#]+)|\[("(?:[^"\\]|\\.)*")\])')


def name_learners(apps, schema_editor):
    rows = apps.get_model("coach", "BackfillFinding").objects.using(schema_editor.connection.alias)
    findings = rows.filter(username="")
    batch = []
    for row in findings.only("place").iterator(chunk_size=1000):
        found = _PLACE.search(row.place)
        if found:
            name = found[1] if found[1] is not None else json.loads(found[2])
            row.username = unicodedata.normalize("NFC", name.strip().lower())[:255]
            batch.append(row)
        if len(batch) == 1000:
            findings.bulk_update(batch, ["username"])
            batch = []
    findings.bulk_update(batch, ["username"])


class Migration(migrations.Migration):
    dependencies = [("coach", "0014_erasures")]

    operations = [migrations.RunPython(name_learners, migrations.RunPython.noop)]
