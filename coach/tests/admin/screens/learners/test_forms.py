"""Editing: validated, under the learner's lock, with an audit event and a history entry, and nobody's work lost."""

from __future__ import annotations

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.forms import modelform_factory

from coach.admin.screens.learners.forms import EditForm
from coach.models import AuditEvent, LearnerProfile
from coach.services import staff as use_cases

FIELDS = ("goal", "use_case", "strengths", "timezone", "knowledge_tags")


def form_of(console, learner):
    """The profile form as the browser shows it, ready to be sent."""
    response = console.get(f"/admin/coach/learnerprofile/{learner.pk}/change/")
    form = response.context["form"]
    values = {name: form[name].value() or "" for name in FIELDS}
    return {**values, "seen": json.dumps(form.initial["seen"])}


def send(console, learner, values):
    return console.post(f"/admin/coach/learnerprofile/{learner.pk}/change/", values, follow=True)


def test_a_changed_field_is_saved_with_audit_event_and_history_entry(console, amara):
    send(console, amara, {**form_of(console, amara), "goal": "Tune slow queries."})
    assert LearnerProfile.objects.get(pk=amara.pk).goal == "Tune slow queries."
    event = AuditEvent.objects.get(action="learner.edited")
    assert (event.actor, event.detail_members) == ("staff superuser", {"changed": ["goal"]})
    assert LogEntry.objects.get(object_id=str(amara.pk)).get_change_message() == "Changed goal."


def test_a_form_that_was_not_touched_writes_nothing(console, amara):
    before = LearnerProfile.objects.values().get(pk=amara.pk)
    send(console, amara, form_of(console, amara))
    assert LearnerProfile.objects.values().get(pk=amara.pk) == before
    assert not AuditEvent.objects.exists()


def test_line_breaks_of_browsers_change_nothing(console, amara):
    LearnerProfile.objects.filter(pk=amara.pk).update(goal="one\ntwo")
    values = form_of(console, amara)
    send(console, amara, {**values, "goal": "one\r\ntwo"})
    assert not AuditEvent.objects.exists()


def test_tags_are_edited_one_a_line(console, amara):
    values = form_of(console, amara)
    assert values["knowledge_tags"] == "sql\npatient"
    send(console, amara, {**values, "knowledge_tags": "sql\r\n\r\n thảo \r\n"})
    assert LearnerProfile.objects.get(pk=amara.pk).tags == ["sql", "thảo"]


def test_a_time_zone_that_does_not_exist_is_refused(console, amara):
    response = send(console, amara, {**form_of(console, amara), "timezone": "Mars/Olympus"})
    assert "There is no such time zone." in response.content.decode()
    assert LearnerProfile.objects.get(pk=amara.pk).timezone == "Europe/Berlin"


def test_what_somebody_else_changed_meanwhile_is_kept(console, amara):
    values = form_of(console, amara)
    LearnerProfile.objects.filter(pk=amara.pk).update(use_case="Changed by a session.")
    send(console, amara, {**values, "goal": "Tune slow queries."})
    row = LearnerProfile.objects.get(pk=amara.pk)
    assert (row.goal, row.use_case) == ("Tune slow queries.", "Changed by a session.")


def test_what_both_changed_is_told_and_written_only_when_sent_again(console, amara):
    values = {**form_of(console, amara), "goal": "Mine."}
    LearnerProfile.objects.filter(pk=amara.pk).update(goal="Theirs.")
    response = send(console, amara, values)
    assert "Somebody else changed this meanwhile" in response.content.decode()
    assert LearnerProfile.objects.get(pk=amara.pk).goal == "Theirs."
    again = {**values, "seen": response.context["form"].data["seen"]}
    send(console, amara, again)
    assert LearnerProfile.objects.get(pk=amara.pk).goal == "Mine."


def test_what_both_changed_is_told_along_with_every_other_fault(console, amara):
    values = {**form_of(console, amara), "goal": "Mine.", "timezone": "Mars/Olympus"}
    LearnerProfile.objects.filter(pk=amara.pk).update(goal="Theirs.")
    response = send(console, amara, values)
    assert sorted(response.context["form"].errors) == ["goal", "timezone"]
    assert "What stands there now: &#x27;Theirs.&#x27;" in response.content.decode()
    again = {**values, "timezone": "Asia/Tokyo", "seen": response.context["form"].data["seen"]}
    send(console, amara, again)
    row = LearnerProfile.objects.get(pk=amara.pk)
    assert (row.goal, row.timezone) == ("Mine.", "Asia/Tokyo")


def test_what_is_changed_while_a_form_is_being_checked_is_told_too(console, staff, amara):
    form_class = modelform_factory(LearnerProfile, form=EditForm, fields=FIELDS)
    form = form_class({**form_of(console, amara), "goal": "Mine."}, instance=amara)
    assert form.is_valid()
    LearnerProfile.objects.filter(pk=amara.pk).update(goal="Theirs.")
    assert not form.write(staff("coach"))
    assert list(form.errors) == ["goal"]
    assert LearnerProfile.objects.get(pk=amara.pk).goal == "Theirs."


