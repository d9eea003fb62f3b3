"""Client credentials: a service user's API key for an access token."""

from base64 import b64encode
from dataclasses import replace

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from pangolin.services.context.runtime import Runtime
from pangolin.store.kinds import LAST_USED, TOKEN
from tests.conftest import ROOT_PASSWORD
from tests.headers import basic, bearer
from tests.login.oauth.clients import Ask, Service, error_of, make_service, principal_of, token_of

HOUR = 3600
PATHS = (
    "/v1/oauth/tokens",
    "/iceberg/v1/oauth/tokens",
    "/v1/lake/oauth/tokens",
    "/v1/lake/v1/oauth/tokens",
    "/v1/lake@dev/v1/oauth/tokens",
    "/api/v1/iceberg/lake/oauth/tokens",
    "/api/v1/iceberg/lake/v1/oauth/tokens",
)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_that_clients_use_issues_tokens(ask: Ask, service: Service, path: str) -> None:
    assert token_of(ask(path, client_id=service.id, client_secret=service.key))


def test_the_answer_is_as_clients_need_it(ask: Ask, service: Service) -> None:
    answer = ask(client_id=service.id, client_secret=service.key)
    body = answer.get_json()
    assert body.pop("access_token").count(".") == 2
    assert body == {
        "token_type": "bearer",
        "expires_in": HOUR,
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "scope": "catalog",
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_token_stands_for_the_service_user(ask: Ask, service: Service, app: Flask) -> None:
    principal = principal_of(app, token_of(ask(client_secret=service.key)))
    assert (principal.id, principal.name, principal.type) == (service.id, "etl", "service")
    assert (principal.role, principal.tenant) == ("tenant-user", service.tenant)


def test_java_reads_the_end_out_of_the_token(ask: Ask, service: Service, runtime: Runtime) -> None:
    token = token_of(ask(client_id=service.id, client_secret=service.key))
    claims = jwt.decode(token, options={"verify_signature": False})
    assert abs(claims["exp"] - runtime.clock() / 1000 - HOUR) < 10
    assert claims["sub"] == service.id


@pytest.mark.parametrize("named", ["id", "name", None])
def test_the_client_is_named_by_id_by_name_or_by_its_key(
    ask: Ask, service: Service, named: str | None
) -> None:
    client_id = getattr(service, named) if named else None
    assert token_of(ask(client_id=client_id, client_secret=service.key))


def test_basic_credentials_are_taken(ask: Ask, service: Service) -> None:
    assert token_of(ask(authorization=basic(service.id, service.key)))


def test_basic_credentials_are_percent_decoded(ask: Ask, runtime: Runtime) -> None:
    service = make_service(runtime, "etl: 100% ä+")
    encoded = basic("etl%3A+100%25+%C3%A4%2B", service.key)
    assert token_of(ask(authorization=encoded))


def test_body_and_basic_may_agree(ask: Ask, service: Service) -> None:
    both = basic(service.id, service.key)
    assert token_of(ask(authorization=both, client_id=service.id))
    assert token_of(ask(authorization=both, client_id=service.id, client_secret=service.key))


@pytest.mark.parametrize("differing", ["client_id", "client_secret"])
def test_body_and_basic_may_not_differ(ask: Ask, service: Service, differing: str) -> None:
    answer = ask(authorization=basic(service.id, service.key), **{differing: "other"})
    assert error_of(answer, 400) == "invalid_request"


@pytest.mark.parametrize("scope", ["catalog", "PRINCIPAL_ROLE:ALL", "a b c", "x" * 1024])
def test_the_scope_is_answered_as_asked_for(ask: Ask, service: Service, scope: str) -> None:
    answer = ask(client_secret=service.key, scope=scope)
    assert answer.get_json()["scope"] == scope


def test_a_bearer_token_beside_the_credentials_does_no_harm(ask: Ask, service: Service) -> None:
    assert token_of(ask(authorization="Bearer old", client_secret=service.key))


@pytest.mark.parametrize("what", ["service user", "key"])
def test_a_token_ends_with_what_it_was_issued_for(ask: Ask, runtime: Runtime, what: str) -> None:
    end = runtime.clock() + 90_000
    more = {"key_ends": end} if what == "key" else {"expires_at_ms": end}
    service = make_service(runtime, "brief", **more)  # type: ignore[arg-type]
    body = ask(client_id=service.id, client_secret=service.key).get_json()
    assert 80 <= body["expires_in"] <= 90


def test_an_inactive_service_user_gets_nothing(ask: Ask, service: Service) -> None:
    service.change(active=False)
    assert error_of(ask(client_secret=service.key), 401) == "invalid_client"


def test_an_expired_service_user_gets_nothing(ask: Ask, service: Service) -> None:
    token_of(ask(client_secret=service.key))
    service.change(expires_at_ms=1)
    assert error_of(ask(client_secret=service.key), 401) == "invalid_client"


def test_an_expired_key_gets_nothing(ask: Ask, runtime: Runtime) -> None:
    service = make_service(runtime, "late", key_ends=1)
    assert error_of(ask(client_secret=service.key), 401) == "invalid_client"


def test_a_revoked_key_gets_nothing_and_its_tokens_end(
    ask: Ask, service: Service, anybody: FlaskClient
) -> None:
    token = token_of(ask(client_secret=service.key))
    assert anybody.get("/api/v1/plugins", headers=bearer(token)).status_code == 200
    service.revoke_key()
    assert error_of(ask(client_secret=service.key), 401) == "invalid_client"
    assert anybody.get("/api/v1/plugins", headers=bearer(token)).status_code == 401


def wrong_secrets(service: Service) -> dict[str, str | None]:
    return {
        "no secret": None,
        "a guess": "secret",
        "another key": service.key[:-4] + "AAAA",
        "another tenant": f"pgl_{'0' * 32}{service.key[36:]}",
        "more": service.key + "A",
        "odd text": "pgl_\u00e4\0\U0001f600",
        "a newline": service.key + "\n",
    }


@pytest.mark.parametrize("what", wrong_secrets(Service(None, "", "", "", "")))  # type: ignore[arg-type]
def test_a_wrong_secret_is_refused(ask: Ask, service: Service, what: str) -> None:
    answer = ask(client_id=service.id, client_secret=wrong_secrets(service)[what])
    assert error_of(answer, 401) == "invalid_client"
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_key_of_somebody_else_is_refused(ask: Ask, service: Service, runtime: Runtime) -> None:
    other = make_service(runtime, "other")
    answer = ask(client_id=service.id, client_secret=other.key)
    assert error_of(answer, 401) == "invalid_client"


def test_an_unknown_client_is_answered_like_a_wrong_secret(ask: Ask, service: Service) -> None:
    known = ask(client_id=service.id, client_secret="wrong")
    unknown = ask(client_id="nobody", client_secret="wrong")
    assert known.get_json() == unknown.get_json()


def test_a_password_is_no_secret_of_a_client(ask: Ask) -> None:
    answer = ask(client_id="root", client_secret=ROOT_PASSWORD)
    assert error_of(answer, 401) == "invalid_client"


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic " + b64encode(b"\xff").decode()])
def test_malformed_basic_credentials_are_refused(ask: Ask, header: str) -> None:
    assert error_of(ask(authorization=header), 401) == "invalid_client"


def test_the_use_of_the_key_is_noted(ask: Ask, service: Service, runtime: Runtime) -> None:
    token_of(ask(client_secret=service.key))
    assert runtime.store.get(LAST_USED, (service.tenant, service.key_id))


def test_neither_key_nor_token_lies_in_the_store(
    app: Flask, ask: Ask, service: Service, runtime: Runtime
) -> None:
    token = token_of(ask(client_id=service.id, client_secret=service.key))
    [record] = runtime.store.scan(TOKEN)
    assert token not in str(record.doc)
    assert service.key not in str(record.doc)


def test_a_token_is_refused_once_it_has_expired(ask: Ask, service: Service, app: Flask) -> None:
    token = token_of(ask(client_secret=service.key))
    server = app.extensions["pangolin"]
    later = replace(server.runtime, clock=lambda: server.runtime.clock() + 2 * HOUR * 1000)
    app.extensions["pangolin"] = replace(server, runtime=later)
    answer = app.test_client().get("/api/v1/plugins", headers=bearer(token))
    assert answer.status_code == 401
