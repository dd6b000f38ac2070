"""What the environment may say, and how a value that cannot be understood is named."""

import hashlib

import pytest
from django.core.exceptions import ImproperlyConfigured

from arcadia import environment

NAME = "ARCADIA_X"


@pytest.fixture
def given(monkeypatch):
    return lambda value: monkeypatch.setenv(NAME, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("600/minute", (600, 60)),
        ("1/day", (1, 86400)),
        ("OFF", None),
        (" 5/Second ", (5, 1)),
        ("", (9, 3600)),
    ],
)
def test_rates(given, value, expected):
    given(value)

    assert environment.rate(NAME, default="9/hour") == expected


@pytest.mark.parametrize(
    "value", ["600", "0/minute", "-1/minute", "x/minute", "6/week", "1.5/day", "٣/day", "on"]
)
def test_a_rate_of_another_shape_is_named(given, value):
    given(value)

    with pytest.raises(ImproperlyConfigured, match=f"{NAME}.*600/minute"):
        environment.rate(NAME, default="off")


def test_of_secrets_only_digests_are_kept(given):
    hashed = hashlib.sha256(b"the second of our secrets").hexdigest()
    given(f"one:the first of our secrets, two:sha256={hashed}")

    assert environment.secrets(NAME) == {
        "one": hashlib.sha256(b"the first of our secrets").hexdigest(),
        "two": hashed,
    }


@pytest.mark.parametrize(
    "value", ["short:secret", "the-secret-without-a-name", ":" + "x" * 30, "a:" + "x" * 30 + ",a:" + "y" * 30]
)
def test_secrets_of_another_shape_are_named_but_never_shown(given, value):
    given(value)

    with pytest.raises(ImproperlyConfigured, match=NAME) as refused:
        environment.secrets(NAME)
    assert "secret-without" not in str(refused.value)
    assert "xxx" not in str(refused.value)


def test_object_storage_needs_a_bucket(monkeypatch):
    monkeypatch.delenv("ARCADIA_S3_BUCKET", raising=False)

    with pytest.raises(ImproperlyConfigured, match="ARCADIA_S3_BUCKET"):
        environment.object_storage("attachments")
