"""Earlier findings whose records a later run dealt with are resolved."""

from django.db import migrations
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

_ROWS = {
    "profiles": ("LearnerProfile", "username"),
    "submissions": ("AssessmentSubmission", "submission_id"),
    "attachments": ("AttachmentMetadata", "attachment_id"),
}


def resolve_earlier(apps, schema_editor):
    using = schema_editor.connection.alias
    findings = apps.get_model("coach", "BackfillFinding").objects.using(using)
    last = apps.get_model("coach", "BackfillRun").objects.using(using).aggregate(last=Max("pk"))["last"]
    found_again = findings.filter(
        store=OuterRef("store"), natural_key=OuterRef("natural_key"), run__gt=OuterRef("run")
    )
    resolved = Q(Exists(found_again))
    for store, (model, column) in _ROWS.items():
        rows = apps.get_model("coach", model).objects.using(using)
        later = rows.filter(**{column: OuterRef("natural_key")}, imported_by__gt=OuterRef("run"))
        resolved |= Q(store=store) & Q(Exists(later))
    settled = (~Q(natural_key="") & resolved) | (Q(natural_key="") & ~Q(run=last))
    keys = list(findings.filter(settled).values_list("pk", flat=True))
    for start in range(0, len(keys), 1000):
        batch = findings.filter(pk__in=keys[start : start + 1000])
        batch.update(resolution="later_run", resolved_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("coach", "0023_open_findings")]

    operations = [migrations.RunPython(resolve_earlier, migrations.RunPython.noop)]
