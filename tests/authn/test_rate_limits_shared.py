"""Limits seen from outside: two servers on one store share a budget, and say no alike."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pangolin.app import create_app
from pangolin.services.authn import rate_limits
from pangolin.services.operations import garbage_collection
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from pangolin.store.api import Doc
from pangolin.store.kinds import LIMIT
from tests.conftest import ROOT_PASSWORD
from tests.headers import basic

BUDGET, TRIES = 20, 3


@pytest.fixture
def servers(tmp_path: Path, settings: Settings) -> list[Flask]:
    """Two servers on one SQLite file."""
    given = replace(
        settings,
        store_url=f"sqlite:///{tmp_path}/pangolin.db",
        rate_limit=BUDGET,
        login_tries=TRIES,
        trusted_proxies=("127.0.0.1",),
    )
    made = [create_app(given) for _ in range(2)]
    initialise(made[0].extensions["pangolin"].runtime)
    return made


@pytest.fixture
def clients(servers: list[Flask]) -> list[FlaskClient]:
    """A client of each."""
    return [server.test_client() for server in servers]


def sign_in(
    client: FlaskClient, name: str, password: str = "wrong", address: str = "192.0.2.1"
) -> TestResponse:
    given = {"username": name, "password": password}
    return client.post("/api/v1/users/login", json=given, headers={"X-Forwarded-For": address})


def at_the_start_of_a_minute() -> None:
    """Wait until the window that begins now is long enough for the test."""
    left = 60 - time.time() % 60
    if left < 20:
        time.sleep(left)


def test_an_address_has_one_budget_on_all_servers(clients: list[FlaskClient]) -> None:
    at_the_start_of_a_minute()
    found = [sign_in(clients[at % 2], f"user {at}").status_code for at in range(BUDGET + 4)]
    assert found == [401] * BUDGET + [429] * 4
    assert sign_in(clients[0], "root", ROOT_PASSWORD, "192.0.2.2").status_code == 200


def test_many_at_once_share_it_too(clients: list[FlaskClient], servers: list[Flask]) -> None:
    at_the_start_of_a_minute()

    def attempt(at: int) -> int:
        return sign_in(servers[at % 2].test_client(), f"user {at}").status_code

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(attempt, range(BUDGET * 2)))
    assert set(found) == {401, 429}
    assert found.count(401) <= BUDGET


def lock(server: Flask, name: str) -> None:
    """Let an account fail until it is locked for some time."""
    for _ in range(TRIES + 5):
        rate_limits.failed(server.extensions["pangolin"].runtime, "login", "192.0.2.9", f"/{name}")


@pytest.mark.parametrize("name", ["root", "nobody"])
def test_an_account_is_locked_on_all_servers_whether_it_exists_or_not(
    clients: list[FlaskClient], servers: list[Flask], name: str
) -> None:
    for at in range(2):
        answer = sign_in(clients[at], name)
        assert answer.status_code == 401
        assert answer.get_json()["error"]["message"] == "wrong user name or password"
    lock(servers[0], name)
    for client in clients:
        answer = sign_in(client, name, ROOT_PASSWORD)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 128
        error = answer.get_json()["error"]
        assert error["type"] == "TooManyRequestsException"
        assert error["message"].startswith("too many attempts; try again in ")


def test_failures_lock_the_account_by_themselves(clients: list[FlaskClient]) -> None:
    for _ in range(TRIES):
        sign_in(clients[0], "root")
    # How long is a matter of the clock, and tested with one that stands still.
    limit = _counter(clients[1].application)
    assert limit["failures"] >= TRIES
    assert limit["locked_until_ms"] > 0


def _counter(server: Flask) -> Doc:
    runtime = server.extensions["pangolin"].runtime
    found = [record.doc for record in runtime.store.scan(LIMIT)]
    return next(doc for doc in found if ":account:" in doc["name"])


def test_an_unlocked_account_signs_in_again(
    clients: list[FlaskClient], servers: list[Flask]
) -> None:
    lock(servers[0], "root")
    assert sign_in(clients[0], "root", ROOT_PASSWORD).status_code == 429
    rate_limits.unlock(servers[1].extensions["pangolin"].runtime, "login", "/root")
    assert sign_in(clients[0], "root", ROOT_PASSWORD).status_code == 200


def test_basic_and_login_count_together(clients: list[FlaskClient], servers: list[Flask]) -> None:
    lock(servers[0], "root")
    headers = {"Authorization": basic("root", ROOT_PASSWORD)}
    assert clients[1].get("/api/v1/plugins", headers=headers).status_code == 429


def test_a_wrong_password_is_counted_once_on_the_short_way_of_a_load(
    clients: list[FlaskClient],
) -> None:
    headers = {"Authorization": basic("root", "wrong")}
    answer = clients[0].get("/v1/lake/namespaces/db/tables/t", headers=headers)
    assert answer.status_code == 401
    assert _counter(clients[1].application)["failures"] == 1


def test_a_password_that_is_remembered_is_not_counted(clients: list[FlaskClient]) -> None:
    headers = {"Authorization": basic("root", ROOT_PASSWORD)}
    for _ in range(BUDGET + 5):
        assert clients[0].get("/api/v1/plugins", headers=headers).status_code == 200


def test_a_client_cannot_escape_by_inventing_an_address(servers: list[Flask]) -> None:
    at_the_start_of_a_minute()
    client = servers[0].test_client()
    found = [
        sign_in(client, f"user {at}", address=f"203.0.113.{at}, 192.0.2.1").status_code
        for at in range(BUDGET + 1)
    ]
    assert found[-1] == 429


def test_expired_counters_are_collected(servers: list[Flask]) -> None:
    runtime = servers[0].extensions["pangolin"].runtime
    past = replace(runtime, clock=lambda: runtime.clock() - 600_000)
    rate_limits.take(past, "login", "192.0.2.1", "ann")
    assert runtime.store.count(LIMIT) == 2
    garbage_collection.collect(runtime)
    assert runtime.store.count(LIMIT) == 0
