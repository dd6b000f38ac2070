"""Rename columns to the words of the field. Only the catalogue changes: no row is rewritten."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0006_compress_documents"),
    ]

    operations = [
        migrations.RenameField("curriculumschedule", "served", "api_json"),
        migrations.RenameField("assessmentsubmission", "served", "api_json"),
        migrations.RemoveConstraint("backfillrun", "backfill_run_door_known"),
        migrations.RenameField("backfillrun", "door", "source"),
        migrations.AddConstraint(
            "backfillrun",
            models.CheckConstraint(
                condition=models.Q(source__in=("command", "admin")), name="backfill_run_source_known"
            ),
        ),
    ]
