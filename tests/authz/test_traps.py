"""Holes of the system this one succeeds, each shown to be closed."""

from typing import Any

import pytest
from flask import Flask

from pangolin.interfaces.authentication import TENANT_ADMIN
from pangolin.services.assets import assets
from pangolin.services.branches import refs
from pangolin.services.catalogs import catalogs, namespaces
from pangolin.services.context.context import Context
from pangolin.services.warehouses import warehouses
from pangolin.store.api import Put
from pangolin.store.documents import TenantDoc
from pangolin.store.kinds import TENANT
from tests.answers import message
from tests.samples import EMPTY_SCHEMA
from tests.worlds.lake import Caller, caller
from tests.worlds.lake_server import Person

OTHER = "22222222-2222-4222-8222-222222222222"
ROLE = {"name": "r", "permissions": [{"scope": {"type": "tenant"}, "actions": ["all"]}]}
NOTE = {"tags": ["x"], "properties": {}, "discoverable": True}
TABLES = "/v1/lake/namespaces/default/tables"
MINE: dict[str, Any] = {"user-id": "ann", "scope": {"type": "tenant"}, "actions": ["all"]}


@pytest.fixture
def asset_id(ctx: Context, catalog_id: str) -> str:
    fields = {"name": "m", "kind": "OTHER", "location": "x"}
    return str(assets.register(ctx, "lake", ["default"], fields)["id"])


@pytest.fixture
def eve(app: Flask) -> Caller:
    """The admin of another tenant."""
    tenant: TenantDoc = {"tenant": OTHER, "name": "other", "properties": {}}
    app.extensions["pangolin"].runtime.store.apply(Put(TENANT, tenant))
    return caller(app, "eve", TENANT_ADMIN, OTHER)


def test_a_user_cannot_grant_itself_anything_or_revoke_what_others_have(
    admin: Caller, ann: Caller, person: Person
) -> None:
    person("bob")
    assert message(ann("POST", "/api/v1/permissions", MINE), 403)
    made = admin("POST", "/api/v1/permissions", MINE | {"user-id": "bob"}).get_json()
    assert message(ann("DELETE", f"/api/v1/permissions/{made['id']}"), 403)


def test_a_user_cannot_make_change_or_delete_catalogs(ann: Caller) -> None:
    assert message(ann("POST", "/api/v1/catalogs", {"name": "x", "warehouse_name": "w"}), 403)
    assert message(ann("PUT", "/api/v1/catalogs/lake", {"properties": {}}), 403)
    assert message(ann("DELETE", "/api/v1/catalogs/lake?force=true"), 403)


def test_a_user_cannot_make_or_delete_branches_and_tags(ann: Caller, ctx: Context) -> None:
    refs.create_branch(ctx, "lake", "dev")
    refs.create_tag(ctx, "lake", "v1")
    assert message(ann("POST", "/api/v1/branches", {"name": "b", "catalog": "lake"}), 403)
    assert message(ann("POST", "/api/v1/tags", {"name": "t", "catalog": "lake"}), 403)
    assert message(ann("DELETE", "/api/v1/branches/dev?catalog=lake"), 403)
    assert message(ann("DELETE", "/api/v1/tags/v1?catalog=lake"), 403)
    assert message(ann("GET", "/api/v1/branches?catalog=lake"), 403)


def test_a_user_cannot_tag_an_asset_to_raise_itself(
    admin: Caller, ann: Caller, asset_id: str
) -> None:
    by_tag = MINE | {"scope": {"type": "tag", "tag_name": "x"}}
    assert admin("POST", "/api/v1/permissions", by_tag).status_code == 201
    assert message(ann("POST", f"/api/v1/assets/{asset_id}/metadata", NOTE), 404)
    reading = MINE | {"scope": {"type": "asset", "asset_id": asset_id}, "actions": ["write"]}
    assert admin("POST", "/api/v1/permissions", reading).status_code == 201
    assert message(ann("POST", f"/api/v1/assets/{asset_id}/metadata", NOTE), 403)


