"""Lists: found by search, filter and date, with a fixed number of queries, and words where there is nothing."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from coach.admin.changelist import counts, search
from coach.admin.changelist.lists import StaffAdmin
from coach.documents import usernames
from coach.models import (
    AssessmentSubmission,
    AttachmentMetadata,
    AuditEvent,
    BackfillFinding,
    BackfillRun,
    CurriculumSchedule,
    LearnerProfile,
    MemoryRecord,
    MemoryUpload,
    RecordVersion,
    ScheduleItem,
)
from coach.tests import cast
from coach.tests.admin.conftest import MODELS
from coach.tests.legacy import people


def name(model) -> str:
    return model._meta.model_name


def look(console, model, **query):
    response = console.get(f"/admin/coach/{name(model)}/", query)
    assert response.status_code == 200, (model, query)
    return response


def found(response) -> list[str]:
    return [str(row) for row in response.context["cl"].result_list]


@pytest.fixture
def felix(amara):
    return cast.learner(cast.FELIX)


# --- looking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_an_empty_list_says_what_to_do_next(console, model):
    response = look(console, model)
    model_admin = response.context["cl"].model_admin
    assert escape(model_admin.nothing_here) in response.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_a_search_without_hits_says_so(console, amara, model):
    if not look(console, model).context["cl"].search_fields:
        pytest.skip("this list has no search")
    assert "Nothing matches." in look(console, model, q="zzz").content.decode()


def queries(console, model, **query) -> int:
    with CaptureQueriesContext(connection) as captured:
        look(console, model, **query)
    # Sessions and users are read on every page.
    return len([sql for sql in captured.captured_queries if "coach_" in sql["sql"]])


@pytest.mark.parametrize("model", MODELS)
def test_no_list_asks_once_more_for_each_row(console, amara, model):
    """One row or many: the same number of queries, and none that reads a JSON document."""
    run = BackfillRun.objects.create(source="command", actor="a", version="0")
    fill(run, "first")
    few = queries(console, model)
    for number in range(5):
        fill(run, f"more-{number}")
    assert queries(console, model) == few
    with CaptureQueriesContext(connection) as captured:
        look(console, model)
    columns = (
        '"api_json"',
        '"responses"',
        '"grading"',
        '"curriculum_plan"',
        '"onboarding_assessment"',
        '"rationale_history"',
    )
    assert not [
        sql["sql"] for sql in captured.captured_queries if any(column in sql["sql"] for column in columns)
    ]


def fill(run, username):
    """Something for every list."""
    from coach.documents.submissions import PendingAttachment, Submission

    row = cast.learner(
        people.profile(
            username, memory_records=[people.note("n")], curriculum_schedule=people.schedule(people.item("i"))
        )
    )
    cast.submission(row, Submission.model_validate(people.submission(f"s-{username}", username)))
    cast.attach(row, PendingAttachment.model_validate(people.attachment(f"a-{username}", username)))
    BackfillRun.objects.create(source="command", actor="a", version="0")
    BackfillFinding.objects.create(run=run, outcome="rejected", store="profiles", place="$", code="invalid")
    AuditEvent.objects.create(learner=row, username=username, actor="client", action="learner.told")
    MemoryUpload.objects.create(learner=row, note_id="n", vector_store_id="vs", idempotency_key=username)


# Of a page with rows, without session and user. PostgreSQL's planner is asked what the choices of a filter would find, and
# those are counted where that is little.
QUERIES = {
    AssessmentSubmission: {"sqlite": 9, "postgresql": 7},
    AttachmentMetadata: {"sqlite": 9, "postgresql": 9},
    AuditEvent: {"sqlite": 26, "postgresql": 14},
    BackfillFinding: {"sqlite": 10, "postgresql": 9},
    BackfillRun: {"sqlite": 12, "postgresql": 8},
    CurriculumSchedule: {"sqlite": 6, "postgresql": 7},
    LearnerProfile: {"sqlite": 11, "postgresql": 9},
    MemoryRecord: {"sqlite": 3, "postgresql": 4},
    MemoryUpload: {"sqlite": 5, "postgresql": 5},
    RecordVersion: {"sqlite": 7, "postgresql": 6},
    ScheduleItem: {"sqlite": 9, "postgresql": 10},
}


def test_the_numbers_of_queries_are_fixed(console, amara):
    counted = {name(model): queries(console, model) for model in MODELS}
    expected = {name(model): numbers[connection.vendor] for model, numbers in QUERIES.items()}
    assert counted == expected


@pytest.mark.parametrize(
    "path", ["", "?q=amara", "?work=pending", "?schedule=none", "?last_updated__year=2026", "?p=99999"]
)
def test_odd_addresses_are_no_errors(console, amara, path):
    assert console.get(f"/admin/coach/learnerprofile/{path}", follow=True).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "?last_updated__year=99999",
        "?last_updated__year=99999999999999999999",
        "?last_updated__month=13&last_updated__year=2026",
        "?q=%00",
        "?p=x",
    ],
)
def test_nonsense_in_an_address_is_no_error(console, amara, path):
    assert console.get(f"/admin/coach/learnerprofile/{path}", follow=True).status_code == 200


# --- searching --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "hits"),
    [
        ("amara", ["amara"]),
        ("MAR", ["amara"]),
        ("query plan", ["amara"]),
        ('"query plan"', ["amara"]),
        ('"plan query"', []),
        ("a", ["amara", "felix"]),
        ("felix game", ["felix"]),
        ("100%", []),
        ("_", []),
        ("  ", ["amara", "felix"]),
    ],
)
def test_learners_are_found_by_pieces_of_names_and_goals(console, felix, term, hits):
    assert found(look(console, LearnerProfile, q=term)) == hits


@pytest.mark.parametrize(
    ("model", "term", "hits"),
    [
        (AssessmentSubmission, "sub-gr", ["sub-graded"]),
        (AssessmentSubmission, "amara", ["sub-graded", "sub-waiting"]),
        (AssessmentSubmission, "query sub-wait", ["sub-waiting"]),
        (AttachmentMetadata, "att-li", ["att-link"]),
        (MemoryRecord, "n2", ["n2"]),
        (CurriculumSchedule, "amara", ["schedule of amara"]),
        (ScheduleItem, "amara", ["i1", "i2"]),
    ],
)
def test_what_belongs_to_learners_is_found_by_its_id_and_by_them(console, felix, model, term, hits):
    assert sorted(found(look(console, model, q=term))) == hits


def test_many_hits_are_found_as_well_as_few(console, felix, monkeypatch):
    monkeypatch.setattr(search, "FEW", 1)
    response = look(console, AssessmentSubmission, q="amara")
    assert sorted(found(response)) == ["sub-graded", "sub-waiting"]
    assert "not graded (" not in response.content.decode()


def plain(text: str) -> str:
    """A text without case and accents, as the standard library has it."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


