"""How often a request asks the store: the number that a database far away multiplies."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pangolin.services.branches import refs
from pangolin.services.catalogs import catalogs
from pangolin.services.context.context import system_context
from pangolin.services.warehouses import warehouses
from tests.counting import CountingStore, counted_app
from tests.samples import SCHEMA

T = "/v1/lake/namespaces/db/tables/t"


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def app(store: CountingStore, tmp_path: Path) -> Flask:
    made = counted_app(store, tmp_path)
    runtime = made.extensions["pangolin"].runtime
    ctx = system_context(runtime)
    config = {"type": "file", "file.root": str(tmp_path / "warehouse")}
    warehouses.create(ctx, {"name": "w", "storage_config": config})
    catalogs.create(ctx, {"name": "lake", "warehouse_name": "w"})
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    made = app.test_client()
    login = {"username": "root", "password": "correct horse"}
    token = made.post("/api/v1/users/login", json=login).get_json()["token"]
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    made.post("/v1/lake/namespaces", json={"namespace": ["db"]})
    made.post("/v1/lake/namespaces/db/tables", json={"name": "t", "schema": SCHEMA})
    assert made.get(T).status_code == 200
    return made


def trips(
    store: CountingStore, client: FlaskClient, method: str, path: str, body: Any = None
) -> Any:
    store.trips.clear()
    answer = client.open(path, method=method, json=body)
    assert answer.status_code in (200, 204, 304), answer.data
    return store.trips


def test_a_warm_load_is_one_round_trip_with_the_check_of_the_token(
    store: CountingStore, client: FlaskClient
) -> None:
    assert trips(store, client, "GET", T) == ["get_many"]
    assert trips(store, client, "HEAD", T) == ["get_many"]


def test_a_commit_is_a_read_and_a_batch(store: CountingStore, client: FlaskClient) -> None:
    updates = [{"action": "set-properties", "updates": {"x": "y"}}]
    commit = {"requirements": [], "updates": updates}
    assert trips(store, client, "POST", T, commit) == ["get_many", "apply"]


def test_an_untouched_table_of_a_branch_is_one_round_trip_too(
    app: Flask, store: CountingStore, client: FlaskClient
) -> None:
    ctx = system_context(app.extensions["pangolin"].runtime)
    refs.create_branch(ctx, "lake", "dev")
    path = T.replace("lake", "lake@dev")
    assert client.get(path).status_code == 200
    assert trips(store, client, "GET", path) == ["get_many"]


def test_a_list_is_the_resolution_and_a_page(store: CountingStore, client: FlaskClient) -> None:
    path = "/v1/lake/namespaces/db/tables"
    assert trips(store, client, "GET", path) == ["get_many", "page asset"]


@pytest.mark.parametrize("tables", [1, 300])
def test_a_fork_takes_the_same_trips_whatever_the_catalog_holds(
    app: Flask, store: CountingStore, client: FlaskClient, tables: int
) -> None:
    for number in range(tables):
        body = {"name": f"n{number}", "schema": SCHEMA}
        client.post("/v1/lake/namespaces/db/tables", json=body)
    ctx = system_context(app.extensions["pangolin"].runtime)
    refs.create_branch(ctx, "lake", "first")
    store.trips.clear()
    refs.create_branch(ctx, "lake", "second")
    assert store.trips == ["get_many", "get_many", "apply"]


def test_creating_a_table_takes_few_trips(store: CountingStore, client: FlaskClient) -> None:
    path, body = "/v1/lake/namespaces/db/tables", {"name": "u", "schema": SCHEMA}
    assert trips(store, client, "POST", path, body) == ["get_many", "get_many", "apply"]
