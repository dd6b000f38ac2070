import datetime as dt

import pytest
from django.db import InternalError, OperationalError, connection
from django.utils import timezone

from coach.models import ApiToken
from coach.services.operations import tokens
from coach.tests import cast

pytestmark = pytest.mark.django_db

FELIX = "/api/profile/felix"


@pytest.fixture
def felix():
    return cast.learner(cast.FELIX)


@pytest.fixture
def token():
    return tokens.create(name="app", by="test").text


@pytest.fixture
def demanded(settings):
    settings.REQUIRE_API_TOKEN = True


def get(client, token, path=FELIX):
    return client.get(path, headers={"authorization": f"Bearer {token}"})


def test_without_the_switch_nobody_needs_a_token(client, felix):
    assert client.get(FELIX).status_code == 200


def test_with_the_switch_everybody_does(client, felix, demanded):
    answer = client.get(FELIX)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="arcadia"'
    assert answer["Error-Code"] == "not_authenticated"


def test_a_token_opens(client, felix, demanded, token):
    assert get(client, token).status_code == 200


def test_developer_routes_and_metrics_need_one_too(client, demanded, token):
    assert client.get("/api/developer/submissions").status_code == 401
    assert client.get("/metrics").status_code == 401
    assert get(client, token, "/api/developer/submissions").status_code == 200
    assert get(client, token, "/metrics").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/healthz/database", "/openapi.json"])
def test_probes_and_the_description_are_open(client, demanded, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("switch", [True, False])
def test_a_forged_token_is_refused_whether_one_is_needed_or_not(client, felix, token, settings, switch):
    settings.REQUIRE_API_TOKEN = switch
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")

    for presented in (forged, "", "x", "arcadia_", token.upper(), f"{token} x", "é" * 40, "\0", "a" * 8000):
        answer = client.get(FELIX, headers={"authorization": f"Bearer {presented}"})
        assert answer.status_code == 401, presented
        assert answer.json()["detail"] == "The token is unknown, expired or revoked."
        assert answer["Error-Code"] == "authentication_failed"


def test_another_scheme_is_no_token(client, felix, demanded):
    assert client.get(FELIX, headers={"authorization": "Basic YTpi"}).status_code == 401


def test_a_revoked_token_is_refused_at_once(client, felix, demanded, token):
    tokens.revoke(name="app")

    assert get(client, token).status_code == 401


def test_an_expired_token_is_refused(client, felix, demanded, token):
    ApiToken.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))

    assert get(client, token).status_code == 401


def test_several_are_valid_at_once(client, felix, demanded, token):
    other = tokens.create(name="second", by="test").text

    assert get(client, token).status_code == get(client, other).status_code == 200


def test_only_a_digest_is_kept(token):
    row = ApiToken.objects.get()

    secret = token.split("_", 2)[2]
    assert all(secret not in str(value) for value in vars(row).values())
    assert len(row.digest) == 64


@pytest.mark.parametrize("failure", [InternalError, OperationalError])
def test_reading_goes_on_where_the_last_use_cannot_be_noted(client, felix, token, failure):
    def read_only(execute, sql, params, many, context):
        if sql.startswith("UPDATE"):
            raise failure("cannot execute UPDATE in a read-only transaction")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(read_only):
        assert get(client, token).status_code == 200


def test_the_last_use_is_noted_but_not_each(client, felix, demanded, token):
    get(client, token)
    first = ApiToken.objects.get().last_used_at
    get(client, token)

    assert first is not None
    assert ApiToken.objects.get().last_used_at == first


def test_tokens_of_the_environment_count(client, felix, demanded, settings):
    settings.API_TOKENS = {"app": ApiToken.digest_of("a-long-text-of-our-own")}

    assert get(client, "a-long-text-of-our-own").status_code == 200
    assert get(client, "another-text-of-our-own").status_code == 401


def test_calls_without_a_token_are_counted(client, felix, token):
    def counted(kind):
        lines = client.get("/metrics").content.decode().splitlines()
        wanted = f'arcadia_api_calls_total{{token="{kind}"}} '
        return sum(float(line.removeprefix(wanted)) for line in lines if line.startswith(wanted))

    before = {kind: counted(kind) for kind in ("none", "valid", "refused")}
    client.get(FELIX)
    get(client, token)
    get(client, "forged")

    # The second look comes without a token itself.
    assert counted("none") >= before["none"] + 2
    assert counted("valid") == before["valid"] + 1
    assert counted("refused") == before["refused"] + 1


def test_a_client_with_a_token_reads_with_one_query_more(client, felix, token, django_assert_num_queries):
    get(client, token)

    with django_assert_num_queries(4):
        assert get(client, token).status_code == 200
