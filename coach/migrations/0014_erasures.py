"""Tombstones of erased learners, and whose record an import found fault with."""

from django.db import migrations, models

import coach.documents.base
import coach.models.database.fields


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0013_graded_by_staff"),
    ]

    operations = [
        migrations.CreateModel(
            name="ErasedLearner",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("erased_at", models.DateTimeField(default=coach.documents.base.utc_now)),
                (
                    "restored_at",
                    models.DateTimeField(
                        help_text="When an import brought the learner back on purpose.", null=True
                    ),
                ),
                (
                    "paths",
                    coach.models.database.fields.DocumentField(
                        help_text="Stored bytes that are still to be removed.", null=True
                    ),
                ),
            ],
            options={
                "verbose_name": "erased learner",
            },
        ),
        migrations.AddField(
            model_name="backfillfinding",
            name="username",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Whose record it is, as far as it could be read.",
                max_length=255,
            ),
        ),
        migrations.AddIndex(
            model_name="backfillfinding",
            index=models.Index(fields=["username"], name="backfill_finding_by_username"),
        ),
    ]
