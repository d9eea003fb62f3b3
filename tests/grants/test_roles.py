"""Roles over HTTP: made by admins, held by people and by other roles."""

from itertools import pairwise
from typing import Any

import pytest
from flask import Flask

from pangolin.services.authz.rights_loader import MOST_DEPTH
from pangolin.store.kinds import GRANT, MEMBERSHIP
from tests.answers import message
from tests.worlds.lake import Caller, names
from tests.worlds.lake_server import Person

PATH = "/api/v1/roles"
OTHER = "11111111-1111-4111-8111-111111111111"


def role(by: Caller, name: str, *permissions: dict[str, Any], **more: Any) -> str:
    """Make a role; return its id."""
    body = {"name": name, "permissions": list(permissions), **more}
    answer = by("POST", PATH, body)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def can(*actions: str, **where: Any) -> dict[str, Any]:
    return {"scope": {"type": "tenant"} | where, "actions": list(actions)}


def allowed(permission: dict[str, Any]) -> list[str]:
    return list(permission["actions"])


def give(by: Caller, to: str, role_id: str) -> None:
    path = f"/api/v1/{to}/roles"
    assert by("POST", path, {"role-id": role_id}).status_code == 201


def test_a_role_is_made_listed_read_and_shown_whole(admin: Caller, catalog_id: str) -> None:
    permissions = [can("read", type="catalog", catalog_id=catalog_id), can("list")]
    body = {"name": "r", "description": "Readers", "permissions": permissions}
    made = admin("POST", PATH, body).get_json()
    assert {key: made[key] for key in ("name", "description", "created-by")} == {
        "name": "r",
        "description": "Readers",
        "created-by": "boss",
    }
    assert sorted(made["permissions"], key=allowed) == sorted(permissions, key=allowed)
    assert admin("GET", f"{PATH}/{made['id']}").get_json() == made
    role(admin, "a")
    assert names(admin("GET", PATH).get_json()) == ["a", "r"]
    first = admin("GET", f"{PATH}?limit=1")
    assert names(first.get_json()) == ["a"]
    assert 'rel="next"' in first.headers["Link"]


def test_a_whole_role_is_put_and_only_the_difference_is_written(
    app: Flask, admin: Caller, catalog_id: str
) -> None:
    kept, gone = can("read", type="catalog", catalog_id=catalog_id), can("write")
    made = role(admin, "r", kept, gone)
    store = app.extensions["pangolin"].runtime.store
    before = {record.doc["id"] for record in store.scan(GRANT)}
    whole = admin("GET", f"{PATH}/{made}").get_json()
    whole |= {"name": "s", "description": "x", "permissions": [kept, can("delete"), kept]}
    changed = admin("PUT", f"{PATH}/{made}", whole)
    assert changed.status_code == 200, changed.text
    assert changed.get_json()["name"] == "s"
    shown = changed.get_json()["permissions"]
    assert sorted(shown, key=allowed) == sorted([kept, can("delete")], key=allowed)
    after = {record.doc["id"] for record in store.scan(GRANT)}
    assert (len(before & after), len(after - before)) == (1, 1)
    assert admin("PUT", f"{PATH}/{made}", {"name": "t"}).get_json()["permissions"] == shown
    assert admin("PUT", f"{PATH}/{made}", {"name": "t", "permissions": []}).status_code == 200
    assert list(store.scan(GRANT)) == []


def test_a_deleted_role_takes_its_grants_and_memberships_with_it(
    app: Flask, admin: Caller, ann: Caller, catalog_id: str
) -> None:
    made, inner = role(admin, "r", can("read")), role(admin, "inner")
    give(admin, "users/ann", made)
    give(admin, f"roles/{inner}", made)
    assert ann("GET", "/api/v1/catalogs/lake").status_code == 200
    assert admin("DELETE", f"{PATH}/{made}").status_code == 204
    assert ann("GET", "/api/v1/catalogs/lake").status_code == 403
    store = app.extensions["pangolin"].runtime.store
    assert list(store.scan(GRANT)) == list(store.scan(MEMBERSHIP)) == []
    for method in ("GET", "DELETE"):
        assert message(admin(method, f"{PATH}/{made}"), 404)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "name"),
        ({"name": "root"}, "name must not be 'root'"),
        ({"name": "tenant-admin"}, "name must not be"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"description": "x" * 1025}, "description"),
        ({"tenant-id": OTHER}, "tenant-id"),
        ({"permissions": [can("fly")]}, "permissions.0.actions"),
        ({"permissions": [can()]}, "permissions.0.actions"),
        ({"permissions": [can("read")] * 501}, "permissions"),
        ({"owner": "x"}, "owner"),
    ],
)
def test_a_bad_field_is_named(admin: Caller, change: dict[str, Any], said: str) -> None:
    assert said in message(admin("POST", PATH, {"name": "r"} | change), 400)


