"""The roles of the staff console: viewer (reads), coach (edits and regenerates too), operator (imports and exports)."""

from django.db import migrations

ROLES = {
    "viewer": (),
    "coach": (
        ("learnerprofile", "change_learnerprofile"),
        ("curriculumschedule", "regenerate_schedules"),
    ),
    "operator": (
        ("backfillrun", "import_stores"),
        ("backfillrun", "export_stores"),
    ),
}
NAMES = {
    "change_learnerprofile": "Can change learner",
    "regenerate_schedules": "Can regenerate schedules",
    "import_stores": "Can import stores",
    "export_stores": "Can export data",
}


def add_roles(apps, schema_editor):
    """Safe to run again: what is there stays, what is missing is added."""
    Group, using = apps.get_model("auth", "Group"), schema_editor.connection.alias
    reading = [
        _permission(apps, using, model._meta.model_name, f"view_{model._meta.model_name}")
        for model in _models(apps)
    ]
    for name, extra in ROLES.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.add(*reading, *(_permission(apps, using, model, code) for model, code in extra))


def remove_roles(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    groups.filter(name__in=ROLES).delete()


def _models(apps):
    return sorted(apps.get_app_config("coach").get_models(), key=lambda model: model._meta.model_name)


def _permission(apps, using, model_name, code):
    # Django makes content types and permissions only after all migrations; it finds these then.
    types = apps.get_model("contenttypes", "ContentType").objects.using(using)
    content_type, _ = types.get_or_create(app_label="coach", model=model_name)
    model = apps.get_model("coach", model_name)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    permission, _ = permissions.get_or_create(
        content_type=content_type,
        codename=code,
        defaults={"name": NAMES.get(code, f"Can view {model._meta.verbose_name}")},
    )
    return permission


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0003_staff_lists"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(add_roles, remove_roles)]
