"""Findings resolved in the console: conflicts decided as the command decides them, rejected records mended in a form."""

from __future__ import annotations

import json
import re
import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.forms.models import model_to_dict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.legacy.running.lock import RunLock
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    AuditEvent,
    BackfillFinding,
    BackfillRun,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
    RecordVersion,
    ScheduleItem,
)
from coach.tests.admin.conftest import ROLES
from coach.tests.legacy.conftest import Stores
from coach.tests.legacy.people import FULL_AMARA, attachment, note, profile, submission
from coach.tests.management.commands.test_backfill import manage

pytestmark = pytest.mark.django_db

ROWS = (
    LearnerProfile,
    MemoryRecord,
    CurriculumSchedule,
    ScheduleItem,
    AssessmentSubmission,
    AttachmentMetadata,
    RecordVersion,
)
BASE = FULL_AMARA | {"shoe_size": 40}
THEIRS = profile(
    "amara",
    elo_snapshot={"http": 1300, "sql": 1200},
    memory_records=[note("n1", note="There."), note("n3")],
    strengths="There.",
    last_updated="2025-05-05T12:00:00Z",
    shoe_size=41,
)
SENT = submission("s1", attachments=[attachment("a1")], mood="good")


@pytest.fixture
def stores(tmp_path, settings):
    settings.LEGACY_DATA_DIR = settings.BASE_DIR = tmp_path
    return Stores(tmp_path)


def address(finding, page="resolve"):
    return f"/admin/coach/backfillfinding/{finding.pk}/{page}/"


def form_of(client, finding):
    return client.get(address(finding, "change")).context["form"]


def decide(client, finding, decision, theirs=(), **sent):
    """Decide a conflict as its page shows it; answers the response, redirects followed."""
    form = form_of(client, finding)
    paths = {
        f"path-{number}": "theirs" if change.path in theirs else "ours"
        for number, change in enumerate(form.choices)
    }
    return client.post(
        address(finding), {"decision": decision, "seen": form["seen"].value(), **paths, **sent}, follow=True
    )


def conflicts(stores):
    """A conflict in each store, after runs of the command."""
    stores.write(profiles=[BASE], submissions={"amara": [SENT]}, attachments={"amara": [attachment("a2")]})
    assert manage("backfill").status == 0
    for model in (LearnerProfile, AssessmentSubmission):
        row = model.objects.get()
        field = "goal" if model is LearnerProfile else "metadata"
        setattr(row, field, "Here." if model is LearnerProfile else '{"here": "1"}')
        row.save()
    pending = AttachmentMetadata.objects.pending().get()
    pending.description = "Here."
    pending.save()
    stores.write(
        profiles=json.dumps({"amara": THEIRS}, indent=2).encode(),
        submissions={"amara": [{**SENT, "metadata": {"there": "2"}, "attachments": []}]},
        attachments={"amara": [{**attachment("a2"), "name": "There."}]},
    )
    assert manage("backfill").status == 2
    found = BackfillFinding.objects.order_by("pk")
    assert [row.outcome for row in found] == ["conflict"] * 3
    return list(found)


def database():
    """Every row that an import writes, without keys, runs and the times of runs."""
    dropped = {"id", "learner", "schedule", "submission", "run", "at", "event", "imported_by", "imported_at"}
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name.removesuffix("_id") not in dropped}
            for row in model._base_manager.order_by("pk").values()
        ]
        for model in ROWS
    }


# --- conflicts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("decision", "option"), [("theirs", "overwrite"), ("ours", "keep")])
@pytest.mark.parametrize("by_path", [False, True], ids=["whole", "by path"])
def test_a_decision_leaves_the_database_as_the_commands_option_does(
    console, stores, decision, option, by_path
):
    findings = conflicts(stores)
    before = database()
    for finding in findings:
        every = [change.path for change in form_of(console, finding).choices]
        chosen = every if decision == "theirs" else ()
        answer = decide(console, finding, "chosen" if by_path else decision, chosen)
        assert "Resolved" in answer.content.decode()
    by_staff = database()
    assert manage("backfill").status == 0  # it is remembered
    assert database() == by_staff

    for model in (RecordVersion, AttachmentMetadata, AssessmentSubmission, LearnerProfile):
        model.objects.all().delete()
    BackfillFinding.objects.all().delete()
    conflicts(stores)
    assert database() == before
    manage("backfill", f"--on-conflict={option}")
    assert database() == by_staff


