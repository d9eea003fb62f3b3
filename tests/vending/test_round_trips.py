"""A credential from memory costs the database nothing."""

from pathlib import Path

from pangolin.app import create_app
from pangolin.services import catalogs, warehouses
from pangolin.services.initialise import initialise, system_scope
from pangolin.services.sealing import new_key
from pangolin.settings import Settings
from tests.services.counting import CountingStore
from tests.vending.conftest import ASK, SCHEMA, SIGN, TABLES
from tests.vending.vendor import CountingPlugin, CountingVendor
from tests.web.test_round_trips import Counted, trips


def test_a_load_with_a_credential_from_memory_is_one_round_trip(tmp_path: Path) -> None:
    store = CountingStore()
    settings = Settings(
        data_dir=str(tmp_path),
        store_url="counting:",
        secret_keys=new_key(),
        file_roots=(str(tmp_path),),
        root_password="correct horse",
    )
    app = create_app(settings, plugins=[Counted(store), CountingPlugin(CountingVendor())])
    runtime = app.extensions["pangolin"].runtime
    initialise(runtime)
    scope = system_scope(runtime)
    config = {"type": "file", "file.root": str(tmp_path / "warehouse")}
    fields = {"name": "w", "storage_config": config, "vending_strategy": {"Counting": {}}}
    warehouses.create(scope, fields)
    catalogs.create(scope, {"name": "lake", "warehouse_name": "w"})
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
