"""Forms name every fault, mark its field, and describe the field by the fault."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.django_db

FAULTY = {
    "coach/apitoken/add/": ({"name": "", "expires_at_0": "2001-01-01", "expires_at_1": "00:00"}, 3),
    "coach/learnerprofile/{pk}/change/": ({"timezone": "Mars/Olympus", "memory_index_id": ""}, 1),
    "coach/learnerprofile/{pk}/documents/elo_snapshot/": ({"elo_snapshot": "{"}, 1),
    "coach/learnerprofile/preferences/": ({"timezone": "Mars/Olympus"}, 1),
    "coach/learnerprofile/import/": ({"on_conflict": "guess"}, 2),
    "coach/assessmentsubmission/{submission}/grade/": ({"task-0-score": "300"}, 3),
    "password_change/": ({"old_password": "wrong", "new_password1": "x", "new_password2": "y"}, 2),
    "auth/user/add/": ({"username": "!"}, 2),
}


@pytest.mark.parametrize("path", FAULTY)
def test_every_fault_is_named_and_marks_its_field(console, amara, path):
    sent, least = FAULTY[path]
    address = path.format(pk=amara.pk, submission=amara.submissions.first().pk)
    page = console.post(f"/admin/{address}", sent).text
    marked = re.findall(r'<(?:input|select|textarea|div)[^>]*aria-invalid="true"[^>]*>', page)
    assert len(marked) >= least
    for field in marked:
        described = re.search(r'aria-describedby="([^"]*)"', field)
        assert described, field
        faults = [name for name in described[1].split() if name.endswith("_error")]
        assert faults, field
        assert all(re.search(rf'<ul class="errorlist[^"]*" id="{name}">', page) for name in faults), field
    assert "errornote" in page


def test_a_sign_in_that_failed_marks_both_fields(client):
    page = client.post("/admin/login/", {"username": "nobody", "password": "guess"}).text
    assert page.count('aria-invalid="true"') == 2
    assert "errornote" in page
