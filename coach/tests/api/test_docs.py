"""The description that typed clients are generated from."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from coach.api import description as parts
from coach.api import docs
from coach.documents.schedule import NO_PROGRESS
from coach.tests.api.description import chatkit_schema

PARTS = Path(parts.__file__).parent


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
    # Generators take a member with a default for one that must be sent.
    assert [
        name
        for name, schema in description["components"]["schemas"].items()
        if '"default"' in json.dumps(schema)
    ] == []


def test_everything_is_said_in_a_sentence(description, operations):
    schemas = description["components"]["schemas"]
    unsaid = [operation["operationId"] for operation in operations if not operation["description"]]
    unsaid += [
        f"{operation['operationId']} {parameter['name']}"
        for operation in operations
        for parameter in operation.get("parameters", [])
        if "$ref" not in parameter and not parameter["description"]
    ]
    unsaid += [name for name, schema in schemas.items() if not schema.get("description")]
    unsaid += [
        f"{name}.{member}"
        for name, schema in schemas.items()
        for member, part in schema.get("properties", {}).items()
        if not part["description"]
    ]

    assert unsaid == []


def test_no_words_are_left_over(description, operations):
    words = tomllib.loads((PARTS / "words.toml").read_text())
    schemas = description["components"]["schemas"]
    members = {member for schema in schemas.values() for member in schema.get("properties", {})}
    parameters = {name.get("name") for operation in operations for name in operation.get("parameters", [])}

    described = tomllib.loads((PARTS.parent / "http" / "schema.toml").read_text())
    del described["form"]
    assert described.keys() == {operation["operationId"] for operation in operations}
    assert words["schemas"].keys() <= schemas.keys()
    assert words["parameters"].keys() <= parameters
    for name, said in words["members"].items():
        assert (
            (said.keys() <= schemas[name]["properties"].keys()) if isinstance(said, dict) else name in members
        )
    assert words["chatkit"].keys() <= members


def test_developer_routes_are_described_where_they_are_served(settings):
    settings.DEBUG_ENDPOINTS = False
    found = json.loads(docs._description.__wrapped__())

    assert not [path for path in found["paths"] if "developer" in path]
    assert "developer" not in [tag["name"] for tag in found["tags"]]
    assert "ResetRequest" not in found["components"]["schemas"]


def test_codes_are_listed_with_the_status_they_have(description):
    listed = re.findall(r"^\| `(\w+)` \| (\d+) \|", Path("docs/api.md").read_text(), re.MULTILINE)
    described = [
        (code, name[:3])
        for name, answer in description["components"]["responses"].items()
        if "Error-Code" in answer["headers"]
        for code in answer["headers"]["Error-Code"]["schema"]["enum"]
    ]
    # Wrong methods, and what nobody expected, are answers of no operation.
    everywhere = {("method_not_allowed", "405"), ("internal_error", "500")}
    assert set(listed) - everywhere == set(described)


def test_the_chat_protocol_is_described_as_its_library_defines_it():
    assert json.loads((PARTS / "chatkit.json").read_text()) == chatkit_schema.parts()


def test_tokens_are_described_and_probes_need_none(description):
    assert description["security"] == [{}, {"bearer": []}]
    assert description["paths"]["/healthz"]["get"]["security"] == []
    assert {"401", "403"} <= description["paths"]["/api/profile/{username}"]["get"]["responses"].keys()


def test_the_page_runs_nothing_inline_and_sets_no_cookie(client):
    page = client.get("/docs")

    assert '<html lang="en">' in page.content.decode()
    assert not re.search(r"<script(?! src=)|<style| style=| on\w+=", page.content.decode())
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert page["Content-Type"].startswith("text/html")
    assert not page.cookies


def test_without_its_files_the_page_says_what_is_missing(client, settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

    page = client.get("/docs")

    assert page.status_code == 503
    assert "collectstatic" in page.content.decode()
