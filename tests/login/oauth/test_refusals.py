"""How the token endpoint refuses: in OAuth2's own shape, with a record, and only so often."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pangolin.app import create_app
from pangolin.errors import Unavailable
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.operations.bootstrap import initialise
from pangolin.services.sealing.keyring import new_key
from pangolin.settings import Settings
from pangolin.store import kinds
from pangolin.store.api import Change
from pangolin.store.identity_documents import AuditDoc
from pangolin.store.kinds import AUDIT
from tests.counting import Counted, CountingStore
from tests.login.oauth.clients import EXCHANGE, FORM, Ask, Service, error_of, make_service, token_of
from tests.samples import ACME

JWT = "urn:ietf:params:oauth:token-type:jwt"


def limited(app: Flask, **given: Any) -> None:
    """Serve with other limits."""
    server = app.extensions["pangolin"]
    settings = replace(server.runtime.settings, **given)
    app.extensions["pangolin"] = replace(server, runtime=replace(server.runtime, settings=settings))


def records(runtime: Runtime, action: str) -> list[AuditDoc]:
    return [found.doc for found in runtime.store.scan(AUDIT) if found.doc["action"] == action]


@pytest.mark.parametrize("grant", ["password", "refresh_token", "authorization_code", "x" * 9999])
def test_other_grants_are_not_supported(ask: Ask, service: Service, grant: str) -> None:
    answer = ask(grant_type=grant, client_secret=service.key)
    assert error_of(answer, 400) == "unsupported_grant_type"


@pytest.mark.parametrize("grant", [None, ""])
def test_a_request_without_a_grant_type_is_invalid(ask: Ask, grant: str | None) -> None:
    answer = ask(grant_type=grant, client_secret="x")
    assert error_of(answer, 400) == "invalid_request"
    assert "grant_type" in answer.get_json()["error_description"]


@pytest.mark.parametrize("scope", ['a"b', "a\\b", "a  b", " a", "\u00e4", "a\nb", "x" * 1025])
def test_a_malformed_scope_is_refused(ask: Ask, service: Service, scope: str) -> None:
    assert error_of(ask(client_secret=service.key, scope=scope), 400) == "invalid_scope"


def test_a_parameter_that_is_there_twice_is_refused(anybody: FlaskClient, service: Service) -> None:
    body = f"grant_type=client_credentials&client_secret={service.key}&scope=a&scope=b"
    answer = anybody.post("/v1/oauth/tokens", data=body, content_type=FORM)
    assert error_of(answer, 400) == "invalid_request"


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "text/plain", ""])
def test_a_body_of_another_type_is_an_invalid_request(anybody: FlaskClient, kind: str) -> None:
    answer = anybody.post("/v1/oauth/tokens", data="{}", content_type=kind)
    assert error_of(answer, 400) == "invalid_request"


def test_parameters_in_the_url_do_not_count(anybody: FlaskClient, service: Service) -> None:
    query = f"?grant_type=client_credentials&client_secret={service.key}"
    answer = anybody.post(f"/v1/oauth/tokens{query}", data="", content_type=FORM)
    assert error_of(answer, 400) == "invalid_request"


@pytest.mark.parametrize("body", ["%", "grant_type=%ff%00", "&&&==", "grant_type", "\0" * 99])
def test_a_broken_form_is_a_client_error(anybody: FlaskClient, body: str) -> None:
    answer = anybody.post("/v1/oauth/tokens", data=body, content_type=FORM)
    error_of(answer, 400)


@pytest.mark.parametrize("name", ["client_secret", "subject_token", "scope", "x"])
def test_a_huge_body_is_413(ask: Ask, name: str) -> None:
    assert error_of(ask(**{name: "x" * 1_000_000}), 413) == "invalid_request"


def test_another_method_is_405_in_the_usual_shape(anybody: FlaskClient) -> None:
    answer = anybody.get("/v1/oauth/tokens")
    assert answer.status_code == 405
    assert answer.get_json()["error"]["code"] == 405


def test_other_endpoints_keep_the_usual_shape(anybody: FlaskClient) -> None:
    answer = anybody.get("/v1/config")
    assert answer.status_code == 401
    assert set(answer.get_json()["error"]) == {"message", "type", "code"}


def test_an_address_beyond_its_budget_gets_429(app: Flask, ask: Ask, service: Service) -> None:
    limited(app, rate_limit=2)
    for at in range(2):
        assert ask(client_id=f"c{at}", client_secret="wrong").status_code == 401
    answer = ask(client_secret=service.key)
    assert error_of(answer, 429) == "slow_down"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_tokens_that_are_issued_do_not_count_against_the_address(
    app: Flask, ask: Ask, runtime: Runtime
) -> None:
    limited(app, rate_limit=2)
    for at in range(6):
        assert token_of(ask(client_secret=make_service(runtime, f"s{at}").key))


def test_a_wrong_secret_again_and_again_is_locked_out_longer_each_time(
    app: Flask, ask: Ask, service: Service
) -> None:
    limited(app, login_tries=3)
    found = [ask(client_id=service.id, client_secret="wrong").status_code for _ in range(5)]
    assert found == [401, 401, 401, 429, 429]
    unknown = [ask(client_id="nobody", client_secret="wrong").status_code for _ in range(5)]
    assert unknown == found


def test_knowing_the_clients_id_is_not_enough_to_lock_it_out(
    app: Flask, ask: Ask, service: Service
) -> None:
    limited(app, login_tries=2)
    for _ in range(6):
        ask(client_id=service.id, client_secret="wrong")
        ask(client_id=service.name, client_secret=f"pgl_{'0' * 48}_{'A' * 43}")
    assert token_of(ask(client_id=service.id, client_secret=service.key))


def test_a_bad_subject_token_is_counted(app: Flask, ask: Ask) -> None:
    limited(app, login_tries=2)
    sent = {"grant_type": EXCHANGE, "subject_token": "a.b.c", "subject_token_type": JWT}
    assert [ask(**sent).status_code for _ in range(3)] == [400, 400, 429]


class Away(CountingStore):
    """A store that can be taken away."""

    is_away = False

    def apply(self, *changes: Change) -> None:
        if self.is_away:
            raise Unavailable("the store is away", retry_after=7)
        super().apply(*changes)


@pytest.fixture
def store() -> Away:
    return Away()


def on_store(settings: Settings, store: Away) -> tuple[FlaskClient, Service]:
    given = replace(settings, store_url="counting:", secret_keys=new_key())
    app = create_app(given, plugins=[Counted(store)])
    initialise(app.extensions["pangolin"].runtime)
    return app.test_client(), make_service(app.extensions["pangolin"].runtime, "etl")


def test_a_store_that_cannot_count_is_503(settings: Settings, store: Away) -> None:
    client, service = on_store(settings, store)
    store.is_away = True
    sent = {"grant_type": "client_credentials", "client_secret": service.key}
    answer = client.post("/v1/oauth/tokens", data=sent)
    assert error_of(answer, 503) == "temporarily_unavailable"
    assert answer.headers["Retry-After"] == "7"


def test_a_surprise_is_a_server_error_with_an_id_and_nothing_more(
    settings: Settings, store: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, service = on_store(settings, store)

    def surprise(*changes: Change) -> None:
        raise RuntimeError("the inside of it")

    monkeypatch.setattr(store, "apply", surprise)
    sent = {"grant_type": "client_credentials", "client_secret": service.key}
    answer = client.post("/v1/oauth/tokens", data=sent)
    assert error_of(answer, 500) == "server_error"
    assert "inside" not in answer.text


def test_an_issue_is_recorded(ask: Ask, service: Service) -> None:
    token_of(ask(client_secret=service.key))
    [record] = records(service.runtime, "generate_token")
    assert (record["tenant"], record["user_id"]) == (ACME, service.id)
    assert (record["result"], record["principal_type"]) == ("success", "service")
    assert record["ip_address"] == "127.0.0.1"


def test_a_refused_key_is_recorded_in_the_tenant_that_it_names(ask: Ask, service: Service) -> None:
    ask(client_id=service.id, client_secret=service.key[:-4] + "AAAA")
    [record] = records(service.runtime, "api_key_rejected")
    assert (record["tenant"], record["username"]) == (ACME, service.id)
    assert record["result"] == "failure"


@pytest.mark.parametrize("secret", ["wrong", f"pgl_{'9' * 48}_{'A' * 43}"])
def test_a_key_of_no_tenant_is_recorded_in_the_default_one(
    ask: Ask, service: Service, secret: str
) -> None:
    ask(client_secret=secret)
    [record] = records(service.runtime, "api_key_rejected")
    assert record["tenant"] == DEFAULT_TENANT


def test_a_bad_subject_token_is_recorded(ask: Ask, runtime: Runtime) -> None:
    ask(grant_type=EXCHANGE, subject_token="a.b.c", subject_token_type=JWT)
    [record] = records(runtime, "login_failed")
    assert "subject_token" in record["error_message"]


def test_no_secret_lies_in_a_record_or_in_a_key(
    ask: Ask, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    token = token_of(ask(client_id=service.id, client_secret=service.key))
    wrong = service.key[:-4] + "AAAA"
    ask(client_id=service.id, client_secret=wrong)
    ask(client_id=wrong, client_secret="swapped")
    ask(grant_type=EXCHANGE, subject_token=token + "x", subject_token_type=JWT)
    store = service.runtime.store
    everything = str([record.doc for kind in kinds.ALL for record in store.scan(kind)])
    for secret in (service.key, wrong, token):
        assert secret[40:] not in everything
        assert secret not in caplog.text