@pytest.mark.parametrize(
    "term", ["thảo", "THẢO", "thao", "tha\u0309o", "ß", "%", "_", "\\", "'", '"', "a" * 300]
)
def test_a_search_finds_what_the_plain_comparison_finds(console, felix, term):
    for number, goal in enumerate(
        ["Làm phụ đề của THẢO", "straße", "100% _sure_", "back\\slash", 'it\'s "quoted"']
    ):
        cast.learner({**cast.FELIX, "username": f"learner {number}", "goal": goal})
    hits = {
        row.username
        for row in LearnerProfile.objects.all()
        if all(
            plain(word) in plain(row.goal) or plain(word) in plain(row.username)
            for word in search.words(term)
        )
    }
    assert set(found(look(console, LearnerProfile, q=term))) == hits


@pytest.mark.postgresql("the planner is asked")
def test_searches_are_answered_from_indexes(db):
    with connection.cursor() as cursor:
        # Only what an index answers by itself is left, however few rows there are.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        plan = LearnerProfile.objects.filter(goal__pieces="guitar", goal__folded="guitar").explain()
        assert "learner_goal_pieces" in plan
        plan = MemoryRecord.objects.filter(note__words="guitar").explain()
        assert "memory_note_words" in plan
        plan = AssessmentSubmission.objects.filter(submission_id__startswith="sub_1").explain()
        assert re.search(r"submission_id_\w+_like", plan)
        plan = AttachmentMetadata.objects.filter(attachment_id__startswith="att_1").explain()
        assert "attachment_by_id" in plan


# --- filtering --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ({"work": "pending"}, ["amara"]),
        ({"work": "ungraded"}, ["amara"]),
        ({"work": "provisional"}, []),
        ({"work": "conflict"}, ["felix"]),
        ({"work": "edited"}, []),
        ({"schedule": "none"}, ["felix"]),
        ({"schedule": "stale"}, []),
        ({"work": "rubbish"}, ["amara", "felix"]),
    ],
)
def test_filters_mean_work(console, felix, query, hits):
    run = BackfillRun.objects.create(source="command", actor="a", version="0")
    for key in ("amara", "felix"):
        BackfillFinding.objects.create(
            run=run, outcome="conflict", store="profiles", place="$", username=key, code="both_moved"
        )
    BackfillFinding.objects.filter(username="amara").resolve("ours", by="staff boss")
    assert found(look(console, LearnerProfile, **query)) == hits


def test_each_choice_shows_its_count(console, felix):
    page = look(console, LearnerProfile).content.decode()
    assert "pending attachments (1)" in page
    assert "none (1)" in page


def test_counts_follow_the_search(console, felix):
    assert "pending attachments (0)" in look(console, LearnerProfile, q="felix").content.decode()


