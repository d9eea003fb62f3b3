"""A revoked token stops working on the next request, on every server of a store."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pangolin.app import create_app
from pangolin.services.operations.bootstrap import initialise
from pangolin.services.sealing.keyring import new_key
from pangolin.settings import Settings
from tests.counting import Counted, CountingStore
from tests.hashing import cheap


@pytest.fixture
def servers(tmp_path: Path) -> list[Flask]:
    plugin = Counted(CountingStore())
    settings = Settings(
        data_dir=str(tmp_path),
        store_url="counting:",
        secret_keys=new_key(),
        root_password="correct horse",
    )
    made = [create_app(cheap(settings), plugins=[plugin]) for _ in range(2)]
    initialise(made[0].extensions["pangolin"].runtime)
    return made


def bearer(server: Flask, token: str) -> FlaskClient:
    client = server.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


@pytest.mark.parametrize(
    "path", ["/api/v1/users/me", "/api/v1/catalogs", "/api/v1/tenants", "/v1/config?warehouse=x"]
)
def test_a_logout_on_one_server_counts_on_the_other_at_once(
    servers: list[Flask], path: str
) -> None:
    login = {"username": "root", "password": "correct horse"}
    token = servers[0].test_client().post("/api/v1/users/login", json=login).get_json()["token"]
    first, second = (bearer(server, token) for server in servers)
    # Both have seen the token, so both know it without asking.
    for client in (first, second, second):
        assert client.get(path).status_code in (200, 404)
    assert first.post("/api/v1/users/logout").status_code == 204
    assert second.get(path).status_code == 401
    assert first.get(path).status_code == 401
