"""Users over HTTP: who may make, see, change and delete whom."""

import pytest

from pangolin.services.context.runtime import Runtime
from pangolin.store.kinds import PRINCIPAL
from tests.answers import made, message
from tests.worlds.acme import PASSWORD, Caller, World

NEW = {"username": "kim", "email": "Kim@Example.com", "password": PASSWORD, "role": "tenant-user"}


def test_an_admin_makes_a_user_who_can_sign_in(admin: Caller, world: World) -> None:
    answer = made(admin("POST", "/users", NEW))
    assert answer["username"] == "kim"
    assert answer["email"] == "Kim@Example.com"
    assert answer["tenant-id"] == world.tenant
    assert answer["active"] is True
    assert not any("password" in name for name in answer)
    assert world.login("kim").id == answer["id"]


def test_root_makes_users_of_the_default_tenant_or_of_one_it_names(world: World) -> None:
    plain = made(world.root("POST", "/users", NEW))
    named = made(world.root("POST", "/users", NEW | {"tenant_id": "acme"}))
    headed = NEW | {"username": "lee", "tenant_id": world.tenant}
    both = made(world.root("POST", "/users", headed, X_Pangolin_Tenant="default"))
    assert plain["tenant-id"] != world.tenant
    assert (named["tenant-id"], both["tenant-id"]) == (world.tenant, world.tenant)


def test_a_tenant_user_makes_nobody(ann: Caller) -> None:
    assert ann("POST", "/users", NEW).status_code == 403


@pytest.mark.parametrize("tenant", ["default", "no such tenant"])
def test_an_admin_names_no_other_tenant(admin: Caller, tenant: str) -> None:
    assert "may not" in message(admin("POST", "/users", NEW | {"tenant_id": tenant}), 403)


def test_an_admin_may_name_the_own_tenant(admin: Caller, world: World) -> None:
    made(admin("POST", "/users", NEW | {"tenant_id": world.tenant.upper()}))
    made(admin("POST", "/users", NEW | {"username": "lee", "tenant_id": "acme"}))


def test_root_is_told_of_a_tenant_that_does_not_exist(world: World) -> None:
    message(world.root("POST", "/users", NEW | {"tenant_id": "nowhere"}), 404)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"role": "root"}, "role"),
        ({"role": "king"}, "role"),
        ({"username": ""}, "username"),
        ({"username": "a/b"}, "username"),
        ({"username": "a\nb"}, "username"),
        ({"username": " a"}, "username"),
        ({"username": "a" * 256}, "username"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b@c"}, "email"),
        ({"email": "a b@example.com"}, "email"),
        ({"email": None}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "kim is a good one"}, None),
        ({"password": "kim@example.com 1"}, "password"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"passwort": "misspelt"}, "passwort"),
    ],
)
def test_bad_input_names_its_field(
    admin: Caller, change: dict[str, object], field: str | None
) -> None:
    answer = admin("POST", "/users", NEW | change)
    if field is None:
        made(answer)
    else:
        assert field in message(answer, 400)


def test_names_are_unique_in_a_tenant_and_for_a_type(admin: Caller, world: World) -> None:
    made(admin("POST", "/users", NEW))
    assert "kim" in message(admin("POST", "/users", NEW), 409)
    made(world.root("POST", "/users", NEW))
    world.service("kim")


def test_a_user_without_password_cannot_sign_in_with_one(admin: Caller, world: World) -> None:
    made(admin("POST", "/users", {k: v for k, v in NEW.items() if k != "password"}))
    body = {"username": "kim", "password": "", "tenant-id": "acme"}
    message(world.app.test_client().post("/api/v1/users/login", json=body), 401)


def test_the_email_is_found_whatever_its_case(
    admin: Caller, world: World, runtime: Runtime
) -> None:
    made(admin("POST", "/users", NEW))
    found = runtime.store.find(PRINCIPAL, "email", (world.tenant, "kim@example.com"))
    assert found is not None and found.doc["name"] == "kim"