def test_submissions_are_filtered_by_their_grade(console, amara):
    AssessmentSubmission.objects.filter(submission_id="sub-graded").update(graded_by="model")
    assert found(look(console, AssessmentSubmission, graded="nobody")) == ["sub-waiting"]
    assert found(look(console, AssessmentSubmission, graded="model")) == ["sub-graded"]


def test_attachments_are_filtered_by_use_and_kind(console, amara):
    assert len(found(look(console, AttachmentMetadata, use="pending", kind="link"))) == 2
    assert found(look(console, AttachmentMetadata, use="used")) == []


# --- dates ------------------------------------------------------------------------------------------


def steps(response) -> list[str]:
    return re.findall(
        r'<a href="\?[^"]*">([^<]+)</a>',
        re.search(r"date-steps.*?</nav>", response.content.decode(), re.S)[0],
    )


def test_dates_lead_from_years_to_days(console, amara):
    assert "2025" in steps(look(console, AssessmentSubmission))
    year = look(console, AssessmentSubmission, submitted_at__year="2025")
    assert found(year) == ["sub-waiting"]
    assert "Apr 2025" in steps(year)
    day = look(
        console,
        AssessmentSubmission,
        submitted_at__year="2025",
        submitted_at__month="4",
        submitted_at__day="2",
    )
    assert found(day) == ["sub-waiting"]


def test_a_period_without_rows_says_so(console, amara):
    assert (
        "Nothing matches." in look(console, AssessmentSubmission, submitted_at__year="1999").content.decode()
    )


# --- counting ---------------------------------------------------------------------------------------


@pytest.fixture
def large_table(db, monkeypatch):
    """Five learners, in a table that is large from three rows on."""
    monkeypatch.setattr(counts, "COUNTED", 2)
    for number in range(5):
        cast.learner({**cast.FELIX, "username": f"felix-{number}"})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE coach_learnerprofile")


@pytest.mark.postgresql("the planner is asked")
def test_large_tables_are_not_counted(large_table):
    with CaptureQueriesContext(connection) as captured:
        count = counts.of(LearnerProfile.objects.all())
    assert (int(count), count.exact) == (5, False)
    assert not [sql for sql in captured.captured_queries if "COUNT" in sql["sql"]]


def test_small_tables_are_counted_exactly(amara):
    count = counts.of(LearnerProfile.objects.all())
    assert (int(count), count.exact) == (1, True)


@pytest.mark.postgresql("the planner is asked")
def test_a_number_that_is_an_estimate_says_so(console, large_table):
    assert "about 5 learners" in re.sub(r"\s+", " ", look(console, LearnerProfile).content.decode())


def test_a_list_links_to_what_belongs_to_a_row(console, amara):
    page = look(console, LearnerProfile).content.decode()
    assert f"/admin/coach/assessmentsubmission/?learner__id__exact={amara.pk}" in page
    assert f"/admin/coach/learnerprofile/{amara.pk}/" in page


@pytest.mark.parametrize("month", [None, "12"])
@pytest.mark.parametrize("day", [None, "31"])
def test_the_last_year_of_the_calendar_is_a_year_like_any_other(console, amara, month, day):
    LearnerProfile.objects.filter(pk=amara.pk).update(
        last_updated=dt.datetime(9999, 12, 31, 23, 59, 59, 999999, dt.UTC)
    )
    parts = {"last_updated__year": "9999", "last_updated__month": month, "last_updated__day": month and day}
    shown = look(console, LearnerProfile, **{name: value for name, value in parts.items() if value})

    assert found(shown) == ["amara"]


def test_years_that_occur_are_offered_however_far_apart_they_lie(console, amara):
    cast.learner(cast.FELIX, last_updated=dt.datetime(9999, 12, 31, tzinfo=dt.UTC))
    cast.learner(cast.FELIX, username="ada", last_updated=dt.datetime(1843, 1, 1, tzinfo=dt.UTC))
    offered = steps(look(console, LearnerProfile))

    assert offered == ["1843", str(amara.last_updated.year), "9999"]


@pytest.mark.parametrize("term", ["İstanbul", "e\u0301clair", "ÉCLAIR", "ΟΔΟΣ", "clai"])
def test_a_username_is_found_in_each_of_its_forms(console, term):
    for name in ("İstanbul", "éclair", "ΟΔΟΣ"):
        cast.learner(cast.FELIX, username=usernames.normalise(name))

    assert len(found(look(console, LearnerProfile, q=term))) == 1


def test_words_beyond_the_eighth_are_not_searched(console, amara):
    assert found(look(console, LearnerProfile, q=" ".join(["amara"] * 8 + ["nobody"] * 500))) == ["amara"]


def test_a_list_without_joins_joins_nothing():
    rows = StaffAdmin(ScheduleItem, admin.site).rows(None).order_by()
    assert not rows.query.select_related
    assert " JOIN " not in str(rows.query)
