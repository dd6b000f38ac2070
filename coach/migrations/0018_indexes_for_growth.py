"""Find attachments by where their bytes lie; index the ids of notes once, not twice."""

from django.db import migrations, models

from coach.models.database.indexes import AddIndexWhileWriting


class Migration(migrations.Migration):
    # Writes go on while the indexes are built.
    atomic = False

    dependencies = [
        ("coach", "0017_run_figures"),
    ]

    operations = [
        AddIndexWhileWriting(
            "attachmentmetadata",
            models.Index(
                fields=["stored_path"],
                condition=models.Q(("stored_path__isnull", False)),
                name="attachment_by_path",
            ),
        ),
        AddIndexWhileWriting(
            "memoryrecord",
            models.Index(fields=["note_id"], name="memory_by_note_id", opclasses=("varchar_pattern_ops",)),
        ),
        migrations.AlterField("memoryrecord", "note_id", models.CharField(max_length=255)),
    ]
