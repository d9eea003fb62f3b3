"""Authorization costs no round trip: rights are remembered, and vouched for by the first read."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pangolin.services.catalogs import catalogs, namespaces
from pangolin.services.context.context import system_context
from pangolin.services.grants import grants
from pangolin.services.warehouses import warehouses
from tests.counting import CountingStore, counted_app
from tests.samples import SCHEMA, TABLES
from tests.worlds.lake import Caller, caller

T = f"{TABLES}/t"


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def app(store: CountingStore, tmp_path: Path) -> Flask:
    return counted_app(store, tmp_path)


@pytest.fixture(params=["catalog", "namespace"])
def ann(app: Flask, request: pytest.FixtureRequest, tmp_path: Path) -> Caller:
    """A user with a grant, who has asked before."""
    ctx = system_context(app.extensions["pangolin"].runtime)
    config = {"type": "file", "file.root": str(tmp_path / "warehouse")}
    warehouses.create(ctx, {"name": "w", "storage_config": config})
    lake = catalogs.create(ctx, {"name": "lake", "warehouse_name": "w"})["id"]
    namespaces.create(ctx, "lake", ["db"], {})
    made = caller(app, "ann")
    where = {"type": request.param, "catalog_id": lake}
    where |= {"namespace": "db"} if request.param == "namespace" else {}
    grants.create(ctx, {"user_id": "ann", "scope": where, "actions": ["write"]})
    assert made("POST", TABLES, {"name": "t", "schema": SCHEMA}).status_code == 200
    assert made("GET", T).status_code == 200
    return made


def trips(store: CountingStore, by: Caller, method: str, path: str, body: Any = None) -> list[str]:
    store.trips.clear()
    answer = by(method, path, body)
    assert answer.status_code in (200, 204, 304), answer.data
    return list(store.trips)


def test_a_warm_load_with_a_grant_is_one_round_trip(store: CountingStore, ann: Caller) -> None:
    assert trips(store, ann, "GET", T) == ["get_many"]
    assert trips(store, ann, "GET", f"{T}?snapshots=refs") == ["get_many"]
    assert trips(store, ann, "HEAD", T) == ["get_many"]


def test_a_commit_with_a_grant_is_a_read_and_a_batch(store: CountingStore, ann: Caller) -> None:
    commits = (
        {"requirements": [], "updates": [{"action": "set-properties", "updates": {"x": value}}]}
        for value in "ab"
    )
    # The first opens the process's segment of the audit log.
    trips(store, ann, "POST", T, next(commits))
    assert trips(store, ann, "POST", T, next(commits)) == ["get_many", "apply"]


def test_a_list_with_a_grant_is_the_resolution_and_a_page(
    store: CountingStore, ann: Caller
) -> None:
    assert trips(store, ann, "GET", TABLES) == ["get_many", "page asset"]


def test_rights_are_read_again_once_after_a_change(
    app: Flask, store: CountingStore, ann: Caller
) -> None:
    ctx = system_context(app.extensions["pangolin"].runtime)
    fields = {"user_id": "ann", "scope": {"type": "tenant"}, "actions": ["read"]}
    made = grants.create(ctx, fields)
    assert len(trips(store, ann, "GET", T)) > 1
    assert trips(store, ann, "GET", T) == ["get_many"]
    grants.revoke(ctx, made["id"])
    assert len(trips(store, ann, "GET", T)) > 1
    assert trips(store, ann, "GET", T) == ["get_many"]
