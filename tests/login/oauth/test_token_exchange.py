"""Token exchange: a new token for the same principal, with no more rights and for no longer."""

from base64 import urlsafe_b64encode
from dataclasses import replace

import jwt
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from pangolin.app import create_app
from pangolin.interfaces.authentication import AuthRequest, Principal
from pangolin.plugin import hookimpl
from pangolin.services.authn import tokens
from pangolin.services.authn.tokens import Terms
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from pangolin.store.identity_documents import TokenDoc
from pangolin.store.kinds import TOKEN
from tests.headers import basic
from tests.login.oauth.clients import (
    EXCHANGE,
    Ask,
    Service,
    error_of,
    make_service,
    principal_of,
    token_of,
)
from tests.samples import ACME

TYPE = "urn:ietf:params:oauth:token-type:"
HOUR_MS, DAY_MS = 3_600_000, 86_400_000


@pytest.fixture
def exchange(ask: Ask) -> Ask:
    """Ask for a token in exchange for another."""

    def exchange(subject: str, authorization: str = "", **more: str | None) -> TestResponse:
        sent = {
            "grant_type": EXCHANGE,
            "subject_token": subject,
            "subject_token_type": f"{TYPE}access_token",
            "scope": "catalog",
        }
        return ask(authorization=authorization, **(sent | more))

    return exchange


@pytest.fixture
def token(ask: Ask, service: Service) -> str:
    """A token of the service user."""
    return token_of(ask(client_id=service.id, client_secret=service.key))


def issue(runtime: Runtime, principal: Principal, **more: object) -> str:
    """Issue a token as a sign-in does, on the terms that a test names."""
    now = runtime.clock()
    terms = {"expires_at_ms": now + HOUR_MS, "auth_time_ms": now, "use": "login"} | more
    issued, batch = tokens.prepare(runtime, principal, Terms(**terms))  # type: ignore[arg-type]
    runtime.store.apply(*batch)
    return issued.token


def turn_clock(app: Flask, ms: int) -> None:
    """Serve as if it were later."""
    server = app.extensions["pangolin"]
    clock = server.runtime.clock
    later = replace(server.runtime, clock=lambda: clock() + ms)
    app.extensions["pangolin"] = replace(server, runtime=later)


def test_a_token_is_renewed_by_its_bearer(app: Flask, exchange: Ask, token: str) -> None:
    fresh = token_of(exchange(token, authorization=f"Bearer {token}"))
    assert fresh != token
    old, new = principal_of(app, token), principal_of(app, fresh)
    assert (new.id, new.role, new.tenant, new.actor) == (old.id, old.role, old.tenant, None)


def test_a_token_needs_nothing_but_itself(exchange: Ask, token: str) -> None:
    assert token_of(exchange(token))


def test_a_token_is_renewed_with_the_clients_credentials(
    exchange: Ask, token: str, service: Service
) -> None:
    assert token_of(exchange(token, authorization=basic(service.id, service.key)))
    assert token_of(exchange(token, client_id=service.id, client_secret=service.key))


def test_the_answer_says_what_was_issued(exchange: Ask, token: str) -> None:
    body = exchange(token).get_json()
    assert body["issued_token_type"] == f"{TYPE}access_token"
    assert (body["token_type"], body["scope"]) == ("bearer", "catalog")


@pytest.mark.parametrize("name", ["access_token", "jwt", "id_token"])
def test_the_types_that_a_token_may_have_are_taken(exchange: Ask, token: str, name: str) -> None:
    assert token_of(exchange(token, subject_token_type=TYPE + name))


@pytest.mark.parametrize(
    "sent",
    [
        {"subject_token": None},
        {"subject_token_type": None},
        {"subject_token_type": f"{TYPE}saml2"},
        {"actor_token": "a.b.c"},
        {"actor_token_type": f"{TYPE}jwt"},
        {"requested_token_type": f"{TYPE}refresh_token"},
    ],
)
def test_parameters_that_do_not_fit_are_refused(
    exchange: Ask, token: str, sent: dict[str, str | None]
) -> None:
    answer = exchange(token, **sent)
    assert error_of(answer, 400) == "invalid_request"
    assert next(iter(sent)).removesuffix("_type") in answer.get_json()["error_description"]


# Nested more deeply than a parser's stack.
DEEP = urlsafe_b64encode(b"[" * 6000).decode()


