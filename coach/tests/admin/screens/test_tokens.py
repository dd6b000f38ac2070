"""Tokens in the console: who makes and revokes them, and what is shown once."""

from __future__ import annotations

import re

import pytest

from coach.models import ApiToken
from coach.services.operations import tokens
from coach.tests.admin.conftest import ROLES

pytestmark = pytest.mark.django_db

ADD = "/admin/coach/apitoken/add/"
LIST = "/admin/coach/apitoken/"


def revoke(client, *rows: ApiToken):
    chosen = {"action": "revoke_selected", "_selected_action": [row.pk for row in rows]}
    return client.post(LIST, {**chosen, "confirmed_count": len(rows)}, follow=True)


@pytest.mark.parametrize("role", ROLES)
def test_operators_make_and_revoke_tokens_and_others_do_not(as_role, role):
    client, may = as_role(role), role in ("operator", "superuser")
    answer = client.post(ADD, {"name": "desk", "learner": ""}, follow=True)
    assert ApiToken.objects.exists() == may
    if not may:
        tokens.create(name="desk", by="test")
    row = ApiToken.objects.get()
    if may:
        text = re.search(r"<code data-copy>(arcadia_[^<]+)</code>", answer.text)[1]
        assert tokens.identify(text).token == "desk"
        assert text not in client.get(LIST).text
    revoke(client, row)
    row.refresh_from_db()
    assert (row.revoked_at is not None) == may


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_the_end_of_time_is_refused_in_every_zone(console, zone):
    console.post("/admin/coach/learnerprofile/preferences/", {"timezone": zone})
    page = console.post(ADD, {"name": "t", "expires_at_0": "9999-12-31", "expires_at_1": "23:59"})
    assert "before the year 9999" in page.text
    console.post(ADD, {"name": "t", "expires_at_0": "9998-12-31", "expires_at_1": "23:59"})
    assert console.get(f"{LIST}{ApiToken.objects.get().pk}/change/").status_code == 200


def test_a_name_that_is_taken_is_said_at_its_field(console):
    tokens.create(name="desk", by="test")
    answer = console.post(ADD, {"name": "desk", "learner": ""})
    assert "already" in str(answer.context["adminform"].form.errors["name"])


def test_revoking_the_old_token_of_a_name_leaves_the_new_one(console):
    old = tokens.create(name="desk", by="test").row
    tokens.revoke(name="desk")
    new = tokens.create(name="desk", by="test")
    revoke(console, old)
    assert tokens.identify(new.text) is not None
