"""Grants over HTTP: who may give what to whom, and take it back."""

from typing import Any

import pytest
from flask import Flask

from pangolin.services.assets import assets
from pangolin.services.branches import refs
from pangolin.services.catalogs import namespaces
from pangolin.services.context.context import Context
from tests.answers import message
from tests.samples import EMPTY_SCHEMA
from tests.worlds.lake import Caller, put_principal
from tests.worlds.lake_server import Person

PATH = "/api/v1/permissions"
OTHER = "11111111-1111-4111-8111-111111111111"


def given(to: str, where: dict[str, Any], *actions: str) -> dict[str, Any]:
    return {"user-id": to, "scope": where, "actions": list(actions)}


def grant(by: Caller, to: str, where: dict[str, Any], *actions: str) -> dict[str, Any]:
    answer = by("POST", PATH, given(to, where, *actions))
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


@pytest.fixture
def lake(catalog_id: str) -> dict[str, Any]:
    return {"type": "catalog", "catalog_id": catalog_id}


@pytest.fixture
def asset_id(ctx: Context, catalog_id: str) -> str:
    namespaces.create(ctx, "lake", ["db"], {})
    fields = {"name": "t", "kind": "OTHER", "location": "x"}
    return str(assets.register(ctx, "lake", ["db"], fields)["id"])


def test_an_admin_grants_lists_and_revokes(
    admin: Caller, ann: Caller, lake: dict[str, Any]
) -> None:
    made = grant(admin, "ann", lake, "write", "read", "read")
    assert made.keys() == {
        "id",
        "user-id",
        "tenant-id",
        "scope",
        "actions",
        "granted-by",
        "granted-at",
    }
    assert (made["user-id"], made["actions"], made["scope"]) == ("ann", ["read", "write"], lake)
    assert made["granted-by"] == "boss"
    assert ann("GET", PATH).get_json() == [made]
    assert admin("GET", f"{PATH}?user=ann").get_json() == [made]
    assert admin("GET", f"{PATH}?user=boss").get_json() == []
    assert ann("GET", "/api/v1/catalogs/lake").status_code == 200
    assert admin("DELETE", f"{PATH}/{made['id']}").status_code == 204
    assert ann("GET", "/api/v1/catalogs/lake").status_code == 403
    assert message(admin("DELETE", f"{PATH}/{made['id']}"), 404)


@pytest.mark.parametrize(
    ("path", "shown"),
    [("a.b", "a.b"), ("a\x1fb", "a.b"), (["a", "b"], "a.b"), (["a.b"], ["a.b"]), ("a", "a")],
)
def test_a_namespace_is_named_by_text_or_by_its_levels(
    admin: Caller, person: Person, lake: dict[str, Any], path: Any, shown: Any
) -> None:
    person("ann")
    where = {**lake, "type": "namespace", "namespace": path, "ref": "dev"}
    made = grant(admin, "ann", where, "read")
    assert made["scope"] == where | {"namespace": shown}
    again = grant(admin, "ann", made["scope"], "read")
    assert again["scope"] == made["scope"]


def test_an_assets_place_is_filled_in(
    admin: Caller, ann: Caller, catalog_id: str, asset_id: str
) -> None:
    made = grant(admin, "ann", {"type": "asset", "asset_id": asset_id}, "read")
    assert made["scope"] == {
        "type": "asset",
        "asset_id": asset_id,
        "catalog_id": catalog_id,
        "namespace": "db",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"actions": []}, "actions"),
        ({"actions": ["fly"]}, "actions"),
        ({"scope": {"type": "planet"}}, "scope.type"),
        ({"scope": {"type": "catalog"}}, "scope.catalog_id is required"),
        ({"scope": {"type": "tenant", "ref": "main"}}, "scope.ref does not belong"),
        ({"scope": {"type": "tag", "tag_name": "x", "ref": "main"}}, "scope.ref"),
        ({"scope": {"type": "tag", "tag_name": ""}}, "scope.tag_name"),
        ({"scope": {"type": "tag", "tag_name": "a\nb"}}, "scope.tag_name"),
        ({"scope": {"type": "tenant", "planet": "x"}}, "scope.planet"),
        ({"scope": {"type": "namespace", "namespace": 7, "catalog_id": "x"}}, "scope.namespace"),
        ({"scope": {"type": "tenant"}, "role-id": "r"}, "user-id and role-id"),
        ({"user-id": None}, "user-id and role-id"),
        ({"who": "x"}, "who"),
    ],
)
def test_a_bad_field_is_named(
    admin: Caller, ann: Caller, change: dict[str, Any], said: str
) -> None:
    body = given("ann", {"type": "tenant"}, "read") | change
    assert said in message(admin("POST", PATH, body), 400)


@pytest.mark.parametrize(
    "where",
    [
        {"type": "catalog", "catalog_id": OTHER},
        {"type": "namespace", "catalog_id": OTHER, "namespace": "a"},
        {"type": "asset", "asset_id": OTHER},
    ],
)
def test_what_does_not_exist_cannot_be_granted_on_and_is_not_told_apart(
    admin: Caller,
    ann: Caller,
    person: Person,
    catalog_id: str,
    asset_id: str,
    where: dict[str, Any],
) -> None:
    assert OTHER in message(admin("POST", PATH, given("ann", where, "read")), 404)
    there = where | (
        {"catalog_id": catalog_id} if "catalog_id" in where else {"asset_id": asset_id}
    )
    missing, existing = (ann("POST", PATH, given("ann", each, "read")) for each in (where, there))
    assert message(missing, 403) == message(existing, 403)