def test_roles_grants_and_metadata_of_another_tenant_do_not_exist(
    admin: Caller, eve: Caller, catalog_id: str, asset_id: str
) -> None:
    role = admin("POST", "/api/v1/roles", ROLE).get_json()["id"]
    grant = admin("POST", "/api/v1/permissions", MINE | {"user-id": "boss"}).get_json()["id"]
    admin("POST", f"/api/v1/assets/{asset_id}/metadata", NOTE)
    on_lake = {"type": "catalog", "catalog_id": catalog_id}
    on_asset = {"type": "asset", "asset_id": asset_id}
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"roles/{role}", None),
        ("PUT", f"roles/{role}", ROLE),
        ("DELETE", f"roles/{role}", None),
        ("GET", f"roles/{role}/members", None),
        ("GET", f"roles/{role}/roles", None),
        ("POST", f"roles/{role}/roles", {"role-id": role}),
        ("POST", "users/eve/roles", {"role-id": role}),
        ("GET", "users/boss/roles", None),
        ("POST", "users/boss/roles", {"role-id": role}),
        ("DELETE", f"permissions/{grant}", None),
        ("POST", "permissions", MINE | {"user-id": "boss"}),
        ("POST", "permissions", MINE | {"user-id": "eve", "scope": on_lake}),
        ("POST", "permissions", MINE | {"user-id": "eve", "scope": on_asset}),
        ("POST", "permissions/check", {"checks": [], "principal-id": "boss"}),
        ("GET", f"assets/{asset_id}", None),
        ("GET", f"assets/{asset_id}/metadata", None),
        ("POST", f"assets/{asset_id}/metadata", NOTE),
        ("DELETE", f"assets/{asset_id}/metadata", None),
        ("GET", f"business-metadata/{asset_id}", None),
    ]
    for method, path, body in calls:
        assert message(eve(method, f"/api/v1/{path}", body), 404), path
    assert eve("GET", "/api/v1/roles").get_json() == []
    assert eve("GET", "/api/v1/permissions").get_json() == []
    assert eve("GET", "/api/v1/permissions?user=boss").get_json() == []


def test_a_role_of_another_tenant_cannot_be_made(admin: Caller, eve: Caller) -> None:
    assert message(admin("POST", "/api/v1/roles", ROLE | {"tenant-id": OTHER}), 400)


def test_an_admin_of_one_tenant_is_not_one_of_another(
    eve: Caller, ctx: Context, catalog_id: str
) -> None:
    inside = {"X_Pangolin_Tenant": ctx.tenant}
    assert eve("GET", "/api/v1/catalogs/lake").status_code == 404
    assert message(eve("GET", "/api/v1/catalogs/lake", **inside), 403)


def test_a_list_is_cut_into_pages_after_the_filter_not_before(
    ctx: Context, admin: Caller, ann: Caller, catalog_id: str
) -> None:
    ids = {}
    for number in range(12):
        fields = {"name": f"m{number:02}", "kind": "OTHER", "location": "x"}
        ids[number] = assets.register(ctx, "lake", ["default"], fields)["id"]
    for number in (0, 5, 11):
        where = {"type": "asset", "asset_id": ids[number]}
        body = {"user-id": "ann", "scope": where, "actions": ["read"]}
        assert admin("POST", "/api/v1/permissions", body).status_code == 201
    rows = ann("GET", "/api/v1/catalogs/lake/namespaces/default/assets?limit=2")
    assert [row["name"] for row in rows.get_json()] == ["m00", "m05"]
    link = rows.headers["Link"].partition("<")[2].partition(">")[0]
    rest = ann("GET", link)
    assert [row["name"] for row in rest.get_json()] == ["m11"]
    assert "Link" not in rest.headers


def test_lists_obey_roles_and_nested_namespaces_as_single_checks_do(
    ctx: Context, admin: Caller, ann: Caller, catalog_id: str
) -> None:
    namespaces.create(ctx, "lake", ["default", "in"], {})
    fields = {"name": "m", "kind": "OTHER", "location": "x"}
    assets.register(ctx, "lake", ["default", "in"], fields)
    where = {"type": "namespace", "catalog_id": catalog_id, "namespace": "default"}
    role = {"name": "r", "permissions": [{"scope": where, "actions": ["list"]}]}
    made = admin("POST", "/api/v1/roles", role).get_json()["id"]
    admin("POST", "/api/v1/users/ann/roles", {"role-id": made})
    rows = ann("GET", "/api/v1/catalogs/lake/namespaces/default.in/assets").get_json()
    assert [row["name"] for row in rows] == ["m"]
    assert ann("GET", "/api/v1/catalogs/lake/namespaces/default.in/assets/m").status_code == 403


