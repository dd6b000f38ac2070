"""What a learner has launched and completed, beside each item. New columns only: no row is rewritten."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0007_words"),
    ]

    operations = [
        migrations.AddField("scheduleitem", "active_session_id", models.TextField(blank=True, null=True)),
        migrations.AddField("scheduleitem", "last_completed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("scheduleitem", "last_launched_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "scheduleitem",
            "launch_status",
            models.CharField(
                choices=[
                    ("pending", "Pending"),
                    ("in_progress", "In Progress"),
                    ("completed", "Completed"),
                ],
                db_default="pending",
                default="pending",
                max_length=16,
            ),
        ),
        migrations.AddIndex(
            "scheduleitem",
            models.Index(
                fields=("schedule", "launch_status"),
                condition=~models.Q(launch_status="pending"),
                name="schedule_item_progress",
            ),
        ),
        migrations.AddConstraint(
            "scheduleitem",
            models.CheckConstraint(
                condition=models.Q(launch_status__in=("pending", "in_progress", "completed")),
                name="schedule_item_launch_status_known",
            ),
        ),
    ]
