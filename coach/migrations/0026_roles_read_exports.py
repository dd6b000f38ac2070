"""Let each role of the staff console read exports."""

import importlib

from django.db import migrations

add_roles = importlib.import_module("coach.migrations.0004_roles").add_roles


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0025_background_runs"),
    ]

    operations = [migrations.RunPython(add_roles, migrations.RunPython.noop)]
