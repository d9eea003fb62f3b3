"""Mistakes of other catalogs with tokens and keys, each shown not to be made here."""

from dataclasses import replace
from typing import Any

import jwt
import pytest

from pangolin.errors import Unauthorized, Unavailable
from pangolin.services.context.context import Context
from pangolin.services.context.runtime import Runtime
from pangolin.services.login.password_login import Attempt, login
from pangolin.services.operations import signing_key_rotation
from pangolin.store.api import Kind
from pangolin.store.kinds import API_KEY, PRINCIPAL, SERVER_SECRET, SIGNING_KEY, TOKEN
from tests.answers import message
from tests.conftest import ROOT_PASSWORD
from tests.worlds.acme import PASSWORD, Caller, World, token_of


def status(caller: Caller, path: str = "/users/me", **headers: str) -> int:
    return caller("GET", path, **headers).status_code


def test_no_caller_but_root_can_mint_a_root_token(admin: Caller, ann: Caller, world: World) -> None:
    for caller in (ann, admin, world.bearer(world.service(role="tenant-admin")["api_key"])):
        for spelling in ("root", "Root"):
            body = {"tenant_id": "acme", "roles": [spelling]}
            assert caller("POST", "/tokens", body).status_code == 403


def test_logout_revokes_the_presented_token_and_no_other(ann: Caller, world: World) -> None:
    other = world.login("ann")
    ann("POST", "/users/logout")
    assert (status(ann), status(other)) == (401, 200)


def test_rotating_roots_token_gives_one_that_works(world: World) -> None:
    root = world.login("root", ROOT_PASSWORD, None)
    fresh = world.bearer(root("POST", "/tokens/rotate").get_json()["token"])
    assert status(fresh, "/tenants") == 200
    assert status(fresh, "/users", X_Pangolin_Tenant="acme") == 200


def test_rotating_the_signing_key_logs_nobody_out(ann: Caller, ctx: Context) -> None:
    for _ in range(3):
        signing_key_rotation.rotate(ctx)
        assert status(ann) == 200


def test_tokens_are_not_signed_with_a_shared_secret(world: World, ann: Caller) -> None:
    token = ann.headers["Authorization"].removeprefix("Bearer ")
    assert jwt.get_unverified_header(token)["alg"] == "ES256"


def test_no_token_key_or_password_lies_in_the_store(
    ann: Caller, world: World, runtime: Runtime
) -> None:
    service = world.service()
    secrets = [ann.headers["Authorization"], service["api_key"], PASSWORD]
    kinds: tuple[Kind, ...] = (PRINCIPAL, TOKEN, API_KEY, SIGNING_KEY, SERVER_SECRET)
    kept = str([record.doc for kind in kinds for record in runtime.store.scan(kind)])
    assert not any(secret.split(" ")[-1] in kept for secret in secrets[:2])
    assert PASSWORD not in kept
    assert "$argon2id$" in kept and "PRIVATE KEY" not in kept


def test_a_store_that_is_away_is_503_and_never_a_pass(
    ann: Caller, world: World, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.bearer(world.service()["api_key"])
    assert (status(ann), status(key)) == (200, 200)

    def away(*_: object, **__: object) -> Any:
        raise Unavailable("the store is away")

    for name in ("get", "get_many", "page"):
        monkeypatch.setattr(runtime.store, name, away)
    fresh = world.bearer("pgl_" + "0" * 48 + "_" + "A" * 43)
    for caller in (ann, key, fresh, world.root):
        answer = caller("GET", "/users/me")
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 0


def test_an_api_key_of_the_form_we_make_is_one_we_take(world: World) -> None:
    service = world.service()
    own = Caller(world.app.test_client(), {"X-API-Key": service["api_key"]})
    rotated = world.root(
        "POST", f"/service-users/{service['id']}/rotate", X_Pangolin_Tenant="acme"
    ).get_json()["api_key"]
    assert status(own) == 401
    assert status(Caller(own.client, {"X-API-Key": rotated})) == 200


def test_checking_an_api_key_looks_at_no_other_tenant(
    world: World, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.service()["api_key"]
    read: list[str] = []
    scan, page = runtime.store.scan, runtime.store.page

    def noted(kind: Any, *rest: Any, **more: Any) -> Any:
        read.append(kind.name)
        return page(kind, *rest, **more)

    monkeypatch.setattr(runtime.store, "page", noted)
    assert scan is not None
    assert status(world.bearer(key)) == 200
    assert read == []


def test_no_secret_of_a_service_user_is_shown_again(admin: Caller, world: World) -> None:
    service = world.service()
    shown = "".join(
        admin("GET", path).text for path in ("/service-users", f"/service-users/{service['id']}")
    )
    assert "hash" not in shown and "digest" not in shown and "pgl_" not in shown


def test_the_lifetime_that_a_caller_asks_for_cannot_overflow(admin: Caller) -> None:
    for hours in (2**31, 2**63, 10**400, -(2**63)):
        body = {"tenant_id": "acme", "expires_in_hours": hours}
        assert admin("POST", "/tokens", body).status_code == 400


def test_a_lowered_role_ends_what_older_tokens_may_do(admin: Caller, world: World) -> None:
    user = world.user("bob", "tenant-admin")
    bob = world.login("bob")
    assert status(bob, "/users") == 200
    admin("PUT", f"/users/{user}", {"role": "tenant-user"})
    assert status(bob, "/users") == 403


def test_an_inactive_user_is_checked_for_at_login_and_on_every_request(
    admin: Caller, world: World
) -> None:
    user = world.user("bob")
    bob = world.login("bob")
    assert status(bob) == 200
    admin("PUT", f"/users/{user}", {"active": False})
    assert status(bob) == 401
    body = {"username": "bob", "password": PASSWORD, "tenant-id": "acme"}
    message(world.app.test_client().post("/api/v1/users/login", json=body), 401)
    admin("PUT", f"/users/{user}", {"active": True})
    assert status(bob) == 401
    assert status(world.login("bob")) == 200


def test_a_confined_token_of_root_cannot_take_root_over(world: World) -> None:
    answer = world.root("POST", "/tokens", {"tenant_id": "acme"})
    confined = world.bearer(answer.get_json()["token"])
    change = {"password": "another long one"}
    assert confined("PUT", "/users/root", change).status_code in (400, 403)
    assert confined("PUT", "/users/root", {"email": "me@example.com"}).status_code == 403
    assert confined("DELETE", "/users/root/tokens").status_code == 403


def test_login_failures_are_counted_in_the_store_and_not_in_the_process(
    world: World, runtime: Runtime
) -> None:
    world.user("ann")
    replica = replace(runtime)
    wrong = Attempt(world.tenant, "ann", "wrong")
    for _ in range(runtime.settings.login_tries):
        with pytest.raises(Unauthorized):
            login(replica, wrong)
    body = {"username": "ann", "password": PASSWORD, "tenant-id": "acme"}
    message(world.app.test_client().post("/api/v1/users/login", json=body), 429)


def test_successful_logins_do_not_use_an_address_up(world: World) -> None:
    world.user("ann")
    few = world.app.extensions["pangolin"].runtime.settings.rate_limit // 5
    for _ in range(min(few - 1, 30)):
        token_of(world.app, "ann", PASSWORD)
