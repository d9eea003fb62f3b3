"""Mistakes of other catalogs with users, each shown not to be made here."""

import pytest

from pangolin.services.context.runtime import Runtime
from pangolin.store.kinds import PRINCIPAL
from tests.answers import made, message
from tests.worlds.acme import PASSWORD, Caller, World

NEW = {"username": "kim", "email": "kim@example.com", "password": PASSWORD, "role": "tenant-user"}


def test_a_tenant_user_cannot_make_users(ann: Caller) -> None:
    assert ann("POST", "/users", NEW).status_code == 403


def test_nobody_makes_a_second_root(admin: Caller, world: World) -> None:
    for caller in (admin, world.root):
        message(caller("POST", "/users", NEW | {"role": "root"}), 400)
        message(caller("POST", "/service-users", {"name": "x", "role": "root"}), 400)


def test_a_tenant_admin_makes_no_admin_of_another_tenant(admin: Caller, world: World) -> None:
    other = made(world.root("POST", "/tenants", {"name": "other"}))["id"]
    body = NEW | {"role": "tenant-admin", "tenant_id": other}
    assert admin("POST", "/users", body).status_code == 403
    assert admin("POST", "/users", NEW, X_Pangolin_Tenant=other).status_code == 403


def test_a_tenant_admin_resets_no_password_of_another_tenant(admin: Caller, world: World) -> None:
    foreign = made(world.root("POST", "/users", NEW))["id"]
    change = {"password": "another long one"}
    assert admin("PUT", f"/users/{foreign}", change).status_code == 404
    assert world.login("kim", PASSWORD, "default").id == foreign


def test_a_tenant_admin_revokes_no_token_of_another_tenant(admin: Caller, world: World) -> None:
    made(world.root("POST", "/users", NEW))
    kim = world.login("kim", PASSWORD, "default")
    [row] = kim("GET", "/users/me/tokens").get_json()
    assert admin("DELETE", f"/tokens/{row['id']}").status_code == 404
    assert admin("POST", f"/auth/revoke/{row['id']}", {}).status_code == 404
    assert kim("GET", "/users/me").status_code == 200


def test_a_tenant_admin_edits_no_service_user_of_another_tenant(
    admin: Caller, world: World
) -> None:
    foreign = made(world.root("POST", "/service-users", {"name": "x", "role": "tenant-user"}))
    path = f"/service-users/{foreign['id']}"
    assert admin("PUT", path, {"active": False}).status_code == 404
    assert admin("POST", f"{path}/rotate").status_code == 404


def test_names_and_addresses_are_unique_in_a_tenant_only(admin: Caller, world: World) -> None:
    made(admin("POST", "/users", NEW))
    made(world.root("POST", "/users", NEW))
    assert world.login("kim").id != world.login("kim", PASSWORD, "default").id


def test_a_deleted_users_name_brings_no_rights_back(admin: Caller, world: World) -> None:
    first = made(admin("POST", "/users", NEW | {"role": "tenant-admin"}))["id"]
    admin("DELETE", f"/users/{first}")
    made(admin("POST", "/users", NEW))
    assert world.login("kim")("GET", "/users").status_code == 403


def test_tenants_of_one_request_are_one(world: World) -> None:
    in_header = {"X_Pangolin_Tenant": "acme"}
    made(world.root("POST", "/users", NEW, **in_header))
    listed = world.root("GET", "/users", **in_header).get_json()
    assert [user["tenant-id"] for user in listed] == [world.tenant]
    assert world.root("GET", "/users").get_json() == []


def test_root_may_make_a_tenant_user(world: World) -> None:
    assert made(world.root("POST", "/users", NEW))["role"] == "tenant-user"


def test_a_list_skips_nothing_and_repeats_nothing(admin: Caller, world: World) -> None:
    for number in range(7):
        world.user(f"u{number}")
    seen: list[str] = []
    path: str | None = "/users?limit=3"
    while path:
        answer = admin("GET", path)
        seen += [user["username"] for user in answer.get_json()]
        link = answer.headers.get("Link")
        path = link and link.split(">")[0].removeprefix("</api/v1")
    assert seen == ["boss", *(f"u{number}" for number in range(7))]


@pytest.mark.parametrize("field", ["active", "role"])
def test_a_user_cannot_raise_itself(ann: Caller, runtime: Runtime, field: str) -> None:
    value: object = True if field == "active" else "tenant-admin"
    assert ann("PUT", f"/users/{ann.id}", {field: value}).status_code == 403
    [record] = [each for each in runtime.store.scan(PRINCIPAL) if each.doc["name"] == "ann"]
    assert record.doc["role"] == "tenant-user"


def test_a_refused_change_changes_nothing_of_what_is_allowed(ann: Caller) -> None:
    body = {"email": "new@example.com", "role": "tenant-admin"}
    assert ann("PUT", f"/users/{ann.id}", body).status_code == 403
    assert ann("GET", "/users/me").get_json()["email"] == "ann@example.com"
