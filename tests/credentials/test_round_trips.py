"""A credential from memory costs the database nothing."""

from pathlib import Path

from pangolin.services.catalogs import catalogs
from pangolin.services.context.context import system_context
from pangolin.services.warehouses import warehouses
from tests.counting import CountingStore, counted_app
from tests.credentials.conftest import ASK, SIGN
from tests.credentials.vendor import CountingPlugin, CountingVendor
from tests.samples import SCHEMA, TABLES
from tests.web.iceberg.test_round_trips import trips


def test_a_load_with_a_credential_from_memory_is_one_round_trip(tmp_path: Path) -> None:
    store = CountingStore()
    app = counted_app(store, tmp_path, CountingPlugin(CountingVendor()))
    runtime = app.extensions["pangolin"].runtime
    ctx = system_context(runtime)
    config = {"type": "file", "file.root": str(tmp_path / "warehouse")}
    fields = {"name": "w", "storage_config": config, "vending_strategy": {"Counting": {}}}
    warehouses.create(ctx, fields)
    catalogs.create(ctx, {"name": "lake", "warehouse_name": "w"})
    client = app.test_client()
    login = {"username": "root", "password": "correct horse"}
    token = client.post("/api/v1/users/login", json=login).get_json()["token"]
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    client.post("/v1/lake/namespaces", json={"namespace": ["db"]})
    client.post(TABLES, json={"name": "t", "schema": SCHEMA})
    for ways in (ASK, SIGN):
        for name, value in ways.items():
            client.environ_base[f"HTTP_{name.upper().replace('-', '_')}"] = value
        assert client.get(f"{TABLES}/t").status_code == 200
        assert trips(store, client, "GET", f"{TABLES}/t") == ["get_many"]
    assert trips(store, client, "GET", f"{TABLES}/t/credentials") == ["get_many"]
