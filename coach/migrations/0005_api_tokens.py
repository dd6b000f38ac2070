"""Bearer tokens, and the counters of throttles."""

from django.db import migrations, models

import coach.documents.base


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0004_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(help_text="Who or what uses it.", max_length=100, unique=True)),
                ("key", models.CharField(editable=False, max_length=16, unique=True)),
                (
                    "digest",
                    models.CharField(
                        editable=False, help_text="sha256 of the token, hexadecimal.", max_length=64
                    ),
                ),
                ("created_at", models.DateTimeField(default=coach.documents.base.utc_now, editable=False)),
                ("created_by", models.TextField(blank=True, default="", editable=False)),
                (
                    "expires_at",
                    models.DateTimeField(
                        blank=True, help_text="From then on it is refused; blank: never.", null=True
                    ),
                ),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "last_used_at",
                    models.DateTimeField(blank=True, editable=False, help_text="To the minute.", null=True),
                ),
            ],
            options={
                "verbose_name": "API token",
                "verbose_name_plural": "API tokens",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="ThrottleWindow",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("started", models.BigIntegerField(db_index=True, help_text="Seconds since 1970.")),
                ("count", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name": "throttle window",
            },
        ),
    ]
