"""Versions: what a change replaced is kept, so that it can be read and put back."""

import django.db.models.deletion
from django.db import migrations, models

import coach.documents.base
import coach.models.database.fields


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0008_progress"),
    ]

    operations = [
        migrations.CreateModel(
            name="RecordVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("profile", "Profile"),
                            ("submission", "Submission"),
                            ("attachment", "Attachment"),
                            ("note", "Note"),
                        ],
                        max_length=16,
                    ),
                ),
                ("natural_key", models.CharField(max_length=255)),
                ("actor", models.TextField()),
                ("at", models.DateTimeField(db_index=True, default=coach.documents.base.utc_now)),
                ("document", coach.models.database.fields.DocumentField(null=True)),
                ("after", coach.models.database.fields.DocumentField(null=True)),
                (
                    "stored_path",
                    models.TextField(
                        help_text="Where the bytes of a deleted file are kept until this version expires.",
                        null=True,
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="versions",
                        to="coach.auditevent",
                    ),
                ),
                (
                    "learner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="coach.learnerprofile",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="versions",
                        to="coach.backfillrun",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [
                    models.Index(fields=["learner", "-id"], name="version_learner_newest"),
                    models.Index(
                        condition=models.Q(("run__isnull", False)), fields=["run"], name="version_of_run"
                    ),
                    models.Index(
                        condition=models.Q(("event__isnull", False)),
                        fields=["event"],
                        name="version_of_event",
                    ),
                    models.Index(
                        condition=models.Q(("stored_path__isnull", False)),
                        fields=["stored_path"],
                        name="version_holds_bytes",
                    ),
                ],
            },
        ),
    ]