def test_nobody_of_another_tenant_is_granted_anything(
    app: Flask, admin: Caller, lake: dict[str, Any]
) -> None:
    put_principal(app.extensions["pangolin"].runtime, OTHER, "eve")
    for to in ("eve", "root", "nobody"):
        assert to in message(admin("POST", PATH, given(to, lake, "read")), 404)


def test_who_is_no_admin_grants_what_it_holds_where_it_manages_grants(
    admin: Caller, ann: Caller, person: Person, catalog_id: str, lake: dict[str, Any]
) -> None:
    person("bob")
    space = {**lake, "type": "namespace", "namespace": "db"}
    below = {**space, "namespace": "db.x"}
    grant(admin, "ann", space, "read", "manage-grants")
    made = grant(ann, "bob", below, "read")
    assert made["granted-by"] == "ann"
    for where, actions in (
        (below, ["write"]),
        (below, ["all"]),
        (lake, ["read"]),
        ({**lake, "type": "namespace", "namespace": "other"}, ["read"]),
        ({"type": "tenant"}, ["read"]),
        ({"type": "tag", "tag_name": "x"}, ["read"]),
    ):
        assert message(ann("POST", PATH, given("bob", where, *actions)), 403)
        assert message(ann("POST", PATH, given("ann", where, *actions)), 403)


def test_what_is_held_on_one_ref_is_granted_on_that_ref_only(
    admin: Caller, ann: Caller, person: Person, lake: dict[str, Any]
) -> None:
    person("bob")
    at_dev = lake | {"ref": "dev"}
    grant(admin, "ann", at_dev, "all")
    grant(ann, "bob", at_dev, "write")
    assert ann("POST", PATH, given("bob", lake, "write")).status_code == 403
    assert ann("POST", PATH, given("bob", lake | {"ref": "main"}, "write")).status_code == 403


def test_an_asset_is_granted_by_those_who_manage_it_wherever_it_lies(
    ctx: Context, admin: Caller, ann: Caller, person: Person, catalog_id: str
) -> None:
    person("bob")
    for name in ("db", "secret"):
        namespaces.create(ctx, "lake", [name], {})
    refs.create_branch(ctx, "lake", "dev")
    body = {"name": "t", "schema": EMPTY_SCHEMA}
    assert admin("POST", "/v1/lake@dev/namespaces/db/tables", body).status_code == 200
    shown = admin("GET", "/api/v1/catalogs/lake@dev/namespaces/db/assets/t").get_json()
    refs.create_branch(ctx, "lake", "test", from_ref="dev")
    where = {"type": "asset", "asset_id": shown["id"]}
    grant(admin, "ann", {"type": "namespace", "catalog_id": catalog_id, "namespace": "db"}, "all")
    grant(ann, "bob", where, "read")
    move = {
        "source": {"namespace": ["db"], "name": "t"},
        "destination": {"namespace": ["secret"], "name": "t"},
    }
    assert admin("POST", "/v1/lake@test/tables/rename", move).status_code == 204
    assert ann("POST", PATH, given("bob", where, "read")).status_code == 403


def test_a_grant_is_taken_back_by_those_who_manage_grants_there(
    admin: Caller, ann: Caller, person: Person, lake: dict[str, Any]
) -> None:
    bob = person("bob")
    made = grant(admin, "bob", lake, "read")
    path = f"{PATH}/{made['id']}"
    assert bob("DELETE", path).status_code == 403
    assert message(ann("DELETE", path), 403) == message(ann("DELETE", f"{PATH}/{OTHER}"), 403)
    grant(admin, "ann", lake, "manage-grants")
    assert ann("DELETE", path).status_code == 204
    assert ann("DELETE", f"{PATH}/{OTHER}").status_code == 403


def test_who_is_no_admin_sees_the_own_grants_and_the_own_roles(
    admin: Caller, ann: Caller, person: Person, lake: dict[str, Any]
) -> None:
    bob = person("bob")
    role = admin("POST", "/api/v1/roles", {"name": "r"}).get_json()["id"]
    admin("POST", "/api/v1/users/ann/roles", {"role-id": role})
    own, others = grant(admin, "ann", lake, "read"), grant(admin, "bob", lake, "read")
    body = {"role-id": role, "scope": lake, "actions": ["write"]}
    by_role = admin("POST", PATH, body).get_json()
    assert (by_role["role-id"], "user-id" in by_role) == (role, False)
    mine = sorted((own, by_role), key=lambda each: str(each["id"]))
    assert ann("GET", PATH).get_json() == mine
    assert ann("GET", f"{PATH}?role={role}").get_json() == [by_role]
    assert bob("GET", PATH).get_json() == [others]
    for query in ("user=bob", f"role={OTHER}"):
        assert ann("GET", f"{PATH}?{query}").status_code == 403
    assert bob("GET", f"{PATH}?role={role}").status_code == 403
    assert ann("GET", f"{PATH}?user=ann&role={role}").status_code == 400
    everything = admin("GET", f"{PATH}?limit=2")
    assert len(everything.get_json()) == 2
    assert "page_token" in everything.headers["Link"]
    first = ann("GET", f"{PATH}?limit=1")
    assert first.get_json() == mine[:1]
    rest = first.headers["Link"].partition("<")[2].partition(">")[0]
    assert ann("GET", rest).get_json() == mine[1:]
