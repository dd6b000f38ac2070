"""Findings keep their record until they are resolved, and say by whom, when and by which run that was."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0022_operators_make_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="backfillfinding",
            name="record",
            field=models.TextField(
                blank=True, help_text="The store's record, until the finding is resolved.", null=True
            ),
        ),
        migrations.AddField(
            model_name="backfillfinding",
            name="resolution",
            field=models.CharField(
                blank=True,
                choices=[
                    ("mended", "Mended"),
                    ("theirs", "taken from the store"),
                    ("ours", "kept as it was here"),
                    ("chosen", "chosen member by member"),
                    ("later_run", "dealt with by a later run"),
                    ("set_aside", "set aside"),
                ],
                default="",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="backfillfinding",
            name="resolved_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="backfillfinding",
            name="resolved_by",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="backfillfinding",
            name="resolved_run",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="resolved",
                to="coach.backfillrun",
            ),
        ),
        migrations.AddIndex(
            model_name="backfillfinding",
            index=models.Index(
                condition=models.Q(("resolved_at__isnull", True)),
                fields=["outcome", "-id"],
                name="backfill_finding_open",
            ),
        ),
        migrations.AddIndex(
            model_name="backfillfinding",
            index=models.Index(
                condition=models.Q(("resolved_run__isnull", False)),
                fields=["resolved_run"],
                name="backfill_finding_resolved_by",
            ),
        ),
    ]