def test_a_conflict_is_decided_path_by_path_and_remembered(console, stores):
    finding, *_ = conflicts(stores)
    paths = [change.path for change in form_of(console, finding).choices]
    assert {"$.goal", "$.strengths", "$.memory_records[1].note_id", "$ (unknown members)"} <= set(paths)
    decide(console, finding, "chosen", {"$.strengths", "$.memory_records[0].note"})
    row = LearnerProfile.objects.get()
    assert (row.goal, row.strengths, row.edited_since_import) == ("Here.", "There.", True)
    assert [(one.note_id, one.note) for one in row.memory_records.order_by("position")] == [
        ("n1", "There."),
        ("n2", "about n2"),
    ]
    assert json.loads(row.unknown_members)["$.shoe_size"] == 40
    finding.refresh_from_db()
    assert (finding.resolution, finding.resolved_by, finding.record) == ("chosen", "staff superuser", None)
    [version] = RecordVersion.objects.filter(kind="profile")
    assert version.run == finding.resolved_run
    assert set(version.members()) == {"strengths", "memory_records"}
    # Decided is decided; a newer record of the store is another conflict, since parts of the row are our own.
    assert manage("backfill").report["stores"]["profiles"]["kept"] == 1
    stores.write(profiles=[{**THEIRS, "strengths": "Newer."}])
    assert manage("backfill").report["stores"]["profiles"]["conflict"] == 1


def test_a_choice_that_is_the_last_import_again_is_written_too(console, stores):
    stores.write(profiles=[profile("amara", strengths="Then.")])
    manage("backfill")
    LearnerProfile.objects.update(goal="Here.", edited_since_import=True)
    stores.write(profiles=[profile("amara", strengths="There.")])
    manage("backfill")
    decide(console, BackfillFinding.objects.get(), "chosen", {"$.goal"})
    row = LearnerProfile.objects.get()
    assert (row.goal, row.strengths) == ("amara's goal", "Then.")
    assert manage("backfill").status == 0


def test_a_choice_that_makes_no_valid_record_is_refused_with_its_reason(console, stores):
    stores.write(profiles=[profile("amara", memory_records=[note("n1"), note("n2")])])
    manage("backfill")
    LearnerProfile.objects.update(goal="Here.", edited_since_import=True)
    stores.write(profiles=[profile("amara", memory_records=[note("n2"), note("n1")])])
    manage("backfill")
    finding = BackfillFinding.objects.get()
    page = decide(console, finding, "chosen", {"$.memory_records[0].note_id"}).content.decode()
    assert "an earlier note of this learner has the same id" in page
    assert BackfillFinding.objects.open().count() == 1
    assert BackfillRun.objects.count() == 2


def test_a_row_that_moved_since_it_was_shown_is_not_written_and_shown_again(console, stores):
    finding, *_ = conflicts(stores)
    seen = form_of(console, finding)["seen"].value()
    LearnerProfile.objects.update(goal="Meanwhile.")
    page = decide(console, finding, "theirs", seen=seen).content.decode()
    assert "the record here was changed since this page was shown" in page
    assert "Meanwhile." in page
    assert "amara&#x27;s goal" in page
    assert LearnerProfile.objects.get().goal == "Meanwhile."
    decide(console, finding, "theirs")
    assert LearnerProfile.objects.get().goal == "amara's goal"


def test_a_conflict_that_is_none_any_more_is_imported_as_any_record(console, stores):
    finding, *_ = conflicts(stores)
    LearnerProfile.objects.all().delete()
    assert not form_of(console, finding).is_open
    decide(console, finding, "later_run")
    assert LearnerProfile.objects.get().strengths == "There."
    assert BackfillFinding.objects.get(pk=finding.pk).resolved_at


def test_who_decided_is_on_record(console, stores):
    finding, *_ = conflicts(stores)
    decide(console, finding, "ours")
    event = AuditEvent.objects.get(action="import.resolved")
    assert (event.actor, event.username) == ("staff superuser", "amara")
    assert event.detail_members["resolution"] == "ours"
    assert LogEntry.objects.get().change_message == f"Resolved finding {finding.pk}: kept as it was here."
    run = BackfillRun.objects.latest("pk")
    assert (run.source, run.actor, run.state) == ("admin", "staff superuser", "done")
    page = console.get(f"/admin/coach/backfillrun/{run.pk}/change/").content.decode()
    assert "Earlier findings that it resolved" in page
    assert "kept as it was here" in console.get(address(finding, "change")).content.decode()


@pytest.mark.parametrize("role", ROLES)
def test_operators_decide_and_viewers_see(as_role, stores, role):
    finding, *_ = conflicts(stores)
    client, may = as_role(role), role in ("operator", "superuser")
    page = client.get(address(finding, "change")).content.decode()
    assert "Here." in page
    assert "There." in page
    assert ("Keep all that is here" in page) == may
    assert ("Set aside" in page) == may
    for name in ("set_aside", "resolve"):
        answer = client.post(address(finding, name), {"decision": "ours", "seen": "x"})
        assert (answer.status_code == 403) == (not may)


