"""Tenants over HTTP."""

from flask.testing import FlaskClient

from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.store import kinds
from tests.answers import message
from tests.worlds.management import Call


def create(call: Call, name: str = "acme") -> str:
    made = call("POST", "/tenants", {"name": name, "properties": {"tier": "gold"}})
    assert made.status_code == 201, made.text
    return str(made.get_json()["id"])


def fill(call: Call, tenant: str, root: str) -> None:
    warehouse = {"name": "w", "storage_config": {"file.root": root}}
    answers = [
        call("POST", "/warehouses", warehouse, X_Pangolin_Tenant=tenant),
        call("POST", "/catalogs", {"name": "c", "warehouse": "w"}, X_Pangolin_Tenant=tenant),
    ]
    assert [answer.status_code for answer in answers] == [201, 201]


def test_a_tenant_is_created_read_changed_and_deleted(call: Call) -> None:
    tenant = create(call)
    shown = {"id": tenant, "name": "acme", "properties": {"tier": "gold"}}
    assert call("GET", f"/tenants/{tenant}").get_json() == shown
    changed = call("PUT", f"/tenants/{tenant}", {"name": "acme2", "properties": {}})
    assert changed.get_json() == {"id": tenant, "name": "acme2", "properties": {}}
    assert call("DELETE", f"/tenants/{tenant}").status_code == 204
    assert call("GET", f"/tenants/{tenant}").status_code == 404


def test_tenants_are_listed_in_name_order_with_the_default_one(call: Call) -> None:
    for name in ("zebra", "acme"):
        create(call, name)
    listed = call("GET", "/tenants").get_json()
    assert [tenant["name"] for tenant in listed] == ["acme", "default", "zebra"]
    assert listed[1]["id"] == DEFAULT_TENANT


def test_a_tenant_name_is_taken_once(call: Call) -> None:
    create(call)
    other = create(call, "other")
    assert "acme" in message(call("POST", "/tenants", {"name": "acme"}), 409)
    assert "acme" in message(call("PUT", f"/tenants/{other}", {"name": "acme"}), 409)


def test_a_tenant_name_that_reads_as_an_id_is_refused(call: Call) -> None:
    assert message(call("POST", "/tenants", {"name": DEFAULT_TENANT}), 400).startswith("name")


def test_the_default_tenant_stays(call: Call) -> None:
    answer = call("DELETE", f"/tenants/{DEFAULT_TENANT}?force=true")
    assert "default tenant" in message(answer, 400)


def test_deleting_refuses_a_tenant_with_warehouses_or_catalogs(call: Call, root: str) -> None:
    tenant = create(call)
    fill(call, tenant, root)
    answer = call("DELETE", f"/tenants/{tenant}")
    assert "1 warehouse and 1 catalog" in message(answer, 409)
    assert answer.get_json()["error"]["details"] == {"warehouse": 1, "catalog": 1}


def test_force_deletes_a_tenant_with_all_it_has_and_nothing_of_others(
    call: Call, client: FlaskClient, runtime: Runtime, catalog: str, root: str
) -> None:
    tenant = create(call)
    fill(call, tenant, f"{root}2")
    assert call("DELETE", f"/tenants/{tenant}?force=true").status_code == 204
    # What tells of the removal stays: audit records, and stamps that end what servers remember.
    stays = (kinds.AUDIT, kinds.AUDIT_SEGMENT, kinds.STAMP)
    for kind in kinds.ALL:
        if kind.key[0] == "tenant" and kind not in stays:
            assert runtime.store.count(kind, (tenant,)) == 0, kind.name
    assert call("GET", f"/catalogs/{catalog}").status_code == 200
    assert client.get("/v1/lake/namespaces").get_json()["namespaces"] == [["default"]]


def test_a_catalog_of_one_tenant_is_unknown_to_another(
    call: Call, client: FlaskClient, catalog: str
) -> None:
    tenant = create(call)
    assert call("GET", "/catalogs", X_Pangolin_Tenant=tenant).get_json() == []
    unseen = client.get("/v1/lake/namespaces", headers={"X-Pangolin-Tenant": tenant})
    assert unseen.status_code == 404
