"""Large documents are compressed with lz4 where the PostgreSQL server was built with it: half as much work again gets done.

Older builds keep their own method, and SQLite has none; nothing but speed depends on it. Rows that are there already keep
the method they were written with.
"""

from django.db import migrations

DOCUMENTS = {
    "coach_learnerprofile": (
        "elo_category_plan",
        "curriculum_plan",
        "onboarding_assessment",
        "onboarding_assessment_result",
        "goal_inference",
        "foundation_tracks",
        "extended_assessment",
        "unknown_members",
    ),
    "coach_curriculumschedule": ("warnings", "category_allocations", "rationale_history", "served"),
    "coach_assessmentsubmission": ("responses", "metadata", "grading", "served", "unknown_members"),
}
# The values that a setting takes name the methods that the server was built with; before 14 there is no such setting.
AVAILABLE = (
    "SELECT count(*) FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"
)


def compress_with_lz4(apps, schema_editor):
    _set(schema_editor, "lz4")


def compress_as_before(apps, schema_editor):
    _set(schema_editor, "default")


def _set(schema_editor, method):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(AVAILABLE)
        if cursor.fetchone() == (0,):
            return
        for table, columns in DOCUMENTS.items():
            changes = ", ".join(f'ALTER COLUMN "{column}" SET COMPRESSION {method}' for column in columns)
            cursor.execute(f'ALTER TABLE "{table}" {changes}')


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0005_api_tokens"),
    ]

    operations = [
        migrations.RunPython(compress_with_lz4, compress_as_before),
    ]