def test_what_is_resolved_is_not_resolved_again(console, stores):
    finding, *_ = conflicts(stores)
    seen = form_of(console, finding)["seen"].value()
    console.post(address(finding, "set_aside"))
    assert BackfillFinding.objects.get(pk=finding.pk).resolution == "set_aside"
    for page, sent in (("resolve", {"decision": "theirs", "seen": seen}), ("set_aside", {})):
        answer = console.post(address(finding, page), sent, follow=True)
        assert "was resolved already" in answer.content.decode()
    assert LearnerProfile.objects.get().goal == "Here."
    assert AuditEvent.objects.filter(action="import.resolved").count() == 1


@pytest.mark.parametrize("decision", ["set_aside", "mended", "later_run"])
def test_a_decision_that_is_not_offered_is_not_taken(console, stores, decision):
    finding, *_ = conflicts(stores)
    decide(console, finding, decision, {"$.strengths"})
    assert not BackfillFinding.objects.get(pk=finding.pk).resolved_at
    assert LearnerProfile.objects.get().strengths != "There."


def test_another_run_at_work_is_told(console, stores, monkeypatch, transactional_db):
    monkeypatch.setattr("coach.admin.imports.views.PATIENCE_SECONDS", 0)
    finding, *_ = conflicts(stores)
    with RunLock():
        page = decide(console, finding, "theirs").content.decode()
    assert "Another import is running" in page
    assert LearnerProfile.objects.get().goal == "Here."


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql("SQLite has no row locks")
def test_an_edit_between_the_look_and_the_write_is_waited_for(console, stores, monkeypatch):
    finding, *_ = conflicts(stores)
    locked, edited = threading.Event(), threading.Event()

    def edit():
        from django.db import transaction

        try:
            with transaction.atomic():
                row = LearnerProfile.objects.select_for_update().get()
                locked.set()
                edited.wait(5)
                row.goal = "Meanwhile."
                row.save()
        finally:
            connection.close()

    thread = threading.Thread(target=edit)
    seen = form_of(console, finding)["seen"].value()
    thread.start()
    locked.wait(5)
    threading.Timer(0.5, edited.set).start()
    page = decide(console, finding, "theirs", seen=seen).content.decode()
    thread.join()
    assert "the record here was changed since this page was shown" in page
    assert LearnerProfile.objects.get().goal == "Meanwhile."


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_choice_leaves_each_path_as_it_was_chosen(console, stores, data):
    """Small model: a dictionary of paths, each with the value of the side that was chosen."""
    members = ("goal", "use_case", "strengths")
    BackfillFinding.objects.all().delete()
    LearnerProfile.objects.all().delete()
    stores.write(profiles=[profile("amara")])
    manage("backfill")
    texts = st.sampled_from(["a", "b", "c"])
    ours = {name: data.draw(texts, f"ours {name}") for name in members}
    LearnerProfile.objects.update(edited_since_import=True, **ours)
    theirs = {name: data.draw(texts, f"theirs {name}") for name in members}
    stores.write(profiles=[profile("amara", **theirs)])
    manage("backfill")
    finding = BackfillFinding.objects.open().first()
    if finding is None:
        assert ours == theirs
        return
    chosen = {name for name in members if data.draw(st.booleans(), name)}
    decide(console, finding, "chosen", {f"$.{name}" for name in chosen})
    row = LearnerProfile.objects.get()
    for name in ours:
        assert getattr(row, name) == (theirs if name in chosen else ours)[name]
    assert manage("backfill").status == 0


# --- rejected records -------------------------------------------------------------------------------


def rejected(stores, **content):
    stores.write(**content)
    assert manage("backfill").status == 2
    return BackfillFinding.objects.latest("pk")


def mend(client, finding, text, **sent):
    return client.post(address(finding), {"record": text, **sent}, follow=True)


BAD = {"felix": profile("felix", goal=["no text"], n=12345678901234567890.0)}


def test_a_rejected_record_is_shown_as_text_with_its_faults_at_their_lines(console, stores):
    finding = rejected(stores, profiles=BAD)
    page = console.get(address(finding, "change")).content.decode()
    assert "Line 3: $.goal: Input should be a valid string" in page
    assert form_of(console, finding)["record"].value().splitlines()[1:4] == [
        '  "username": "felix",',
        '  "goal": [',
        '    "no text"',
    ]


