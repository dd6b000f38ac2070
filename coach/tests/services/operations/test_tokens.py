"""Names of tokens: one that is usable each, and free again once it is revoked."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from coach.models import ApiToken
from coach.services.operations import tokens

pytestmark = pytest.mark.django_db


def make(name: str = "desk", **scope) -> str:
    return tokens.create(name=name, by="test", **scope).text


def test_a_revoked_name_is_used_again_and_only_the_new_token_opens():
    old = make()
    tokens.revoke(name="desk")
    new = make()
    assert tokens.identify(old) is None
    assert tokens.identify(new).token == "desk"


def test_revoking_a_name_again_refuses_its_usable_token():
    make()
    tokens.revoke(name="desk")
    new = make()
    tokens.revoke(name="desk")
    assert tokens.identify(new) is None
    assert ApiToken.objects.filter(revoked_at=None).count() == 0


def test_a_usable_name_is_taken_whoever_asks():
    make()
    with pytest.raises(tokens.NameTaken):
        make()
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.create(name="desk", key="another", digest="d")


@pytest.mark.parametrize(("first", "second"), [("amara", ""), ("", "amara"), ("amara", "felix")])
def test_a_name_is_never_inherited_by_a_token_for_others(first, second):
    """Conversations belong to the name of the token that began them."""
    make(learner=first)
    tokens.revoke(name="desk")
    with pytest.raises(tokens.NameTaken, match="other learners"):
        make(learner=second)
