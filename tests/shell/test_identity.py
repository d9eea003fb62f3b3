"""Passwords and sessions: how a client signs in, and how that ends."""

import time
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from pangolin.app import create_app
from pangolin.services import passwords
from pangolin.services.identity import login
from pangolin.services.initialise import initialise
from pangolin.services.passwords import hash_password, matches
from pangolin.services.scope import Runtime
from pangolin.settings import Settings
from pangolin.store.api import Put
from pangolin.store.kinds import SESSION, TENANT, USER

PASSWORD = "correct horse"
ACME = "5e0d2a3c-0000-4000-8000-000000000001"


def sign_in(client: FlaskClient, **more: str | None) -> str:
    body = {"username": "root", "password": PASSWORD} | more
    answer = client.post("/api/v1/users/login", json=body)
    assert answer.status_code == 200, answer.get_json()
    return str(answer.get_json()["token"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_login_answers_in_the_shape_that_clients_know(client: FlaskClient) -> None:
    body = {"username": "root", "password": PASSWORD, "tenant-id": None}
    answer = client.post("/api/v1/users/login", json=body).get_json()
    assert set(answer) == {"token", "user", "expires-at"}
    assert answer["user"]["role"] == "root"
    assert {"tenant-id", "oauth-provider", "created-at", "last-login"} <= set(answer["user"])
    assert not any("password" in name for name in answer["user"])


def test_a_token_authenticates(client: FlaskClient) -> None:
    answer = client.get("/api/v1/users/me", headers=bearer(sign_in(client)))
    assert answer.get_json()["username"] == "root"


def test_the_store_never_sees_the_token(client: FlaskClient, runtime: Runtime) -> None:
    token = sign_in(client)
    [session] = runtime.store.scan(SESSION)
    assert token not in str(session.doc)


def test_logout_revokes_the_token_at_once(client: FlaskClient) -> None:
    token = sign_in(client)
    assert client.post("/api/v1/users/logout", headers=bearer(token)).status_code == 204
    assert client.get("/api/v1/users/me", headers=bearer(token)).status_code == 401


def test_logout_with_basic_says_what_is_missing(client: FlaskClient) -> None:
    answer = client.post("/api/v1/users/logout")
    assert answer.status_code == 400
    assert "Authorization" in answer.get_json()["error"]["message"]


def test_an_expired_token_is_401_and_the_next_login_sweeps_it(runtime: Runtime) -> None:
    past = replace(runtime, clock=lambda: runtime.clock() - 25 * 3_600_000)
    login(past, "root", PASSWORD, None)
    login(runtime, "root", PASSWORD, None)
    assert runtime.store.count(SESSION) == 1


def test_an_expired_token_does_not_authenticate(client: FlaskClient, runtime: Runtime) -> None:
    past = replace(runtime, clock=lambda: runtime.clock() - 25 * 3_600_000)
    token = login(past, "root", PASSWORD, None).token
    assert client.get("/api/v1/users/me", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"username": "root", "password": "wrong"},
        {"username": "nobody", "password": PASSWORD},
        {"username": "root", "password": ""},
        {"username": "r\u00f6\u00f6t", "password": "\ud83d\ude00"},
    ],
)
def test_a_wrong_login_is_401_and_does_not_say_why(
    client: FlaskClient, body: dict[str, str]
) -> None:
    answer = client.post("/api/v1/users/login", json=body)
    assert answer.status_code == 401
    assert answer.get_json()["error"]["message"] == "wrong user name or password"


def test_a_user_of_a_tenant_logs_in_with_it(client: FlaskClient, runtime: Runtime) -> None:
    runtime.store.apply(
        Put(TENANT, {"tenant": ACME, "name": "acme", "properties": {}}),
        Put(USER, a_user(password_hash=hash_password("pw"))),
    )
    for field in ("tenant-id", "tenant_id"):
        token = sign_in(client, username="ann", password="pw", **{field: ACME})
        me = client.get("/api/v1/users/me", headers=bearer(token)).get_json()
        assert (me["username"], me["tenant-id"]) == ("ann", ACME)


def test_the_tenant_is_given_in_one_spelling(client: FlaskClient) -> None:
    body = {"username": "a", "password": "b", "tenant-id": ACME, "tenant_id": ACME}
    assert client.post("/api/v1/users/login", json=body).status_code == 400


def test_an_inactive_user_cannot_log_in(client: FlaskClient, runtime: Runtime) -> None:
    user = a_user(home="", tenant=None, password_hash=hash_password("pw"), active=False)
    runtime.store.apply(Put(USER, user))
    answer = client.post("/api/v1/users/login", json={"username": "ann", "password": "pw"})
    assert answer.status_code == 401


def test_argon2_runs_once_for_the_right_password(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = hash_password("pw")
    assert matches(hashed, "pw")
    started = time.perf_counter()
    assert all(matches(hashed, "pw") for _ in range(1000))
    assert time.perf_counter() - started < 1
    assert not matches(hashed, "pw2")


def test_a_changed_password_is_not_remembered() -> None:
    old, new = hash_password("pw"), hash_password("new")
    assert matches(old, "pw")
    assert not matches(new, "pw")


def test_an_unknown_user_costs_a_check_too(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[str] = []
    check = passwords._verify

    def watched(hashed: str, given: str) -> bool:
        spent.append(given)
        return check(hashed, given)

    monkeypatch.setattr(passwords, "_verify", watched)
    client.post("/api/v1/users/login", json={"username": "nobody", "password": "x"})
    assert spent == ["x"]


def test_root_gets_a_random_password_once_when_none_is_set() -> None:
    app = create_app(Settings(store_url="memory:"))
    runtime = app.extensions["pangolin"].runtime
    first, again = initialise(runtime), initialise(runtime)
    assert len(first.root_password) >= 20
    assert any(first.root_password in note for note in first.notes)
    assert again.notes == ()
    assert login(runtime, "root", first.root_password, None).token


def test_the_password_of_the_settings_wins_over_the_first_one() -> None:
    app = create_app(Settings(store_url="memory:"))
    runtime = app.extensions["pangolin"].runtime
    first = initialise(runtime)
    chosen = replace(runtime, settings=replace(runtime.settings, root_password="mine"))
    assert login(chosen, "root", "mine", None).token
    with pytest.raises(Exception, match="wrong user name"):
        login(chosen, "root", first.root_password, None)


def test_root_may_be_renamed_by_the_settings(runtime: Runtime) -> None:
    renamed = replace(runtime, settings=replace(runtime.settings, root_user="admin"))
    initialise(renamed)
    assert login(renamed, "admin", PASSWORD, None).user["id"] == "root"


def a_user(**more: object) -> dict[str, object]:
    return {
        "id": "u1",
        "home": ACME,
        "username": "ann",
        "email": None,
        "role": "tenant-user",
        "tenant": ACME,
        "password_hash": None,
        "active": True,
        "created_at_ms": 0,
        "last_login_ms": None,
        **more,
    }
