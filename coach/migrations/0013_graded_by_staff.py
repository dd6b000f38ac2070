"""Let a grade be given by staff."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("coach", "0012_roles_read_versions"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="assessmentsubmission",
            name="submission_grader_known",
        ),
        migrations.AlterField(
            model_name="assessmentsubmission",
            name="graded_by",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "not graded"),
                    ("imported", "imported with its grade"),
                    ("provisional", "provisional, by rule"),
                    ("model", "language model"),
                    ("staff", "by hand"),
                ],
                default="",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="assessmentsubmission",
            constraint=models.CheckConstraint(
                condition=models.Q(("graded_by__in", ("", "imported", "provisional", "model", "staff"))),
                name="submission_grader_known",
            ),
        ),
    ]