@pytest.mark.parametrize(
    "bad",
    ["nonsense", "a.b.c", "x" * 20_000, "a b", "\u00e4", "pgl_x", f"{DEEP}.e30.x", f"e30.{DEEP}.x"],
)
def test_a_bad_subject_token_is_an_invalid_grant(exchange: Ask, bad: str) -> None:
    assert error_of(exchange(bad), 400) == "invalid_grant"


def test_a_forged_subject_token_is_an_invalid_grant(exchange: Ask, token: str) -> None:
    head, body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    for forged in (
        f"{head}.{body}.{signature[:-4]}AAAA",
        jwt.encode(claims, "", "none"),
        jwt.encode(claims, "x" * 32, "HS256", headers={"kid": "k"}),
    ):
        assert error_of(exchange(forged), 400) == "invalid_grant"


@pytest.mark.parametrize("bad", ["", "a.b.c", "\u00e4", "pgl_x", "x" * 20_000])
def test_a_bad_bearer_beside_a_good_subject_is_an_invalid_client(
    exchange: Ask, token: str, bad: str
) -> None:
    answer = exchange(token, authorization=f"Bearer {bad}")
    assert error_of(answer, 401) == "invalid_client"


def test_wrong_credentials_beside_a_good_subject_are_an_invalid_client(
    exchange: Ask, token: str, service: Service
) -> None:
    answer = exchange(token, authorization=basic(service.id, "wrong"))
    assert error_of(answer, 401) == "invalid_client"


def test_a_client_renews_its_own_expired_token(
    app: Flask, exchange: Ask, token: str, service: Service
) -> None:
    turn_clock(app, 2 * HOUR_MS)
    assert error_of(exchange(token), 400) == "invalid_grant"
    assert token_of(exchange(token, authorization=basic(service.id, service.key)))


def test_a_client_cannot_renew_an_expired_token_of_another(
    app: Flask, exchange: Ask, token: str, runtime: Runtime
) -> None:
    other = make_service(runtime, "other")
    turn_clock(app, 2 * HOUR_MS)
    answer = exchange(token, authorization=basic(other.id, other.key))
    assert error_of(answer, 400) == "invalid_grant"


def test_a_revoked_token_is_renewed_no_more(
    app: Flask, exchange: Ask, token: str, service: Service
) -> None:
    assert token_of(exchange(token))
    runtime = app.extensions["pangolin"].runtime
    runtime.store.apply(*tokens.revoking(_record(runtime, token, service)))
    assert error_of(exchange(token), 400) == "invalid_grant"


def _record(runtime: Runtime, token: str, service: Service) -> TokenDoc:
    jti = jwt.decode(token, options={"verify_signature": False})["jti"]
    found = runtime.store.get(TOKEN, (service.tenant, jti))
    assert found is not None
    return found.doc


def test_the_tokens_of_a_revoked_key_are_renewed_no_more(
    exchange: Ask, token: str, service: Service
) -> None:
    second = token_of(exchange(token))
    service.revoke_key()
    assert error_of(exchange(second), 400) == "invalid_grant"


def test_an_inactive_user_renews_nothing(exchange: Ask, token: str, service: Service) -> None:
    service.change(active=False)
    assert error_of(exchange(token), 400) == "invalid_grant"


def test_a_renewed_token_ends_with_the_key(ask: Ask, exchange: Ask, runtime: Runtime) -> None:
    brief = make_service(runtime, "brief", key_ends=runtime.clock() + 90_000)
    body = exchange(token_of(ask(client_secret=brief.key))).get_json()
    assert 80 <= body["expires_in"] <= 90


def test_renewal_ends_so_many_days_after_the_first_sign_in(
    app: Flask, exchange: Ask, token: str
) -> None:
    signed_in = jwt.decode(token, options={"verify_signature": False})["auth_time"]
    runtime = app.extensions["pangolin"].runtime
    record = next(iter(runtime.store.scan(TOKEN))).doc
    long = {"expires_at_ms": record["expires_at_ms"] + 60 * DAY_MS}
    owner = principal_of(app, token)
    old = issue(runtime, owner, auth_time_ms=record["auth_time_ms"], **long)
    turn_clock(app, 30 * DAY_MS - 600_000)
    answer = exchange(old)
    last = token_of(answer)
    assert answer.get_json()["expires_in"] <= 600
    assert jwt.decode(last, options={"verify_signature": False})["auth_time"] == signed_in
    turn_clock(app, 600_000)
    assert error_of(exchange(old), 400) == "invalid_grant"


