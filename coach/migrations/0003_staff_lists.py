"""Indexes for the lists and searches of the staff console, and the permissions that its roles hold."""

from django.db import migrations, models

import coach.models.database.search

# The cost keeps the planner from asking the function row by row where it could ask the index.
FUNCTION = """
CREATE OR REPLACE FUNCTION coach_trigrams(text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5000 AS $$
    SELECT coalesce(array_agg(DISTINCT piece), '{}') FROM (
        SELECT letter || lead(letter) OVER places || lead(letter, 2) OVER places AS piece
        FROM unnest(string_to_array(upper($1), NULL)) WITH ORDINALITY AS letters (letter, place)
        WINDOW places AS (ORDER BY place)
    ) AS pieces WHERE piece IS NOT NULL
$$
"""


def create_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION)


def drop_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS coach_trigrams(text)")


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0002_sessions_chat_and_uploads"),
    ]

    operations = [
        migrations.RunPython(create_function, drop_function),
        migrations.AlterModelOptions(
            name="backfillrun",
            options={
                "ordering": ("-started_at", "-id"),
                "permissions": (("import_stores", "Can import stores"), ("export_stores", "Can export data")),
                "verbose_name": "backfill run",
            },
        ),
        migrations.AlterModelOptions(
            name="curriculumschedule",
            options={
                "ordering": ("learner",),
                "permissions": (("regenerate_schedules", "Can regenerate schedules"),),
            },
        ),
        migrations.RemoveIndex(
            model_name="attachmentmetadata",
            name="attachment_by_id",
        ),
        migrations.AddIndex(
            model_name="assessmentsubmission",
            index=models.Index(fields=["graded_by", "-submitted_at", "id"], name="submission_grader_newest"),
        ),
        migrations.AddIndex(
            model_name="assessmentsubmission",
            index=models.Index(
                condition=models.Q(("graded_by__in", ("", "provisional"))),
                fields=["learner"],
                name="submission_to_grade",
            ),
        ),
        migrations.AddIndex(
            model_name="attachmentmetadata",
            index=models.Index(
                fields=["attachment_id"], name="attachment_by_id", opclasses=("varchar_pattern_ops",)
            ),
        ),
        migrations.AddIndex(
            model_name="attachmentmetadata",
            index=models.Index(fields=["-created_at", "id"], name="attachment_newest"),
        ),
        migrations.AddIndex(
            model_name="attachmentmetadata",
            index=models.Index(fields=["kind", "-created_at", "id"], name="attachment_kind_newest"),
        ),
        migrations.AddIndex(
            model_name="attachmentmetadata",
            index=models.Index(
                condition=models.Q(("submission__isnull", True)),
                fields=["-created_at", "id"],
                name="attachment_pending_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="backfillfinding",
            index=models.Index(
                fields=["natural_key"], name="backfill_finding_by_key", opclasses=("text_pattern_ops",)
            ),
        ),
        migrations.AddIndex(
            model_name="curriculumschedule",
            index=models.Index(fields=["-generated_at", "id"], name="schedule_newest"),
        ),
        migrations.AddIndex(
            model_name="learnerprofile",
            index=coach.models.database.search.FragmentIndex(
                fields=["username"], name="learner_username_fragment"
            ),
        ),
        migrations.AddIndex(
            model_name="learnerprofile",
            index=coach.models.database.search.FragmentIndex(fields=["goal"], name="learner_goal_fragment"),
        ),
        migrations.AddIndex(
            model_name="learnerprofile",
            index=models.Index(
                condition=models.Q(("edited_since_import", True)), fields=["id"], name="learner_edited"
            ),
        ),
        migrations.AddIndex(
            model_name="scheduleitem",
            index=models.Index(
                condition=models.Q(("user_adjusted", True)),
                fields=["schedule", "position"],
                name="schedule_item_moved",
            ),
        ),
    ]
