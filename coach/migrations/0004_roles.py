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
    Group = apps.get_model("auth", "Group")
    reading = [
        _permission(apps, model._meta.model_name, f"view_{model._meta.model_name}") for model in _models(apps)
    ]
    for name, extra in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(*reading, *(_permission(apps, model, code) for model, code in extra))


def remove_roles(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


def _models(apps):
    return sorted(apps.get_app_config("coach").get_models(), key=lambda model: model._meta.model_name)


def _permission(apps, model_name, code):
    # Django makes content types and permissions only after all migrations; it finds these then.
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="coach", model=model_name
    )
    model = apps.get_model("coach", model_name)
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
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
