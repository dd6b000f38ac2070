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


@pytest.fixture
def closed(settings):
    """Settings by which nobody gets at more than they need."""
    settings.DEBUG_ENDPOINTS = settings.CORS_ALLOW_ALL_ORIGINS = settings.AGENT_ANY_LEARNER = False
    settings.REQUIRE_API_TOKEN = True
    assert ids(checks.open_doors()) == []
    return settings


@pytest.mark.parametrize(
    ("door", "found"), [("DEBUG_ENDPOINTS", "coach.W001"), ("CORS_ALLOW_ALL_ORIGINS", "coach.W002")]
)
def test_what_anybody_could_use_is_warned_of_unless_tokens_are_demanded(closed, door, found):
    setattr(closed, door, True)
    assert ids(checks.open_doors()) == []

    closed.REQUIRE_API_TOKEN = False
    assert ids(checks.open_doors()) == [found, "coach.W003"]


def test_a_model_that_reaches_every_learner_is_warned_of_even_with_tokens(closed):
    closed.AGENT_ANY_LEARNER = True
    assert ids(checks.open_doors()) == ["coach.W004"]