def test_a_mended_record_is_imported_by_a_run_of_its_own(console, stores):
    finding = rejected(stores, profiles=BAD)
    page = mend(console, finding, json.dumps(profile("felix"), indent=1)).content.decode()
    assert re.search("Resolved by run [0-9]+, for felix: 1 read, 1 created.", page)
    row = LearnerProfile.objects.get()
    finding.refresh_from_db()
    assert (finding.resolution, finding.resolved_by, finding.record) == ("mended", "staff superuser", None)
    assert finding.resolved_run == row.imported_by == BackfillRun.objects.latest("pk")
    stores.write(profiles=[profile("felix")])
    assert manage("backfill").report["stores"]["profiles"]["unchanged"] == 1


def test_the_learner_whom_a_mended_record_names_is_told(console, stores):
    finding = rejected(stores, profiles=BAD)
    page = mend(console, finding, json.dumps(profile("nadia"))).content.decode()
    assert re.search("Resolved by run [0-9]+, for nadia: 1 read, 1 created.", page)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{\n"username": "felix",\n"goal": }', "Line 3: no JSON"),
        ('{\n"username": "felix",\n"goal": 7}', "Line 3: $.goal: Input should be a valid string"),
        ("[]", "an object is expected"),
        ('{"username": "felix",\n"goal": "a\nb"}', "Line 2: no JSON"),
        ("[" * 90_000, "no JSON"),
        ('{"username": "felix", "goal": "x",\n "goal": "y"}', "Line 1: $.goal: the member is repeated"),
    ],
)
def test_what_cannot_be_imported_is_marked_at_its_place_and_nothing_is_written(console, stores, text, fault):
    finding = rejected(stores, profiles=BAD)
    answer = mend(console, finding, text)
    page = answer.content.decode()
    assert fault in page
    field = re.search(r"<textarea[^>]*>", page)[0]
    assert 'aria-invalid="true"' in field
    assert "autofocus" in field
    assert "<title>Error: " in page.replace("\n", "")
    assert not LearnerProfile.objects.exists()
    assert (BackfillRun.objects.count(), BackfillFinding.objects.count()) == (1, 1)


def test_a_record_of_an_unknown_learner_gets_another_owner(console, stores):
    finding = rejected(stores, profiles=[profile("amara")], submissions={"amarra": [submission("s1")]})
    text = form_of(console, finding)["record"].value()
    assert "no learner has this name" in mend(console, finding, text, owner="amarra").content.decode()
    mend(console, finding, text, owner=" Amara ")
    assert AssessmentSubmission.objects.get().learner.username == "amara"
    assert AuditEvent.objects.get(action="import.resolved").username == "amara"


def test_what_was_no_list_of_records_becomes_several(console, stores):
    finding = rejected(stores, profiles=[profile("amara")], submissions={"amara": 7})
    mend(console, finding, json.dumps([submission("s1"), submission("s2")]), owner="amara")
    assert set(AssessmentSubmission.objects.values_list("submission_id", flat=True)) == {"s1", "s2"}


def test_a_mended_record_in_conflict_leads_to_the_decision(console, stores):
    stores.write(profiles=[profile("felix")])
    manage("backfill")
    LearnerProfile.objects.update(goal="Here.", edited_since_import=True)
    finding = rejected(stores, profiles=BAD)
    answer = mend(console, finding, json.dumps(profile("felix", goal="There.")))
    assert "is in conflict with what is here" in answer.content.decode()
    conflict = answer.context["row"]
    assert (conflict.outcome, conflict.resolved_at) == ("conflict", None)
    assert LearnerProfile.objects.get().goal == "Here."
    decide(console, conflict, "theirs")
    assert LearnerProfile.objects.get().goal == "There."
    assert not BackfillFinding.objects.open().exists()


def test_a_record_that_is_not_kept_names_the_way(console, stores, monkeypatch):
    monkeypatch.setattr("coach.legacy.running.ledger.LARGEST_KEPT", 10)
    finding = rejected(stores, profiles=BAD)
    page = console.get(address(finding, "change")).content.decode()
    assert "--retry-rejected FILE" in page
    assert console.post(address(finding), {"record": "{}"}).status_code == 302


def test_contents_reach_neither_logs_nor_audit(console, stores, caplog):
    finding = rejected(stores, profiles=BAD)
    mend(console, finding, json.dumps(profile("felix", goal=["my secret"])))
    mend(console, finding, json.dumps(profile("felix", goal="my secret")))
    kept = [
        model_to_dict(row)
        for row in (*AuditEvent.objects.all(), *BackfillRun.objects.all(), *LogEntry.objects.all())
    ]
    assert "secret" not in repr(kept) + caplog.text