def test_a_list_has_full_pages_and_a_role_filter(admin: Caller, world: World) -> None:
    for number in range(5):
        world.user(f"u{number}", ("tenant-user", "tenant-admin")[number % 2])
    first = admin("GET", "/users?limit=2&role=tenant-user")
    assert [user["username"] for user in first.get_json()] == ["u0", "u2"]
    path = first.headers["Link"].split(">")[0].removeprefix("</api/v1")
    second = admin("GET", path)
    assert [user["username"] for user in second.get_json()] == ["u4"]
    assert "Link" not in second.headers
    names = [user["username"] for user in admin("GET", "/users?offset=1&limit=3").get_json()]
    assert names == ["u0", "u1", "u2"]


def test_a_tenant_user_sees_itself_and_nobody_else(ann: Caller, world: World) -> None:
    other = world.user("bob")
    assert ann("GET", f"/users/{ann.id}").get_json()["username"] == "ann"
    for path in (f"/users/{other}", "/users/nobody", "/users"):
        assert ann("GET", path).status_code == 403


def test_a_user_of_another_tenant_is_not_there(admin: Caller, world: World) -> None:
    foreign = made(world.root("POST", "/users", NEW))["id"]
    path = f"/users/{foreign}"
    for answer in (
        admin("GET", path),
        admin("PUT", path, {"active": False}),
        admin("DELETE", path),
        admin("GET", f"{path}/tokens"),
        admin("DELETE", f"{path}/tokens"),
    ):
        assert foreign in message(answer, 404)


def test_a_user_changes_the_own_address_and_password(ann: Caller, world: World) -> None:
    path = f"/users/{ann.id}"
    assert ann("PUT", path, {"email": "new@example.com"}).get_json()["email"] == "new@example.com"
    assert ann("PUT", path, {"password": "another long one"}).status_code == 200
    world.login("ann", "another long one")


@pytest.mark.parametrize("change", [{"active": True}, {"role": "tenant-admin"}])
def test_a_user_changes_neither_the_own_role_nor_whether_it_is_active(
    ann: Caller, change: dict[str, object]
) -> None:
    assert ann("PUT", f"/users/{ann.id}", change).status_code == 403


@pytest.mark.parametrize("change", [{"active": False}, {"role": "tenant-user"}])
def test_an_admin_changes_neither_either(admin: Caller, change: dict[str, object]) -> None:
    assert "somebody else" in message(admin("PUT", f"/users/{admin.id}", change), 400)


def test_an_admin_raises_nobody_above_the_own_role(admin: Caller, world: World) -> None:
    user = world.user("bob")
    assert admin("PUT", f"/users/{user}", {"role": "tenant-admin"}).status_code == 200
    assert "root" in message(admin("PUT", f"/users/{user}", {"role": "root"}), 400)


def test_a_user_changes_nobody_else(ann: Caller, world: World) -> None:
    other = world.user("bob")
    assert ann("PUT", f"/users/{other}", {"email": "x@example.com"}).status_code == 403
    assert ann("DELETE", f"/users/{other}").status_code == 403


def test_nobody_deletes_himself(admin: Caller, world: World) -> None:
    message(admin("DELETE", f"/users/{admin.id}"), 400)
    message(world.root("DELETE", "/users/root"), 400)


def test_root_is_out_of_an_admins_reach(admin: Caller) -> None:
    for method, body in (("GET", None), ("PUT", {"active": False}), ("DELETE", None)):
        assert admin(method, "/users/root", body).status_code == 404


def test_the_settings_decide_roots_password(world: World) -> None:
    assert world.root("GET", "/users/root").get_json()["role"] == "root"
    answer = world.root("PUT", "/users/root", {"password": "a new one for root"})
    assert "PANGOLIN_ROOT_PASSWORD" in message(answer, 400)


def test_a_deleted_user_is_gone_with_all_that_belongs_to_it(
    admin: Caller, world: World, runtime: Runtime
) -> None:
    user = world.user("bob")
    bob = world.login("bob")
    assert bob("GET", "/users/me").status_code == 200
    assert admin("DELETE", f"/users/{user}").status_code == 204
    assert admin("GET", f"/users/{user}").status_code == 404
    assert bob("GET", "/users/me").status_code == 401
    assert user not in str([each.doc for each in runtime.store.scan(PRINCIPAL)])


def test_a_name_is_free_again_and_stands_for_somebody_else(admin: Caller, world: World) -> None:
    user = world.user("bob")
    old = world.login("bob")
    admin("DELETE", f"/users/{user}")
    assert world.user("bob") != user
    assert old("GET", "/users/me").status_code == 401
