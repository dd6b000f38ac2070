"""The description that typed clients are generated from."""

from __future__ import annotations

import re

import pytest

from coach.documents.schedule import NO_PROGRESS


@pytest.fixture(scope="module")
def description():
    from django.test import Client

    return Client().get("/openapi.json").json()


@pytest.fixture(scope="module")
def operations(description):
    return [operation for path in description["paths"].values() for operation in path.values()]


def test_every_operation_has_a_name_of_verb_and_noun_and_a_declared_tag(description, operations):
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+[A-Z][A-Za-z]*", name) for name in names)
    declared = {tag["name"] for tag in description["tags"]}
    assert all(set(operation["tags"]) <= declared for operation in operations)


def test_members_of_answers_are_required_and_nothing_is_null_by_default(description):
    members = description["components"]["schemas"]["ServedSchedule"]
    assert members["required"] == list(members["properties"])
    item = description["components"]["schemas"]["ServedItem"]
    assert set(item["properties"]) - set(item["required"]) == set(NO_PROGRESS)
    assert '"default": null' not in str(description).replace("None", "null").replace("'", '"')


def test_tokens_are_described_and_probes_need_none(description):
    assert description["security"] == [{}, {"bearer": []}]
    assert description["paths"]["/healthz"]["get"]["security"] == []
    assert {"401", "403"} <= description["paths"]["/api/profile/{username}"]["get"]["responses"].keys()
