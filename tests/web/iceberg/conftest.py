"""A catalog behind the Iceberg API, and short ways to call it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pangolin.services.catalogs import catalogs
from pangolin.services.context.context import Context
from pangolin.services.warehouses import warehouses
from tests.samples import SCHEMA

Call = Callable[..., TestResponse]


@pytest.fixture
def catalog(ctx: Context, tmp_path: Path) -> str:
    """Make the catalog `lake` in a warehouse of local files."""
    config = {"type": "file", "file.root": str(tmp_path / "warehouse")}
    warehouses.create(ctx, {"name": "w", "storage_config": config})
    catalogs.create(ctx, {"name": "lake", "warehouse_name": "w"})
    return "lake"


@pytest.fixture
def call(client: FlaskClient, catalog: str) -> Call:
    """Call a path below `/v1`."""

    def call(method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.open(f"/v1{path}", method=method, json=body, headers=sent)

    return call


@pytest.fixture
def table(call: Call) -> dict[str, Any]:
    """Create namespace `db` with table `t` and answer how it was answered."""
    assert call("POST", "/lake/namespaces", {"namespace": ["db"]}).status_code == 200
    made = call("POST", "/lake/namespaces/db/tables", {"name": "t", "schema": SCHEMA})
    assert made.status_code == 200
    return dict(made.get_json())
