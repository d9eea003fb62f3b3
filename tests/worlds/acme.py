"""A tenant `acme` with an admin and a user, and short ways to sign in and call the API."""

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.answers import made
from tests.conftest import ROOT_PASSWORD
from tests.headers import basic

PASSWORD = "a long enough one"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls the management API of a server with a credential."""

    client: FlaskClient
    headers: dict[str, str]

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Call a path below `/api/v1`."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = self.headers | more
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=sent)

    @property
    def id(self) -> str:
        """The id of who calls."""
        return str(self("GET", "/users/me").get_json()["id"])


@dataclass(frozen=True, slots=True)
class World:
    """A server and what is in it."""

    app: Flask
    tenant: str

    @property
    def root(self) -> Caller:
        """Root, in the default tenant."""
        return Caller(self.app.test_client(), {"Authorization": basic("root", ROOT_PASSWORD)})

    def bearer(self, token: str) -> Caller:
        """Anyone who has a token or an API key."""
        return Caller(self.app.test_client(), {"Authorization": f"Bearer {token}"})

    def login(self, username: str, password: str = PASSWORD, tenant: str | None = "acme") -> Caller:
        """Sign a user in."""
        return self.bearer(token_of(self.app, username, password, tenant))

    def user(self, name: str, role: str = "tenant-user", **more: Any) -> str:
        """Make a user of acme; return its id."""
        body = {"username": name, "email": f"{name}@example.com", "role": role, **more}
        body = {"password": PASSWORD, "tenant_id": self.tenant} | body
        return str(made(self.root("POST", "/users", body))["id"])

    def service(self, name: str = "etl", role: str = "tenant-user", **more: Any) -> dict[str, Any]:
        """Make a service user of acme; return what was answered."""
        body = {"name": name, "role": role, **more}
        asked = self.root("POST", "/service-users", body, X_Pangolin_Tenant="acme")
        return dict(made(asked))


def token_of(app: Flask, username: str, password: str, tenant: str | None = "acme") -> str:
    """Sign in; return the token."""
    body = {"username": username, "password": password, "tenant-id": tenant}
    answer = app.test_client().post("/api/v1/users/login", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["token"])


def world_on(app: Flask) -> World:
    """Make the tenant acme on an initialised server."""
    world = World(app, "")
    return World(app, str(made(world.root("POST", "/tenants", {"name": "acme"}))["id"]))


@pytest.fixture
def world(app: Flask) -> World:
    """A server with the tenant acme."""
    return world_on(app)


@pytest.fixture
def admin(world: World) -> Caller:
    """Acme's admin, signed in."""
    world.user("boss", "tenant-admin")
    return world.login("boss")


@pytest.fixture
def ann(world: World) -> Caller:
    """A user of acme, signed in."""
    world.user("ann")
    return world.login("ann")
