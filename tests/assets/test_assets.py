"""Generic assets over HTTP."""

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient

from pangolin.services.assets.assets import KINDS
from tests.answers import message
from tests.samples import SCHEMA
from tests.worlds.management import Call

PATH = "/catalogs/lake/namespaces/default/assets"


def register(call: Call, path: str = PATH, **fields: Any) -> dict[str, Any]:
    body = {"name": "m", "kind": "ML_MODEL", "location": "s3://b/m"} | fields
    made = call("POST", path, body)
    assert made.status_code == 201, made.text
    return dict(made.get_json())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_registered_listed_read_and_deleted(
    call: Call, catalog: str, kind: str
) -> None:
    made = register(call, kind=kind, properties={"a": "b"})
    shown = {"name": "m", "kind": kind, "location": "s3://b/m", "properties": {"a": "b"}}
    assert made == shown | {"id": made["id"]}
    assert call("GET", f"{PATH}/m").get_json() == made
    found = call("GET", f"/assets/{made['id']}").get_json()
    assert found == {"asset": made, "metadata": None, "catalog": "lake", "namespace": ["default"]}
    assert call("GET", PATH).get_json() == [
        {
            "id": made["id"],
            "name": "m",
            "namespace": ["default"],
            "kind": kind,
            "identifier": {"namespace": ["default"], "name": "m"},
        }
    ]
    assert call("DELETE", f"{PATH}/m").status_code == 204
    assert call("GET", PATH).get_json() == []


def test_a_name_is_taken_once_whatever_has_it(
    call: Call, client: FlaskClient, catalog: str
) -> None:
    register(call)
    body = {"name": "m", "kind": "LANCE", "location": "s3://b/x"}
    assert message(call("POST", PATH, body), 409) == "Asset already exists: default.m"
    table = {"name": "m", "schema": SCHEMA}
    assert client.post("/v1/lake/namespaces/default/tables", json=table).status_code == 409


def test_tables_are_listed_and_read_but_not_deleted_here(
    call: Call, client: FlaskClient, catalog: str
) -> None:
    table = {"name": "t", "schema": SCHEMA}
    made = client.post("/v1/lake/namespaces/default/tables", json=table).get_json()
    (row,) = call("GET", PATH).get_json()
    assert (row["name"], row["kind"]) == ("t", "ICEBERG_TABLE")
    shown = call("GET", f"{PATH}/t").get_json()
    assert shown["location"] == made["metadata"]["location"]
    assert shown["properties"] == {"metadata_location": made["metadata-location"]}
    assert "is a table" in message(call("DELETE", f"{PATH}/t"), 400)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "PUZZLE"}, "kind"),
        ({"location": ""}, "location"),
        ({"location": "a\nb"}, "location"),
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"properties": {"a": {}}}, "properties.a"),
        ({"size": 1}, "size: Unknown field"),
    ],
)
def test_a_bad_field_is_named(call: Call, catalog: str, fields: dict[str, Any], said: str) -> None:
    body = {"name": "m", "kind": "OTHER", "location": "x"} | fields
    assert said in message(call("POST", PATH, body), 400)


def test_unknown_places_are_404(call: Call, catalog: str) -> None:
    body = {"name": "m", "kind": "OTHER", "location": "x"}
    for path in (
        "/catalogs/lake/namespaces/nope/assets",
        "/catalogs/nope/namespaces/default/assets",
    ):
        assert "nope" in message(call("POST", path, body), 404)
        assert "nope" in message(call("GET", path), 404)
    assert "default.m" in message(call("GET", f"{PATH}/m"), 404)
    assert "default.m" in message(call("DELETE", f"{PATH}/m"), 404)
    assert message(call("GET", f"/assets/{uuid.uuid4()}"), 404)


def test_levels_are_joined_by_dots_or_by_the_separator(
    call: Call, client: FlaskClient, catalog: str
) -> None:
    client.post("/v1/lake/namespaces", json={"namespace": ["default", "in"]})
    client.post("/v1/lake/namespaces", json={"namespace": ["default", "in", "a.b"]})
    register(call, "/catalogs/lake/namespaces/default.in/assets")
    register(call, "/catalogs/lake/namespaces/default%1Fin%1Fa.b/assets", name="deep")
    (row,) = call("GET", "/catalogs/lake/namespaces/default%1Fin/assets").get_json()
    assert row["namespace"] == ["default", "in"]
    (row,) = call("GET", "/catalogs/lake/namespaces/default%1Fin%1Fa.b/assets").get_json()
    assert row["name"] == "deep"


def test_a_branch_has_assets_of_its_own(call: Call, catalog: str) -> None:
    shared = register(call)
    call("POST", "/branches", {"name": "dev", "catalog": catalog})
    on_dev = "/catalogs/lake@dev/namespaces/default/assets"
    own = register(call, on_dev, name="n")
    assert call("DELETE", f"{on_dev}/m").status_code == 204
    assert [row["name"] for row in call("GET", on_dev).get_json()] == ["n"]
    assert [row["name"] for row in call("GET", PATH).get_json()] == ["m"]
    assert call("GET", f"/assets/{own['id']}").get_json()["asset"] == own
    assert call("GET", f"/assets/{shared['id']}").get_json()["asset"] == shared


def test_an_asset_that_only_a_tag_shows_is_found_by_id(call: Call, catalog: str) -> None:
    made = register(call)
    call("POST", "/tags", {"name": "v1", "catalog": catalog})
    assert call("DELETE", f"{PATH}/m").status_code == 204
    assert call("GET", f"/assets/{made['id']}").get_json()["asset"] == made
    call("DELETE", "/tags/v1?catalog=lake")
    assert call("GET", f"/assets/{made['id']}").status_code == 404


def test_a_tag_is_read_only(call: Call, catalog: str) -> None:
    register(call)
    call("POST", "/tags", {"name": "v1", "catalog": catalog})
    on_tag = "/catalogs/lake@v1/namespaces/default/assets"
    assert "read-only" in message(call("DELETE", f"{on_tag}/m"), 400)
    body = {"name": "n", "kind": "OTHER", "location": "x"}
    assert "read-only" in message(call("POST", on_tag, body), 400)