def test_names_are_unique_and_unknown_things_are_404(admin: Caller) -> None:
    made = role(admin, "r")
    assert "r" in message(admin("POST", PATH, {"name": "r"}), 409)
    other = role(admin, "s")
    assert "r" in message(admin("PUT", f"{PATH}/{other}", {"name": "r"}), 409)
    assert message(admin("PUT", f"{PATH}/{made}", {"name": "r", "id": other}), 400)
    gone = can("read", type="catalog", catalog_id=OTHER)
    assert OTHER in message(admin("POST", PATH, {"name": "t", "permissions": [gone]}), 404)
    assert message(admin("POST", "/api/v1/users/nobody/roles", {"role-id": made}), 404)
    assert message(admin("POST", "/api/v1/users/boss/roles", {"role-id": OTHER}), 404)
    assert message(admin("DELETE", f"/api/v1/users/boss/roles/{made}"), 404)
    assert message(admin("GET", "/api/v1/users/nobody/roles"), 404)
    assert message(admin("GET", f"{PATH}/{OTHER}/members"), 404)


def test_users_service_users_and_roles_are_members(
    admin: Caller, ann: Caller, person: Person
) -> None:
    person("etl", type_="service")
    made, inner = role(admin, "r", can("read")), role(admin, "inner")
    for to in ("users/ann", "users/etl", "users/ann", f"roles/{inner}"):
        give(admin, to, made)
    rows = admin("GET", f"{PATH}/{made}/members").get_json()
    assert {(row["name"], row["type"]) for row in rows} == {
        ("ann", "user"),
        ("etl", "service"),
        ("inner", "role"),
    }
    assert {row["assigned-by"] for row in rows} == {"boss"}
    first = admin("GET", f"{PATH}/{made}/members?limit=2")
    assert len(first.get_json()) == 2
    assert 'rel="next"' in first.headers["Link"]
    assert names(admin("GET", f"{PATH}/{inner}/roles").get_json()) == ["r"]
    assert names(ann("GET", "/api/v1/users/ann/roles").get_json()) == ["r"]
    assert admin("DELETE", f"/api/v1/users/{inner}/roles/{made}").status_code == 404
    assert admin("DELETE", f"{PATH}/{inner}/roles/{made}").status_code == 204
    assert admin("DELETE", f"/api/v1/users/ann/roles/{made}").status_code == 204
    assert ann("GET", "/api/v1/users/ann/roles").get_json() == []


def test_roles_are_not_put_into_themselves(admin: Caller, catalog_id: str) -> None:
    a, b, c = (role(admin, name) for name in "abc")
    give(admin, f"roles/{a}", b)
    give(admin, f"roles/{b}", c)
    for member, wanted in ((a, a), (c, a), (c, b), (b, a)):
        answer = admin("POST", f"{PATH}/{member}/roles", {"role-id": wanted})
        assert "role-id" in message(answer, 400)
        assert "cycle" in message(answer, 400)


def test_roles_lie_in_each_other_only_so_deep(admin: Caller, catalog_id: str) -> None:
    chain = [role(admin, f"r{number}") for number in range(MOST_DEPTH + 1)]
    for member, wanted in pairwise(chain[1:]):
        give(admin, f"roles/{member}", wanted)
    answer = admin("POST", f"{PATH}/{chain[0]}/roles", {"role-id": chain[1]})
    assert f"{MOST_DEPTH} levels deep" in message(answer, 400)
    # In the middle it is the whole chain that counts.
    side = [role(admin, "s0"), role(admin, "s1")]
    give(admin, f"roles/{side[0]}", side[1])
    answer = admin("POST", f"{PATH}/{side[1]}/roles", {"role-id": chain[2]})
    assert f"{MOST_DEPTH} levels deep" in message(answer, 400)
    give(admin, f"roles/{side[1]}", chain[3])


def test_only_admins_manage_roles_and_others_see_their_own(
    admin: Caller, ann: Caller, catalog_id: str
) -> None:
    made, other = role(admin, "r"), role(admin, "s", can("all"))
    give(admin, "users/ann", made)
    body = {"scope": {"type": "tenant"}, "actions": ["all"], "user-id": "ann"}
    assert admin("POST", "/api/v1/permissions", body).status_code == 201
    assert names(ann("GET", PATH).get_json()) == ["r"]
    assert ann("GET", f"{PATH}/{made}").status_code == 200
    # Not even who may do everything with the tenant's data.
    for method, path, sent in (
        ("POST", PATH, {"name": "t"}),
        ("GET", f"{PATH}/{other}", None),
        ("GET", f"{PATH}/ann", None),
        ("PUT", f"{PATH}/{made}", {"name": "t"}),
        ("DELETE", f"{PATH}/{made}", None),
        ("POST", "/api/v1/users/ann/roles", {"role-id": other}),
        ("DELETE", f"/api/v1/users/ann/roles/{made}", None),
        ("GET", "/api/v1/users/boss/roles", None),
        ("POST", f"{PATH}/{made}/roles", {"role-id": other}),
        ("GET", f"{PATH}/{made}/roles", None),
        ("DELETE", f"{PATH}/{made}/roles/{other}", None),
        ("GET", f"{PATH}/{made}/members", None),
    ):
        assert message(ann(method, path, sent), 403), path
