"""Submissions, page by page or all of them."""

from __future__ import annotations

import base64
import datetime as dt
import tracemalloc
from urllib.parse import quote

import pytest

from coach.documents.submissions import Submission
from coach.models import AssessmentSubmission
from coach.tests import cast

pytestmark = pytest.mark.django_db

URL = "/api/onboarding/amara/assessment/submissions"


@pytest.fixture
def amara():
    return cast.learner(cast.AMARA)


def submit(learner, count, *, hours=1):
    for number in range(count):
        at = cast.NOON + dt.timedelta(hours=number // 2 * hours)
        cast.submission(
            learner, Submission(submission_id=f"s{number}", username=learner.username, submitted_at=at)
        )


def ids(answer):
    assert answer.status_code == 200
    return [entry["submission_id"] for entry in answer.json()]


def pages(client, url):
    while url:
        answer = client.get(url)
        yield answer
        link = answer.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        url = link.removeprefix("<").partition(">")[0]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_the_pages_together_are_the_whole_list(client, amara, limit):
    submit(amara, 7)
    found = list(pages(client, f"{URL}?limit={limit}"))

    assert [name for page in found for name in ids(page)] == ids(client.get(URL))
    assert {page["X-Total-Count"] for page in found} == {"7"}
    assert all(len(ids(page)) == limit for page in found[:-1])


def test_without_a_limit_nothing_is_said_of_pages(client, amara):
    submit(amara, 3)
    answer = client.get(f"{URL}?other=1")
    assert len(ids(answer)) == 3
    assert not answer.has_header("Link")
    assert not answer.has_header("X-Total-Count")


def test_what_was_submitted_meanwhile_shifts_no_page(client, amara):
    submit(amara, 4)
    first, *_ = pages(client, f"{URL}?limit=2")
    late = Submission(submission_id="late", username="amara", submitted_at=cast.NOON + dt.timedelta(days=1))
    cast.submission(amara, late)
    rest = [name for page in pages(client, first["Link"][1:].partition(">")[0]) for name in ids(page)]
    assert sorted(ids(first) + rest) == ["s0", "s1", "s2", "s3"]


@pytest.mark.parametrize("username", ["who?", "a#b", "100%41", "a%2fb", "thảo"])
def test_the_next_page_is_of_the_same_learner(client, username):
    submit(cast.learner(cast.AMARA, username=username), 3)
    url = f"/api/onboarding/{quote(username, safe='')}/assessment/submissions?limit=2"
    assert [len(ids(page)) for page in pages(client, url)] == [2, 1]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("limit=0", "greater_than_equal"),
        ("limit=201", "less_than_equal"),
        ("limit=x", "int_parsing"),
        ("after=x", "value_error"),
        ("after=W10", "value_error"),
        ("after=WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIDFlOTlxfQ", "value_error"),
        ("after=", "value_error"),
        (f"after={base64.urlsafe_b64encode(b'[' * 2900).decode()}", "value_error"),
    ],
)
def test_what_is_no_limit_or_cursor_is_refused(client, amara, query, kind):
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == 422
    assert [fault["type"] for fault in answer.json()["detail"]] == [kind]


def test_submissions_of_all_learners_come_in_pages_too(client, amara, settings):
    settings.DEBUG_ENDPOINTS = True
    submit(amara, 3)
    found = list(pages(client, "/api/developer/submissions?limit=2&username=amara"))
    assert [len(ids(page)) for page in found] == [2, 1]


def test_a_long_list_is_streamed_in_flat_memory_and_in_order(client, amara):
    document = Submission(
        submission_id="s", username="amara", submitted_at=cast.NOON, metadata={"text": "x" * 20_000}
    )
    row = cast.submission(amara, document)
    rows = []
    for number in range(1_000):
        copy = AssessmentSubmission.objects.get(pk=row.pk)
        copy.pk, copy.submission_id = None, f"s{number}"
        rows.append(copy)
    AssessmentSubmission.objects.bulk_create(rows)
    answer = client.get(URL)

    tracemalloc.start()
    size = sum(map(len, answer.streaming_content))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 20_000_000
    assert peak < size / 1.5