def test_a_learner_who_is_deleted_while_a_form_is_being_checked_is_told_too(console, staff, amara):
    form_class = modelform_factory(LearnerProfile, form=EditForm, fields=FIELDS)
    form = form_class({**form_of(console, amara), "goal": "Mine."}, instance=amara)
    assert form.is_valid()
    LearnerProfile.objects.get().delete()

    assert not form.write(staff("coach"))
    assert form.non_field_errors() == ["Nothing was written: There is no learner called 'amara'."]


def test_a_form_without_what_was_seen_overwrites_nothing(console, amara):
    values = {**form_of(console, amara), "goal": "Mine.", "seen": "rubbish"}
    send(console, amara, values)
    assert LearnerProfile.objects.get(pk=amara.pk).goal == "Read any query plan."


# --- documents --------------------------------------------------------------------------------------


def document_form(console, learner, column):
    response = console.get(f"/admin/coach/learnerprofile/{learner.pk}/documents/{column}/")
    form = response.context["form"]
    return {column: form[column].value(), "seen": form["seen"].value()}


def send_document(console, learner, column, values):
    return console.post(f"/admin/coach/learnerprofile/{learner.pk}/documents/{column}/", values, follow=True)


def test_a_document_is_saved_and_what_is_derived_from_it_follows(console, amara):
    values = document_form(console, amara, "elo_category_plan")
    plan = json.loads(values["elo_category_plan"])
    plan["categories"].append({"key": "http", "label": "HTTP", "description": "Requests."})
    send_document(console, amara, "elo_category_plan", {**values, "elo_category_plan": json.dumps(plan)})
    row = LearnerProfile.objects.get(pk=amara.pk)
    assert [category.key for category in row.plan.categories] == ["sql-reading", "http"]
    assert '"http"' in row.extended_assessment
    assert AuditEvent.objects.get(action="learner.edited").detail_members == {
        "changed": ["elo_category_plan"]
    }


def test_a_fault_is_told_at_its_place_and_nothing_is_written(console, amara):
    values = document_form(console, amara, "elo_category_plan")
    before = LearnerProfile.objects.values().get(pk=amara.pk)
    heavy = values["elo_category_plan"].replace("1.0", '"heavy"')
    response = send_document(console, amara, "elo_category_plan", {**values, "elo_category_plan": heavy})
    assert "$.categories[0].weight" in response.content.decode()
    assert LearnerProfile.objects.values().get(pk=amara.pk) == before


def test_the_order_of_ratings_is_that_of_the_text(console, amara):
    values = document_form(console, amara, "elo_snapshot")
    send_document(console, amara, "elo_snapshot", {**values, "elo_snapshot": '{"zebra": 1, "ant": 2}'})
    assert LearnerProfile.objects.get(pk=amara.pk).elo_snapshot == '{"zebra":1,"ant":2}'


def test_a_document_that_somebody_else_changed_is_told_not_lost(console, amara):
    values = document_form(console, amara, "elo_snapshot")
    LearnerProfile.objects.filter(pk=amara.pk).update(elo_snapshot='{"sql-reading":1300}')
    response = send_document(console, amara, "elo_snapshot", {**values, "elo_snapshot": '{"sql-reading": 1}'})
    assert "Somebody else changed this document meanwhile" in response.content.decode()
    assert LearnerProfile.objects.get(pk=amara.pk).elo_snapshot == '{"sql-reading":1300}'
    again = {"elo_snapshot": '{"sql-reading": 1}', "seen": response.context["form"].data["seen"]}
    send_document(console, amara, "elo_snapshot", again)
    assert LearnerProfile.objects.get(pk=amara.pk).elo_snapshot == '{"sql-reading":1}'


def test_an_empty_text_removes_a_document_that_may_be_missing(console, amara):
    values = document_form(console, amara, "onboarding_assessment")
    send_document(console, amara, "onboarding_assessment", {**values, "onboarding_assessment": " "})
    row = LearnerProfile.objects.get(pk=amara.pk)
    assert row.onboarding_assessment is None
    assert row.extended_assessment is None


@pytest.mark.parametrize("column", ["onboarding_assessment_result", "recent_sessions"])
def test_history_is_shown_but_not_edited(console, amara, column):
    address = f"/admin/coach/learnerprofile/{amara.pk}/documents/{column}/"
    assert console.get(address).context["form"] is None
    assert console.post(address, {column: "[]"}).status_code == 403


@pytest.mark.parametrize("column", ["username", "extended_assessment", "nothing"])
def test_there_is_no_page_for_other_columns(console, amara, column):
    assert console.get(f"/admin/coach/learnerprofile/{amara.pk}/documents/{column}/").status_code == 404


def test_the_service_refuses_columns_that_staff_do_not_edit(staff, amara):
    with pytest.raises(KeyError):
        use_cases.edit_learner(user=staff("superuser"), username="amara", changes={"username": "x"}, seen={})
