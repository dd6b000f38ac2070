"""docs/security.md names the tests of its claims: they exist, and no claim is without one."""

import re

import pytest

from coach.tests.test_tree import PROJECT, TESTS

PAGE = (PROJECT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))
# Trusted by their nature, or told for the operator's sake.
NO_CLAIM = ("**A provider of language models**", "**Whoever operates the service**", "**Yours to delete:**")


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_named_test_exists(path, name):
    assert f"def {name}(" in (TESTS / path).read_text(encoding="utf-8")


def test_every_claim_names_a_test():
    claims = re.findall(r"^(?:- \*\*|\| (?!tried|---)).*(?:\n {2}.*)*", PAGE, re.MULTILINE)
    assert len(claims) > 50
    assert [claim for claim in claims if "::test_" not in claim and not claim[2:].startswith(NO_CLAIM)] == []