def test_a_confined_token_of_root_stays_confined(
    app: Flask, exchange: Ask, runtime: Runtime
) -> None:
    root = Principal("root", "root", "root", home="")
    narrow = issue(runtime, root, role="tenant-admin", tenant=DEFAULT_TENANT)
    principal = principal_of(app, token_of(exchange(narrow)))
    assert (principal.role, principal.tenant) == ("tenant-admin", DEFAULT_TENANT)


def test_a_lesser_role_stays_lesser(app: Flask, exchange: Ask, runtime: Runtime) -> None:
    admin = make_service(runtime, "admin", role="tenant-admin")
    owner = Principal(admin.id, "admin", "tenant-admin", ACME, type="service", home=ACME)
    token = issue(runtime, owner, role="tenant-user")
    assert principal_of(app, token_of(exchange(token))).role == "tenant-user"


def test_roles_of_the_credential_are_kept(app: Flask, exchange: Ask, service: Service) -> None:
    owner = Principal(service.id, "etl", "tenant-user", ACME, home=ACME, roles=("r1",))
    token = issue(service.runtime, owner)
    assert principal_of(app, token_of(exchange(token))).roles == ("r1",)


def test_an_actor_is_named(app: Flask, ask: Ask, exchange: Ask, token: str) -> None:
    actor = make_service(app.extensions["pangolin"].runtime, "trino")
    acting = token_of(ask(client_secret=actor.key))
    fresh = token_of(exchange(token, actor_token=acting, actor_token_type=f"{TYPE}access_token"))
    claims = jwt.decode(fresh, options={"verify_signature": False})
    assert claims["act"] == {"sub": actor.id}
    assert principal_of(app, fresh).actor == actor.id
    assert principal_of(app, token_of(exchange(fresh))).actor == actor.id


def test_a_client_that_exchanges_the_token_of_another_is_the_actor(
    app: Flask, exchange: Ask, token: str, runtime: Runtime
) -> None:
    trino = make_service(runtime, "trino")
    fresh = token_of(exchange(token, authorization=basic(trino.id, trino.key)))
    assert principal_of(app, fresh).actor == trino.id


def test_a_bad_actor_token_is_an_invalid_grant(exchange: Ask, token: str) -> None:
    answer = exchange(token, actor_token="a.b.c", actor_token_type=f"{TYPE}jwt")
    assert error_of(answer, 400) == "invalid_grant"


def test_an_actor_of_another_tenant_is_refused(
    ask: Ask, exchange: Ask, token: str, runtime: Runtime
) -> None:
    foreign = make_service(runtime, "foreign", "5e0d2a3c-0000-4000-8000-000000000002")
    acting = token_of(ask(client_secret=foreign.key))
    answer = exchange(token, actor_token=acting, actor_token_type=f"{TYPE}access_token")
    assert error_of(answer, 400) == "invalid_grant"
    answer = exchange(token, authorization=basic(foreign.id, foreign.key))
    assert error_of(answer, 400) == "invalid_grant"


class Provider:
    """A plugin that vouches for one person by a token of its own."""

    def __init__(self, person: Principal) -> None:
        self.person = person

    @hookimpl
    def pangolin_authenticate(self, request: AuthRequest, services: object) -> Principal | None:
        return self.person if request.authorization == "Bearer theirs" else None


def test_a_token_of_another_provider_is_exchanged(settings: Settings) -> None:
    person = Principal("u1", "ann", "tenant-user", ACME, home=ACME, roles=("r1",))
    app = create_app(settings, plugins=[Provider(person)])
    runtime = app.extensions["pangolin"].runtime
    initialise(runtime)
    make_service(runtime, "ann", id="u1", type="user")
    sent = {"grant_type": EXCHANGE, "subject_token": "theirs", "subject_token_type": f"{TYPE}jwt"}
    answer = app.test_client().post("/v1/oauth/tokens", data=sent)
    found = principal_of(app, token_of(answer))
    assert (found.id, found.tenant, found.roles) == ("u1", ACME, ("r1",))


def test_a_person_who_is_not_kept_here_gets_no_token(settings: Settings) -> None:
    person = Principal("u1", "ann", "tenant-user", ACME)
    app = create_app(settings, plugins=[Provider(person)])
    initialise(app.extensions["pangolin"].runtime)
    sent = {"grant_type": EXCHANGE, "subject_token": "theirs", "subject_token_type": f"{TYPE}jwt"}
    answer = app.test_client().post("/v1/oauth/tokens", data=sent)
    assert error_of(answer, 400) == "invalid_grant"
