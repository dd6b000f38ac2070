"""Let the name of a revoked token be used again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0020_staff_preferences"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="apitoken",
            options={
                "ordering": ("name", "-id"),
                "verbose_name": "API token",
                "verbose_name_plural": "API tokens",
            },
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="name",
            field=models.CharField(help_text="Who or what uses it.", max_length=100),
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.UniqueConstraint(
                models.F("name"), condition=models.Q(("revoked_at", None)), name="coach_apitoken_living_name"
            ),
        ),
    ]
