"""Let each role of the staff console read versions."""

import importlib

from django.db import migrations

add_roles = importlib.import_module("coach.migrations.0004_roles").add_roles


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0011_token_scopes"),
    ]

    operations = [migrations.RunPython(add_roles, migrations.RunPython.noop)]
