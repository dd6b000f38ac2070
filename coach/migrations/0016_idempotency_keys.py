"""Keep the keys under which clients repeat requests, with the answers."""

import django.db.models.deletion
from django.db import migrations, models

import coach.documents.base


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0015_finding_usernames"),
    ]

    operations = [
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("request", models.CharField(help_text="Digest of method, path and body.", max_length=64)),
                ("made_at", models.DateTimeField(db_index=True, default=coach.documents.base.utc_now)),
                (
                    "holder",
                    models.CharField(
                        help_text="What tells the request at work from its repetitions.", max_length=32
                    ),
                ),
                (
                    "busy_until",
                    models.DateTimeField(help_text="From then on a repetition takes over.", null=True),
                ),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("content_type", models.CharField(default="", max_length=100)),
                ("error_code", models.CharField(default="", max_length=100)),
                ("body", models.BinaryField(default=b"")),
                (
                    "learner",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to="coach.learnerprofile"
                    ),
                ),
            ],
            options={
                "verbose_name": "idempotency key",
            },
        ),
    ]
