from types import SimpleNamespace

import pytest

from coach import checks


def ids(messages):
    return [message.id for message in messages]


@pytest.mark.parametrize(("age", "found"), [(60, ["coach.E001"]), (None, ["coach.E001"]), (0, [])])
def test_a_pool_and_persistent_connections_exclude_each_other(monkeypatch, age, found):
    databases = {"default": {"OPTIONS": {"pool": {"max_size": 2}}, "CONN_MAX_AGE": age}}
    monkeypatch.setattr(checks, "settings", SimpleNamespace(DATABASES=databases))

    assert ids(checks.pool_and_persistent_connections()) == found


def test_open_developer_routes_are_warned_of(settings):
    settings.DEBUG_ENDPOINTS = True
    assert "coach.W001" in ids(checks.open_doors())

    settings.REQUIRE_API_TOKEN = True
    assert ids(checks.open_doors()) == []


def test_any_origin_without_tokens_is_warned_of(settings):
    settings.CORS_ALLOW_ALL_ORIGINS = True
    assert "coach.W002" in ids(checks.open_doors())

    settings.CORS_ALLOW_ALL_ORIGINS = False
    assert ids(checks.open_doors()) == ["coach.W003"]


def test_a_model_that_reaches_every_learner_is_warned_of_even_with_tokens(settings):
    settings.AGENT_ANY_LEARNER, settings.REQUIRE_API_TOKEN = True, True
    assert ids(checks.open_doors()) == ["coach.W004"]
