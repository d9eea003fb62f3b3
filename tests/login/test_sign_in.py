"""Signing in with a password: what it answers, what it refuses, what it keeps."""

import time
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from pangolin.app import create_app
from pangolin.errors import Unauthorized
from pangolin.services.authn import passwords
from pangolin.services.authn.passwords import hash_password, matches
from pangolin.services.context.runtime import Runtime
from pangolin.services.login.password_login import Attempt, login
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from pangolin.store.kinds import PRINCIPAL, ROOT_HOME, TOKEN
from tests.answers import message
from tests.conftest import ROOT_PASSWORD
from tests.hashing import cheap
from tests.headers import basic
from tests.worlds.acme import PASSWORD, Caller, World, token_of

ROOT = Attempt(ROOT_HOME, "root", ROOT_PASSWORD)
LOGIN = "/api/v1/users/login"


def test_login_answers_in_the_shape_that_clients_know(client: FlaskClient) -> None:
    body = {"username": "root", "password": ROOT_PASSWORD, "tenant-id": None}
    answer = client.post(LOGIN, json=body).get_json()
    assert set(answer) == {"token", "user", "expires-at"}
    assert answer["user"]["role"] == "root"
    assert answer["user"]["tenant-id"] is None
    assert answer["user"]["last-login"]
    assert not any("password" in name for name in answer["user"])


def test_a_token_authenticates(world: World) -> None:
    me = world.login("root", ROOT_PASSWORD, None)("GET", "/users/me").get_json()
    assert me["username"] == "root"


def test_the_store_never_sees_the_token(world: World, runtime: Runtime) -> None:
    token = token_of(world.app, "root", ROOT_PASSWORD, None)
    [record] = runtime.store.scan(TOKEN)
    assert token not in str(record.doc)
    assert token.rpartition(".")[2] not in str(record.doc)


def test_logout_revokes_the_token_at_once(world: World) -> None:
    root = world.login("root", ROOT_PASSWORD, None)
    assert root("POST", "/users/logout").status_code == 204
    assert root("GET", "/users/me").status_code == 401


def test_logout_with_basic_or_an_api_key_says_what_is_missing(world: World) -> None:
    service = world.bearer(world.service()["api_key"])
    for caller in (world.root, service):
        assert "Authorization" in message(caller("POST", "/users/logout"), 400)


def test_an_expired_token_is_401_and_the_next_login_sweeps_it(runtime: Runtime) -> None:
    past = replace(runtime, clock=lambda: runtime.clock() - 25 * 3_600_000)
    login(past, ROOT)
    login(runtime, ROOT)
    assert runtime.store.count(TOKEN) == 1


def test_an_expired_token_does_not_authenticate(world: World, runtime: Runtime) -> None:
    past = replace(runtime, clock=lambda: runtime.clock() - 25 * 3_600_000)
    token = login(past, ROOT).issued.token
    assert "expired" in message(world.bearer(token)("GET", "/users/me"), 401)


@pytest.mark.parametrize(
    "body",
    [
        {"username": "root", "password": "wrong"},
        {"username": "nobody", "password": ROOT_PASSWORD},
        {"username": "root", "password": ""},
        {"username": "r\u00f6\u00f6t", "password": "\U0001f600"},
        {"username": "root", "password": ROOT_PASSWORD, "tenant-id": "no such tenant"},
        {"username": "root", "password": ROOT_PASSWORD, "tenant-id": "?"},
        {"username": "x" * 100_000, "password": "y" * 100_000},
    ],
)
def test_a_wrong_login_is_401_and_does_not_say_why(
    client: FlaskClient, body: dict[str, str]
) -> None:
    answer = client.post(LOGIN, json=body)
    assert message(answer, 401) == "wrong user name or password"


@pytest.mark.parametrize("field", ["tenant-id", "tenant_id"])
@pytest.mark.parametrize("by_name", [True, False])
def test_a_user_of_a_tenant_names_it(world: World, ann: Caller, field: str, by_name: bool) -> None:
    tenant = "acme" if by_name else world.tenant
    body = {"username": "ann", "password": PASSWORD, field: tenant}
    answer = world.app.test_client().post(LOGIN, json=body).get_json()
    assert answer["user"]["tenant-id"] == world.tenant


def test_a_user_signs_in_with_basic_as_tenant_and_name(world: World, ann: Caller) -> None:
    for name in ("acme/ann", f"{world.tenant}/ann"):
        caller = Caller(world.app.test_client(), {"Authorization": basic(name, PASSWORD)})
        assert caller.id == ann.id


