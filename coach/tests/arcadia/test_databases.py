"""The databases that the environment names, each spelling parsed as libpq parses it."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from arcadia import databases

NAMES = ("ARCADIA_DATABASE_URL", "DATABASE_URL", "ARCADIA_DATABASE_POOLER", "ARCADIA_DATABASE_DIRECT_URL")


@pytest.fixture
def configured(monkeypatch, tmp_path):
    def configure(**values):
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name if name == "DATABASE_URL" else f"ARCADIA_DATABASE_{name}", value)
        return databases.from_environment(default_file=tmp_path / "arcadia.sqlite3")

    return configure


def test_a_pool_is_sized_per_process_and_checks_what_it_hands_out(configured):
    default = configured(
        URL="postgresql+psycopg://user:password@db.example:5433/arcadia",
        POOL_SIZE="3",
        MAX_OVERFLOW="4",
        POOL_TIMEOUT="1.5",
    )["default"]

    pool = default["OPTIONS"]["pool"]
    assert (pool["min_size"], pool["max_size"], pool["timeout"]) == (3, 7, 1.5)
    assert default["CONN_MAX_AGE"] == 0
    assert default["CONN_HEALTH_CHECKS"] is True
    assert (default["HOST"], default["PORT"]) == ("db.example", "5433")


def test_several_hosts_are_tried_in_libpqs_own_spelling(configured):
    default = configured(URL="postgresql://u@one:1,two:2/arcadia?target_session_attrs=read-write")["default"]

    assert (default["HOST"], default["PORT"], default["NAME"]) == ("one,two", "1,2", "arcadia")
    assert default["OPTIONS"]["target_session_attrs"] == "read-write"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://u:hidden-word@h/arcadia?bogus=1", "bogus"),
        ("postgresql://u:hidden-word@h", "names a database"),
        ("postgresql://u:hidden-word%2@h/a", "a PostgreSQL URL"),
        ("mysql://u:hidden-word@h/arcadia", "PostgreSQL or SQLite"),
    ],
)
def test_a_url_of_another_shape_is_named_but_never_shown(configured, url, named):
    with pytest.raises(ImproperlyConfigured, match=f"ARCADIA_DATABASE_URL must be .*{named}") as refused:
        configured(URL=url)
    assert "hidden-word" not in str(refused.value)


def test_the_platforms_own_variable_is_understood_and_ours_wins(configured):
    assert configured(DATABASE_URL="postgresql://h/theirs")["default"]["NAME"] == "theirs"
    both = configured(DATABASE_URL="postgresql://h/theirs", URL="postgresql://h/ours")
    assert both["default"]["NAME"] == "ours"


def test_behind_a_transaction_pooler_nothing_outlives_a_transaction(configured):
    found = configured(
        URL="postgresql://pooler:6432/arcadia",
        POOLER="transaction",
        DIRECT_URL="postgresql://server:5432/arcadia",
    )

    options = found["default"]["OPTIONS"]
    assert "pool" not in options
    assert "prepare_threshold" not in options  # Django's default: never
    assert found["default"]["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert found["direct"]["OPTIONS"]["prepare_threshold"] == 5
