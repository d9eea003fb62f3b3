"""Catalogs over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from pangolin.services.context.context import Context
from pangolin.store import kinds
from tests.answers import message
from tests.samples import SCHEMA
from tests.worlds.management import Call

POINTER = {"name": "m", "kind": "ML_MODEL", "location": "s3://elsewhere/m"}


def add_table(client: FlaskClient, prefix: str = "lake", name: str = "t") -> None:
    body = {"name": name, "schema": SCHEMA}
    made = client.post(f"/v1/{prefix}/namespaces/default/tables", json=body)
    assert made.status_code == 200, made.text


def test_a_catalog_is_created_with_main_and_a_default_namespace(
    call: Call, client: FlaskClient, warehouse: str, root: str
) -> None:
    made = call("POST", "/catalogs", {"name": "lake", "warehouse_name": warehouse})
    assert made.status_code == 201
    shown = made.get_json()
    assert shown | {"id": ""} == {
        "id": "",
        "name": "lake",
        "catalog_type": "Local",
        "warehouse_name": "w",
        "storage_location": f"file://{root}/lake",
        "federated_config": None,
        "properties": {},
    }
    assert call("GET", "/catalogs/lake").get_json() == shown
    assert call("GET", "/branches?catalog=lake").get_json()[0]["name"] == "main"
    assert client.get("/v1/lake/namespaces").get_json()["namespaces"] == [["default"]]


def test_warehouse_and_warehouse_name_are_one_field(call: Call, warehouse: str) -> None:
    body = {"name": "a", "warehouse": warehouse, "warehouse_name": warehouse}
    assert call("POST", "/catalogs", body).status_code == 201
    body = {"name": "b", "warehouse": warehouse, "warehouse_name": "other"}
    assert "warehouse_name" in message(call("POST", "/catalogs", body), 400)


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"name": "a b"}, 400, "name must be"),
        ({"name": "config"}, 400, "name must not be"),
        ({"name": "x" * 129}, 400, "name must be"),
        ({"name": None}, 400, "name"),
        ({"warehouse": "none"}, 400, "warehouse_name does not name a warehouse"),
        ({"warehouse": None}, 400, "warehouse_name is required"),
        ({"storage_location": "s3://b/x"}, 400, "storage_location must be inside"),
        ({"storage_location": "nowhere"}, 400, "storage_location"),
        ({"catalog_type": "Other"}, 400, "catalog_type"),
        ({"catalog_type": "Federated"}, 406, "not supported yet"),
        ({"federated_config": {"properties": {"uri": "x"}}}, 400, "federated_config"),
        ({"properties": {"a": 1}}, 400, "properties.a"),
        ({"colour": "red"}, 400, "colour: Unknown field"),
    ],
)
def test_a_bad_field_is_named(
    call: Call, warehouse: str, fields: dict[str, Any], status: int, said: str
) -> None:
    body = {"name": "x", "warehouse": warehouse} | fields
    assert said in message(call("POST", "/catalogs", body), status)
    assert call("GET", "/catalogs").get_json() == []


def test_a_name_is_taken_once(call: Call, catalog: str) -> None:
    call("POST", "/catalogs", {"name": "sea", "warehouse": "w"})
    again = {"name": catalog, "warehouse": "w"}
    assert message(call("POST", "/catalogs", again), 409) == "Catalog already exists: lake"
    assert "lake" in message(call("PUT", "/catalogs/sea", {"name": catalog}), 409)


@pytest.mark.parametrize("below", ["lake", "lake/deeper", ""])
def test_two_catalogs_do_not_lie_inside_each_other(
    call: Call, catalog: str, root: str, below: str
) -> None:
    body = {"name": "sea", "warehouse": "w", "storage_location": f"file://{root}/{below}"}
    assert "lake" in message(call("POST", "/catalogs", body), 409)


def test_a_rename_keeps_the_id_and_all_it_holds(
    call: Call, client: FlaskClient, catalog: str
) -> None:
    add_table(client)
    before = call("GET", "/catalogs/lake").get_json()
    after = call("PUT", "/catalogs/lake", {"name": "sea"}).get_json()
    assert after == before | {"name": "sea"}
    assert client.get("/v1/sea/namespaces/default/tables/t").status_code == 200
    assert client.get("/v1/lake/namespaces/default/tables/t").status_code == 404


def test_properties_are_replaced_whole(call: Call, catalog: str) -> None:
    call("PUT", "/catalogs/lake", {"properties": {"a": "1"}})
    changed = call("PUT", "/catalogs/lake", {"properties": {"b": "2"}}).get_json()
    assert changed["properties"] == {"b": "2"}


def test_a_catalog_moves_only_while_it_is_empty(
    call: Call, client: FlaskClient, catalog: str, root: str
) -> None:
    moved = {"storage_location": f"file://{root}/elsewhere"}
    assert "1 namespace" in message(call("PUT", "/catalogs/lake", moved), 409)
    assert client.delete("/v1/lake/namespaces/default").status_code == 204
    changed = call("PUT", "/catalogs/lake", moved)
    assert changed.get_json()["storage_location"] == moved["storage_location"]
    assert client.post("/v1/lake/namespaces", json={"namespace": ["default"]}).status_code == 200
    add_table(client)
    table = client.get("/v1/lake/namespaces/default/tables/t").get_json()
    assert table["metadata"]["location"].startswith(moved["storage_location"])


def test_a_catalog_moves_to_another_warehouse(
    call: Call, client: FlaskClient, catalog: str, root: str
) -> None:
    config = {"file.root": f"{root}2"}
    call("POST", "/warehouses", {"name": "w2", "storage_config": config})
    client.delete("/v1/lake/namespaces/default")
    changed = call("PUT", "/catalogs/lake", {"warehouse_name": "w2"}).get_json()
    assert changed["storage_location"] == f"file://{root}2/lake"
    assert call("DELETE", "/warehouses/w").status_code == 204


def test_deleting_says_what_is_in_the_way(call: Call, client: FlaskClient, catalog: str) -> None:
    add_table(client)
    add_table(client, name="u")
    call("POST", "/catalogs/lake/namespaces/default/assets", POINTER)
    answer = call("DELETE", "/catalogs/lake")
    assert "main holds 2 tables and 1 asset" in message(answer, 409)
    assert answer.get_json()["error"]["details"] == {"table": 2, "asset": 1}


def test_deleting_looks_at_every_ref(call: Call, client: FlaskClient, catalog: str) -> None:
    add_table(client)
    call("POST", "/tags", {"name": "v1", "catalog": catalog})
    assert client.delete("/v1/lake/namespaces/default/tables/t").status_code == 204
    assert "v1 holds 1 table" in message(call("DELETE", "/catalogs/lake"), 409)


def test_an_empty_catalog_is_deleted_with_its_namespaces(
    call: Call, client: FlaskClient, catalog: str, ctx: Context
) -> None:
    call("POST", "/branches", {"name": "dev", "catalog": catalog})
    assert call("DELETE", "/catalogs/lake").status_code == 204
    assert message(call("DELETE", "/catalogs/lake"), 404) == "Catalog does not exist: lake"
    assert client.get("/v1/lake/namespaces").status_code == 404


def test_force_deletes_all_a_catalog_holds(
    call: Call, client: FlaskClient, catalog: str, ctx: Context
) -> None:
    add_table(client)
    call("POST", "/branches", {"name": "dev", "catalog": catalog})
    call("POST", "/tags", {"name": "v1", "catalog": catalog})
    client.delete("/v1/lake@dev/namespaces/default/tables/t")
    assert call("DELETE", "/catalogs/lake?force=true").status_code == 204
    left = {kind.name for kind in kinds.ALL if kind.key[0] == "tenant" and ctx.store.count(kind)}
    assert left == {"tenant", "warehouse", "guard", "stamp", "audit", "audit_segment"}


def test_a_catalog_of_the_same_name_starts_afresh(
    call: Call, client: FlaskClient, catalog: str
) -> None:
    add_table(client)
    call("DELETE", "/catalogs/lake?force=true")
    call("POST", "/catalogs", {"name": "lake", "warehouse": "w"})
    tables = client.get("/v1/lake/namespaces/default/tables").get_json()
    assert tables["identifiers"] == []
    add_table(client)


def test_a_summary_counts_what_is_there(call: Call, client: FlaskClient, catalog: str) -> None:
    add_table(client)
    call("POST", "/catalogs/lake/namespaces/default/assets", POINTER)
    client.post("/v1/lake/namespaces", json={"namespace": ["default", "inner"]})
    call("POST", "/branches", {"name": "dev", "catalog": catalog})
    call("POST", "/tags", {"name": "v1", "catalog": catalog})
    shown = call("GET", "/catalogs/lake/summary").get_json()
    del shown["storage_location"]
    assert shown == {
        "name": "lake",
        "table_count": 1,
        "view_count": 0,
        "asset_count": 1,
        "namespace_count": 2,
        "branch_count": 2,
        "tag_count": 1,
    }


def test_the_tree_nests_namespaces_of_a_ref(call: Call, client: FlaskClient, catalog: str) -> None:
    call("POST", "/branches", {"name": "dev", "catalog": catalog})
    client.post("/v1/lake@dev/namespaces", json={"namespace": ["default", "in.ner"]})
    inner = {"name": "in.ner", "full_path": ["default", "in.ner"], "children": []}
    outer = {"name": "default", "full_path": ["default"], "children": []}
    on_main = call("GET", "/catalogs/lake/namespaces/tree").get_json()
    on_dev = call("GET", "/catalogs/lake@dev/namespaces/tree").get_json()
    assert on_main == {"root": [outer]}
    assert on_dev == {"root": [outer | {"children": [inner]}]}