def test_a_renamed_tenant_takes_its_name_from_its_users(world: World, ann: Caller) -> None:
    caller = Caller(world.app.test_client(), {"Authorization": basic("acme/ann", PASSWORD)})
    assert caller.id == ann.id
    world.root("PUT", f"/tenants/{world.tenant}", {"name": "renamed"})
    assert caller("GET", "/users/me").status_code == 401


def test_the_tenant_is_given_in_one_spelling(client: FlaskClient) -> None:
    body = {"username": "a", "password": "b", "tenant-id": "x", "tenant_id": "x"}
    assert client.post(LOGIN, json=body).status_code == 400


def test_an_inactive_user_cannot_sign_in(world: World) -> None:
    user = world.user("ann")
    as_basic = Caller(world.app.test_client(), {"Authorization": basic("acme/ann", PASSWORD)})
    assert as_basic("GET", "/users/me").status_code == 200
    world.root("PUT", f"/users/{user}", {"active": False}, X_Pangolin_Tenant="acme")
    body = {"username": "ann", "password": PASSWORD, "tenant-id": "acme"}
    message(world.app.test_client().post(LOGIN, json=body), 401)
    assert as_basic("GET", "/users/me").status_code == 401


def test_too_many_wrong_passwords_are_429_and_a_new_password_unlocks(world: World) -> None:
    user = world.user("ann")
    client, body = world.app.test_client(), {"username": "ann", "tenant-id": "acme"}
    for _ in range(world.app.extensions["pangolin"].runtime.settings.login_tries):
        client.post(LOGIN, json=body | {"password": "wrong"})
    answer = client.post(LOGIN, json=body | {"password": PASSWORD})
    message(answer, 429)
    assert int(answer.headers["Retry-After"]) >= 1
    change = {"password": "another long one"}
    world.root("PUT", f"/users/{user}", change, X_Pangolin_Tenant="acme")
    world.login("ann", "another long one")


def test_argon2_runs_once_for_the_right_password(settings: Settings) -> None:
    hashed = hash_password(settings, "pw")
    assert matches(settings, hashed, "pw")
    started = time.perf_counter()
    assert all(matches(settings, hashed, "pw") for _ in range(1000))
    assert time.perf_counter() - started < 1
    assert not matches(settings, hashed, "pw2")


def test_a_changed_password_is_not_remembered(settings: Settings) -> None:
    old, new = hash_password(settings, "pw"), hash_password(settings, "new")
    assert matches(settings, old, "pw")
    assert not matches(settings, new, "pw")


def test_an_unknown_user_costs_a_check_too(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[str] = []
    check = passwords._verify

    def watched(hasher: PasswordHasher, hashed: str, given: str) -> bool:
        spent.append(given)
        return check(hasher, hashed, given)

    monkeypatch.setattr(passwords, "_verify", watched)
    client.post(LOGIN, json={"username": "nobody", "password": "x"})
    assert spent == ["x"]


def test_a_login_keeps_the_password_under_todays_parameters(world: World, runtime: Runtime) -> None:
    user = world.user("ann")
    before = runtime.store.get(PRINCIPAL, (world.tenant, user))
    stronger = replace(runtime, settings=replace(runtime.settings, argon2_time_cost=2))
    done = login(stronger, Attempt(world.tenant, "ann", PASSWORD))
    after = runtime.store.get(PRINCIPAL, (world.tenant, user))
    assert before is not None and after is not None
    assert ",t=1," in str(before.doc["password_hash"])
    assert ",t=2," in str(after.doc["password_hash"])
    assert world.bearer(done.issued.token).id == user


def test_root_gets_a_random_password_once_when_none_is_set() -> None:
    runtime = fresh_runtime()
    first, again = initialise(runtime), initialise(runtime)
    assert len(first.root_password) >= 20
    assert any(first.root_password in note for note in first.notes)
    assert again.notes == ()
    assert login(runtime, replace(ROOT, password=first.root_password)).issued.token


def test_the_password_of_the_settings_wins_over_the_first_one() -> None:
    runtime = fresh_runtime()
    first = initialise(runtime)
    chosen = replace(runtime, settings=replace(runtime.settings, root_password="mine"))
    assert login(chosen, replace(ROOT, password="mine")).issued.token
    with pytest.raises(Unauthorized, match="wrong user name"):
        login(chosen, replace(ROOT, password=first.root_password))


def test_root_may_be_renamed_by_the_settings(runtime: Runtime) -> None:
    renamed = replace(runtime, settings=replace(runtime.settings, root_user="admin"))
    initialise(renamed)
    assert login(renamed, replace(ROOT, username="admin")).user["id"] == "root"


def fresh_runtime() -> Runtime:
    app = create_app(cheap(Settings(store_url="memory:")))
    found: Runtime = app.extensions["pangolin"].runtime
    return found
