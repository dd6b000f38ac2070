"""Let operators make and revoke API tokens."""

from django.db import migrations

RIGHTS = {"add_apitoken": "Can add API token", "change_apitoken": "Can change API token"}


def add_rights(apps, schema_editor):
    """Safe to run again."""
    using = schema_editor.connection.alias
    types = apps.get_model("contenttypes", "ContentType").objects.using(using)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    content_type, _ = types.get_or_create(app_label="coach", model="apitoken")
    for group in apps.get_model("auth", "Group").objects.using(using).filter(name="operator"):
        for code, name in RIGHTS.items():
            permission, _ = permissions.get_or_create(
                content_type=content_type, codename=code, defaults={"name": name}
            )
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0021_token_names"),
    ]

    operations = [migrations.RunPython(add_rights, migrations.RunPython.noop)]
