"""A warehouse and a catalog, and a short way to call the management API."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

Call = Callable[..., TestResponse]


@pytest.fixture
def call(client: FlaskClient) -> Call:
    """Call a path below `/api/v1` as root."""

    def call(method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.open(f"/api/v1{path}", method=method, json=body, headers=sent)

    return call


@pytest.fixture
def root(tmp_path: Path) -> str:
    """The location of the warehouse `w`."""
    return f"{tmp_path}/w"


@pytest.fixture
def warehouse(call: Call, root: str) -> str:
    """Make the warehouse `w` of local files."""
    made = call("POST", "/warehouses", {"name": "w", "storage_config": {"file.root": root}})
    assert made.status_code == 201, made.text
    return "w"


@pytest.fixture
def catalog(call: Call, warehouse: str) -> str:
    """Make the catalog `lake`."""
    made = call("POST", "/catalogs", {"name": "lake", "warehouse_name": warehouse})
    assert made.status_code == 201, made.text
    return "lake"
