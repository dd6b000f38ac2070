"""The learner page: everything there is to know about one learner, with a fixed number of queries."""

from __future__ import annotations

import json
import re

import pytest

from coach.models import AuditEvent, BackfillFinding, BackfillRun, CurriculumSchedule, LearnerProfile
from coach.models.versions import fingerprint
from coach.services import progress, schedules, staff
from coach.tests import cast
from coach.tests.legacy import people

QUERIES = 11


def page(console, learner):
    response = console.get(f"/admin/coach/learnerprofile/{learner.pk}/")
    assert response.status_code == 200
    return response.content.decode()


def test_it_says_who_this_is(console, amara):
    shown = page(console, amara)
    for text in ("Read any query plan.", "Reports at work.", "Europe/Berlin", "patient", "made by the API"):
        assert text in shown


def test_it_alerts_to_what_waits_for_staff(console, amara):
    shown = page(console, amara)
    assert "1 submission is not graded." in shown
    assert "1 uploaded file has no bytes" in shown


def test_what_there_is_one_of_is_in_the_singular(console, amara):
    text = re.sub(r"<[^>]*>", " ", page(console, amara))
    assert "1 submission is" in text
    assert re.findall(r"(?<![\w.,:-])1 \w+s\b", text) == []


def test_a_stale_schedule_is_an_alert_with_the_last_warning(console, amara):
    schedule = amara.schedule
    schedule.is_stale = True
    schedule.warnings = (
        '[{"code":"refresh_failed","message":"It failed.","generated_at":"2026-01-01T00:00:00Z"}]'
    )
    schedule.save()
    assert "The schedule is stale. It failed." in page(console, amara)


def test_records_that_a_run_rejected_are_alerts_until_they_are_resolved(console, amara):
    run = BackfillRun.objects.create(source="command", actor="a", version="0")
    BackfillFinding.objects.create(
        run=run, outcome="conflict", store="profiles", place="$.amara", username="amara", code="both_moved"
    )
    assert "is in conflict (both_moved)" in page(console, amara)
    BackfillFinding.objects.open().resolve("ours", by="staff boss")
    assert "both_moved" not in page(console, amara)


def test_ratings_stand_with_start_change_and_course(console, amara):
    shown = page(console, amara)
    assert "SQL Reading" in shown
    assert "ratings in SQL Reading: 1100, 1150, 1180" in shown
    assert "+80" in shown


def test_the_schedule_is_told_by_week_with_what_was_moved(console, amara):
    shown = page(console, amara)
    assert "Week 1: 2 Apr to 8 Apr 2025" in shown
    assert "Week 2: 9 Apr to 15 Apr 2025" in shown
    assert '<span class="badge badge-calm">moved</span>' in shown


def test_submissions_show_score_and_grader(console, amara):
    shown = page(console, amara)
    assert "sub-graded" in shown
    assert "75 %" in shown


def test_files_are_downloads_where_there_are_bytes(console, amara):
    shown = page(console, amara)
    assert shown.count(">download</a>") == 1
    assert "no bytes" in shown


def test_only_web_addresses_become_links(console, amara):
    shown = page(console, amara)
    assert 'href="https://example.org/docs"' in shown
    assert 'href="javascript:' not in shown
    assert "javascript:alert(1)" in shown


def test_what_a_learner_wrote_is_text(console, amara):
    LearnerProfile.objects.filter(pk=amara.pk).update(
        goal="<script>alert(1)</script>", strengths="<img src=x>"
    )
    shown = page(console, amara)
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_the_timeline_holds_all_kinds_newest_first(console, amara, staff):
    from coach.services import staff as use_cases

    use_cases.edit_learner(
        user=staff("superuser"),
        username="amara",
        changes={"goal": "New."},
        seen={"goal": fingerprint(amara.goal)},
    )
    response = console.get(f"/admin/coach/learnerprofile/{amara.pk}/")
    entries = response.context["page"].timeline
    assert {entry.kind for entry in entries} >= {"submission", "grading", "schedule", "attachment", "staff"}
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)


def test_everything_costs_the_same_number_of_queries(console, amara, django_assert_num_queries):
    felix = cast.learner(cast.FELIX)
    page(console, amara)  # content types are read once a process
    with django_assert_num_queries(QUERIES):
        page(console, amara)
    # Without a schedule there are no items to read.
    with django_assert_num_queries(QUERIES - 1):
        page(console, felix)


def test_a_learner_with_nothing_is_told_what_comes_next(console, db):
    shown = page(console, cast.learner(cast.FELIX))
    assert "No schedule yet." in shown
    assert "No assessment yet" in shown


def test_a_learner_who_is_gone_is_not_found(console):
    assert console.get("/admin/coach/learnerprofile/4711/").status_code == 404


def test_the_json_is_the_stored_profile(console, amara):
    response = console.get(f"/admin/coach/learnerprofile/{amara.pk}/json/")
    assert json.loads(response.context["text"]) == json.loads(amara.to_document().to_json())


def test_regenerating_makes_the_schedule_anew_and_says_who_did(console, amara):
    response = console.post(f"/admin/coach/learnerprofile/{amara.pk}/regenerate/", follow=True)
    assert "The schedule was generated again." in response.content.decode()
    assert AuditEvent.objects.get(action="schedule.generated").actor == "staff superuser"


def test_a_schedule_that_cannot_be_made_is_told(console, db):
    felix = cast.learner(cast.FELIX)
    response = console.post(f"/admin/coach/learnerprofile/{felix.pk}/regenerate/", follow=True)
    assert "No schedule can be made" in response.content.decode()


def test_a_download_is_never_shown_by_the_browser(console, amara):
    found = amara.attachments.get(attachment_id="att-file")
    response = console.get(f"/admin/coach/attachmentmetadata/{found.pk}/download/")
    assert b"".join(response.streaming_content) == b"print"
    assert response["Content-Disposition"] == 'attachment; filename="kept.py"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_bytes_that_are_not_there_are_not_found(console, amara):
    lost = amara.attachments.get(attachment_id="att-lost")
    assert console.get(f"/admin/coach/attachmentmetadata/{lost.pk}/download/").status_code == 404


@pytest.mark.parametrize(
    "members", [{"timezone": "Mars/Olympus"}, {"elo_snapshot": {}}, {"elo_category_plan": None}]
)
def test_odd_learners_have_a_page_too(console, db, members):
    assert page(console, cast.learner(cast.AMARA, curriculum_schedule=people.schedule(), **members))


def test_the_services_are_those_of_the_api(amara):
    assert {field.attname for field in LearnerProfile._meta.concrete_fields} >= staff.EDITABLE_COLUMNS
    assert schedules.stored_or_none(amara) is not None


def test_it_shows_what_is_completed_in_progress_and_missed(console, amara):
    schedules.read(username="amara", refresh=True)
    progress.complete(username="amara", item_id="lesson-joins")
    amara.schedule.items.filter(item_id="quiz-joins").update(launch_status="in_progress")
    CurriculumSchedule.objects.update(generated_at=cast.NOON)
    shown = page(console, amara)
    assert "completed an item" in shown
    for words, kind in (("completed", "good"), ("in progress", "warn"), ("missed", "calm")):
        assert f'<span class="badge badge-{kind}">{words}</span>' in shown
    listed = console.get("/admin/coach/learnerprofile/").content.decode()
    assert "progress=completed" in listed