def test_a_grant_on_a_table_follows_it_to_a_branch_and_through_a_rename(
    admin: Caller, ann: Caller
) -> None:
    admin("POST", TABLES, {"name": "t", "schema": EMPTY_SCHEMA})
    shown = admin("GET", "/api/v1/catalogs/lake/namespaces/default/assets/t").get_json()
    where = {"type": "asset", "asset_id": shown["id"]}
    body = {"user-id": "ann", "scope": where, "actions": ["read"]}
    assert admin("POST", "/api/v1/permissions", body).status_code == 201
    admin("POST", "/api/v1/branches", {"name": "dev", "catalog": "lake"})
    assert ann("GET", TABLES.replace("lake", "lake@dev") + "/t").status_code == 200
    move = {
        "source": {"namespace": ["default"], "name": "t"},
        "destination": {"namespace": ["default"], "name": "u"},
    }
    assert admin("POST", "/v1/lake/tables/rename", move).status_code == 204
    assert ann("GET", f"{TABLES}/u").status_code == 200
    assert ann("GET", f"{TABLES}/t").status_code == 403


def test_registering_over_a_table_needs_more_than_create(admin: Caller, ann: Caller) -> None:
    made = admin("POST", TABLES, {"name": "t", "schema": EMPTY_SCHEMA}).get_json()
    body = MINE | {"actions": ["create"]}
    assert admin("POST", "/api/v1/permissions", body).status_code == 201
    wanted = {"name": "t", "metadata-location": made["metadata-location"], "overwrite": True}
    assert message(ann("POST", "/v1/lake/namespaces/default/register", wanted), 403)


def test_a_namespace_named_like_a_path_is_authorised_like_any_other(
    ctx: Context, ann: Caller
) -> None:
    for name in ("config", "oauth", "tokens", "metadata"):
        namespaces.create(ctx, "lake", [name], {})
        assert ann("GET", f"/v1/lake/namespaces/{name}").status_code == 403
        assert ann("GET", f"/v1/lake/namespaces/{name}/tables").status_code == 403


def test_root_acts_in_one_tenant_at_a_time(
    client: Any, eve: Caller, ctx: Context, catalog_id: str
) -> None:
    headers = {"X-Pangolin-Tenant": OTHER}
    made = client.post("/api/v1/roles", json=ROLE, headers=headers).get_json()
    assert made["tenant-id"] == OTHER
    assert client.get("/api/v1/roles").get_json() == []
    assert [row["id"] for row in eve("GET", "/api/v1/roles").get_json()] == [made["id"]]
    body = {"user-id": "eve", "scope": {"type": "tenant"}, "actions": ["read"]}
    assert client.post("/api/v1/permissions", json=body).status_code == 404
    assert client.post("/api/v1/permissions", json=body, headers=headers).status_code == 201


def test_a_catalog_that_is_deleted_and_made_again_starts_without_grants(
    ctx: Context, admin: Caller, ann: Caller, catalog_id: str
) -> None:
    where = {"type": "catalog", "catalog_id": catalog_id}
    body = {"user-id": "ann", "scope": where, "actions": ["all"]}
    assert admin("POST", "/api/v1/permissions", body).status_code == 201
    assert ann("GET", "/v1/lake/namespaces/default").status_code == 200
    catalogs.delete(ctx, "lake", force=True)
    assert ann("GET", "/v1/lake/namespaces/default").status_code == 403
    catalogs.create(ctx, {"name": "lake", "warehouse_name": "w"})
    assert ann("GET", "/v1/lake/namespaces/default").status_code == 403
    assert ann("GET", "/api/v1/catalogs").get_json() == []
    warehouses.delete(ctx, "w", force=True)
    assert ann("GET", "/v1/lake/namespaces/default").status_code == 403
