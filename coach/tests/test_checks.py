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
    assert ids(checks.developer_routes()) == ["coach.W001"]

    settings.REQUIRE_API_TOKEN = True
    assert ids(checks.developer_routes()) == []


def test_any_origin_without_tokens_is_warned_of(settings):
    settings.CORS_ALLOW_ALL_ORIGINS = True
    assert ids(checks.any_origin()) == ["coach.W002"]

    settings.CORS_ALLOW_ALL_ORIGINS = False
    assert ids(checks.any_origin()) == []
