"""What checking a credential costs: nothing of its own, once the process has seen it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pangolin.services.catalogs import catalogs
from pangolin.services.context.context import system_context
from pangolin.services.warehouses import warehouses
from tests.answers import made
from tests.counting import CountingStore, counted_app
from tests.headers import basic
from tests.samples import EMPTY_SCHEMA
from tests.worlds.acme import PASSWORD, Caller, World, token_of

TABLE = "/v1/lake/namespaces/db/tables/t"
CREDENTIALS = ("token", "key in its own header", "key as a bearer", "basic", "basic of root")


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def world(store: CountingStore, tmp_path: Path) -> World:
    """A server with the table `lake.db.t` and an admin in the default tenant."""
    app = counted_app(store, tmp_path)
    ctx = system_context(app.extensions["pangolin"].runtime)
    config = {"type": "file", "file.root": str(tmp_path / "warehouse")}
    warehouses.create(ctx, {"name": "w", "storage_config": config})
    catalogs.create(ctx, {"name": "lake", "warehouse_name": "w"})
    world = World(app, ctx.tenant)
    client, root = app.test_client(), world.root.headers
    client.post("/v1/lake/namespaces", json={"namespace": ["db"]}, headers=root)
    table = {"name": "t", "schema": EMPTY_SCHEMA}
    client.post("/v1/lake/namespaces/db/tables", json=table, headers=root)
    world.user("boss", "tenant-admin")
    return world


@pytest.fixture
def callers(world: World) -> dict[str, Caller]:
    new = {"name": "etl", "role": "tenant-admin"}
    key = made(world.root("POST", "/service-users", new))["api_key"]
    client = world.app.test_client()
    return {
        "token": world.bearer(token_of(world.app, "boss", PASSWORD, "default")),
        "key in its own header": Caller(client, {"X-API-Key": key}),
        "key as a bearer": world.bearer(key),
        "basic": Caller(client, {"Authorization": basic("default/boss", PASSWORD)}),
        "basic of root": world.root,
    }


@pytest.fixture(params=CREDENTIALS)
def caller(request: pytest.FixtureRequest, callers: dict[str, Caller]) -> Iterator[Caller]:
    yield callers[request.param]


def load(caller: Caller, path: str) -> int:
    client: FlaskClient = caller.client
    return client.get(path, headers=caller.headers).status_code


@pytest.mark.parametrize("path", [TABLE, f"{TABLE}?snapshots=ALL"])
def test_a_warm_load_is_one_round_trip_with_any_credential(
    store: CountingStore, caller: Caller, path: str
) -> None:
    assert load(caller, path) == 200
    store.trips.clear()
    assert load(caller, path) == 200
    assert store.trips == ["get_many"]


def test_the_first_use_of_a_credential_is_cheap_too(store: CountingStore, caller: Caller) -> None:
    store.trips.clear()
    assert load(caller, TABLE) == 200
    assert len(store.trips) <= 12, store.trips


def test_after_a_revocation_of_somebody_else_a_load_is_right_again(
    store: CountingStore, callers: dict[str, Caller], world: World
) -> None:
    caller = callers["token"]
    assert load(caller, TABLE) == 200
    for number in range(20):
        user = world.user(f"u{number}")
        world.root("DELETE", f"/users/{user}")
    assert load(caller, TABLE) == 200
    store.trips.clear()
    assert load(caller, TABLE) == 200
    assert store.trips == ["get_many"]
