"""How many queries each screen takes, however much there is to show. Lists: test_lists.py; learners: test_learner_page.py."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from coach.documents.submissions import Submission
from coach.legacy.running import ledger
from coach.models import AuditEvent, BackfillRun, LearnerProfile
from coach.tests import cast
from coach.tests.legacy import people

pytestmark = pytest.mark.django_db

# Two of them are the session and the account.
COUNTS = {
    "index": 10,
    "operations": 6,
    "import": 2,
    "learner form": 3,
    "learner document": 3,
    "learner history": 5,
    "submission": 4,
    "attachment": 3,
    "schedule": 3,
    "note": 3,
    "run": 7,
    "audit event": 4,
}
# The version of the server, and the sizes of its tables.
MORE_ON_POSTGRESQL = {"operations": 2}


def screens(amara: LearnerProfile, run: BackfillRun, event: AuditEvent) -> dict[str, str]:
    def change(model: str, pk: int) -> str:
        return reverse(f"admin:coach_{model}_change", args=[pk])

    return {
        "index": reverse("admin:index"),
        "operations": reverse("admin:coach_operations"),
        "import": reverse("admin:coach_learnerprofile_import"),
        "learner form": change("learnerprofile", amara.pk),
        "learner document": reverse(
            "admin:coach_learnerprofile_document", args=[amara.pk, "elo_category_plan"]
        ),
        "learner history": reverse("admin:coach_learnerprofile_history", args=[amara.pk]),
        "submission": change("assessmentsubmission", amara.submissions.get(submission_id="sub-graded").pk),
        "attachment": change("attachmentmetadata", amara.attachments.get(attachment_id="att-file").pk),
        "schedule": change("curriculumschedule", amara.schedule.pk),
        "note": change("memoryrecord", amara.memory_records.first().pk),
        "run": change("backfillrun", run.pk),
        "audit event": change("auditevent", event.pk),
    }


def counted(console, url) -> int:
    console.get(url)  # content types are read once a process
    with CaptureQueriesContext(connection) as queries:
        assert console.get(url).status_code == 200
    return len(queries)


def more_of_everything(amara: LearnerProfile) -> None:
    for number in range(12):
        cast.submission(amara, Submission.model_validate(people.submission(f"more-{number}")))
        cast.learner(cast.FELIX, username=f"more-{number}")
        AuditEvent.objects.create(learner=amara, username="amara", actor="a test", action="a.test")
        ledger.start(source="command", actor="a test", version="0", options={}, files=[])


@pytest.mark.parametrize("screen", COUNTS)
def test_a_screen_takes_so_many_queries_however_much_there_is(console, amara, screen):
    run = ledger.start(source="command", actor="a test", version="0", options={}, files=[])
    event = AuditEvent.objects.create(learner=amara, username="amara", actor="a test", action="a.test")
    url = screens(amara, run, event)[screen]

    wanted = COUNTS[screen]
    if connection.vendor == "postgresql":
        wanted += MORE_ON_POSTGRESQL.get(screen, 0)

    assert counted(console, url) == wanted
    more_of_everything(amara)
    assert counted(console, url) == wanted
