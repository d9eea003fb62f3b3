"""A catalog whose warehouse vends by a vendor of the tests' own, and people with few rights."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pangolin.app import create_app
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from tests.credentials.vendor import CountingPlugin, CountingVendor
from tests.headers import basic
from tests.samples import SCHEMA, TABLES

Call = Callable[..., TestResponse]
ASK = {"X-Iceberg-Access-Delegation": "vended-credentials"}
SIGN = {"X-Iceberg-Access-Delegation": "remote-signing"}
PASSWORD = "a long enough password"


@pytest.fixture
def vendor() -> CountingVendor:
    """The vendor."""
    return CountingVendor()


@pytest.fixture
def app(settings: Settings, vendor: CountingVendor) -> Flask:
    """An initialised application that has the vendor."""
    made = create_app(settings, plugins=[CountingPlugin(vendor)])
    initialise(made.extensions["pangolin"].runtime)
    return made


@pytest.fixture
def call(client: FlaskClient) -> Call:
    """Send a request as root, or as anyone who has the password of the tests."""

    def call(
        method: str, path: str, body: Any = None, *, by: str = "", **headers: str
    ) -> TestResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if by:
            sent["Authorization"] = basic(f"{DEFAULT_TENANT}/{by}", PASSWORD)
        return client.open(path, method=method, json=body, headers=sent)

    return call


@pytest.fixture
def lake(call: Call, settings: Settings) -> str:
    """The catalog `lake` with the namespace `db`, in the warehouse `w`."""
    config = {"type": "file", "file.root": f"{settings.file_roots[0]}/w"}
    warehouse = {"name": "w", "storage_config": config, "vending_strategy": {"Counting": {}}}
    made(call("POST", "/api/v1/warehouses", warehouse), 201)
    made(call("POST", "/api/v1/catalogs", {"name": "lake", "warehouse_name": "w"}), 201)
    made(call("POST", "/v1/lake/namespaces", {"namespace": ["db"]}))
    return "lake"


@pytest.fixture
def table(call: Call, lake: str) -> dict[str, Any]:
    """The table `db.t`, as it was answered."""
    return dict(made(call("POST", TABLES, {"name": "t", "schema": SCHEMA})))


@pytest.fixture
def person(call: Call, lake: str) -> Callable[..., str]:
    """Make somebody who may do some actions, in the catalog or in a part of it."""

    def make(name: str, *actions: str, **scope: str) -> str:
        user = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        body = made(call("POST", "/api/v1/users", user | {"role": "tenant-user"}), 201)
        catalog = call("GET", "/api/v1/catalogs/lake").get_json()["id"]
        where = {"type": "catalog", "catalog_id": catalog} | scope
        grant = {"user-id": body["id"], "scope": where, "actions": list(actions)}
        if actions:
            made(call("POST", "/api/v1/permissions", grant), 201)
        return name

    return make


def made(answer: TestResponse, status: int = 200) -> Any:
    """Check an answer's status, and return its body."""
    assert answer.status_code == status, answer.text
    return answer.get_json()
