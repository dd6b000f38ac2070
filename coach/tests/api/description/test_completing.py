"""The examples of the description are what the service answers."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from coach.tests.api.description import samples


@pytest.mark.django_db(transaction=True)
def test_every_example_is_answered_as_described(settings, request):
    settings.AGENT = "offline"
    samples.store()
    client = Client()
    described = client.get("/openapi.json").json()
    found = samples.answers(client, described)
    if request.config.getoption("rewrite_examples", False):
        samples.EXAMPLES.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    examples = json.loads(samples.EXAMPLES.read_text())

    assert {name: samples.shape(example) for name, example in found.items()} == {
        name: samples.shape(example) for name, example in examples.items()
    }
    operations = {
        operation["operationId"] for path in described["paths"].values() for operation in path.values()
    }
    assert operations - examples.keys() == {"getMetrics"}
