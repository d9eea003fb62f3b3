"""Service users and their API keys over HTTP."""

from dataclasses import replace
from typing import Any

import pytest

from pangolin.services.accounts.api_keys import MOST_KEYS
from pangolin.services.authn.api_keys import establish
from pangolin.services.context.runtime import Runtime
from pangolin.store.kinds import API_KEY, LAST_USED, PRINCIPAL
from tests.answers import made, message
from tests.worlds.acme import Caller, World

PATH = "/service-users"
NEW = {"name": "etl", "role": "tenant-user"}


def works(world: World, key: str) -> bool:
    """Return whether a key opens anything, as a bearer token and in its own header."""
    bearer = world.bearer(key)
    own = Caller(bearer.client, {"X-API-Key": key})
    found = {caller("GET", "/users/me").status_code for caller in (bearer, own)}
    assert found in ({200}, {401})
    return found == {200}


def test_a_key_is_shown_once_and_opens_the_door(admin: Caller, world: World) -> None:
    answer = made(admin("POST", PATH, NEW | {"description": "nightly"}))
    assert answer["tenant_id"] == world.tenant
    assert answer["created_by"] == admin.id
    me = world.bearer(answer["api_key"])("GET", "/users/me").get_json()
    assert (me["id"], me["username"]) == (answer["id"], "etl")
    for path in (PATH, f"{PATH}/{answer['id']}", f"{PATH}/{answer['id']}/keys"):
        shown = admin("GET", path).text
        assert answer["api_key"] not in shown
        assert "digest" not in shown and "hash" not in shown


def test_a_service_user_is_shown_in_kebab_case(admin: Caller, world: World) -> None:
    answer = made(admin("POST", PATH, NEW | {"description": "nightly", "expires_in_days": 7}))
    assert works(world, answer["api_key"])
    [shown] = admin("GET", PATH).get_json()
    assert set(shown) == {
        *("id", "name", "description", "tenant-id", "role", "created-at", "created-by"),
        *("last-used", "expires-at", "active"),
    }
    assert shown == admin("GET", f"{PATH}/{answer['id']}").get_json()
    assert (shown["description"], shown["active"]) == ("nightly", True)
    assert shown["last-used"] and shown["expires-at"]


def test_the_store_keeps_no_key(admin: Caller, runtime: Runtime) -> None:
    key = made(admin("POST", PATH, NEW))["api_key"]
    secret = key.rpartition("_")[2]
    assert secret not in str([record.doc for record in runtime.store.scan(API_KEY)])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "name"),
        ({"role": "root"}, "role"),
        ({"role": "king"}, "role"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 3651}, "expires_in_days"),
        ({"expires_in_days": 10**30}, "expires_in_days"),
        ({"description": "\ud800"}, "description"),
        ({"active": False}, "active"),
    ],
)
def test_bad_input_names_its_field(admin: Caller, change: dict[str, Any], field: str) -> None:
    if field == "description":
        assert admin("POST", PATH, NEW | change).status_code == 400
    else:
        assert field in message(admin("POST", PATH, NEW | change), 400)


def test_only_admins_manage_service_users(ann: Caller, world: World) -> None:
    service = world.service()
    one = f"{PATH}/{service['id']}"
    calls: list[tuple[str, str, Any]] = [
        ("POST", PATH, NEW),
        ("GET", PATH, None),
        ("GET", one, None),
        ("PUT", one, {"active": False}),
        ("DELETE", one, None),
        ("POST", f"{one}/rotate", None),
        ("GET", f"{one}/keys", None),
        ("POST", f"{one}/keys", None),
        ("DELETE", f"{one}/keys/{service['key_id']}", None),
    ]
    for method, path, body in calls:
        for caller in (ann, world.bearer(service["api_key"])):
            assert caller(method, path, body).status_code == 403, path
    assert works(world, service["api_key"])


def test_those_of_another_tenant_are_not_there(admin: Caller, world: World) -> None:
    foreign = made(world.root("POST", PATH, NEW))
    one = f"{PATH}/{foreign['id']}"
    calls: list[tuple[str, str, Any]] = [
        ("GET", one, None),
        ("PUT", one, {"active": False}),
        ("DELETE", one, None),
        ("POST", f"{one}/rotate", None),
        ("GET", f"{one}/keys", None),
        ("POST", f"{one}/keys", None),
        ("DELETE", f"{one}/keys/{foreign['key_id']}", None),
    ]
    for method, path, body in calls:
        assert admin(method, path, body).status_code == 404, path
    assert works(world, foreign["api_key"])


def test_users_and_service_users_are_not_mistaken_for_each_other(
    admin: Caller, world: World
) -> None:
    service = world.service()
    assert admin("GET", f"/users/{service['id']}").status_code == 404
    assert admin("GET", f"{PATH}/{admin.id}").status_code == 404
    assert [user["username"] for user in admin("GET", "/users").get_json()] == ["boss"]


def test_names_are_unique(admin: Caller, world: World) -> None:
    one, two = world.service("one"), world.service("two")
    message(admin("POST", PATH, NEW | {"name": "one"}), 409)
    message(admin("PUT", f"{PATH}/{two['id']}", {"name": "one"}), 409)
    assert admin("PUT", f"{PATH}/{one['id']}", {"name": "uno"}).get_json() == {"status": "updated"}
    assert admin("GET", f"{PATH}/{one['id']}").get_json()["name"] == "uno"


def test_rotating_stops_the_older_keys_at_once(admin: Caller, world: World) -> None:
    service = world.service()
    assert works(world, service["api_key"])
    answer = admin("POST", f"{PATH}/{service['id']}/rotate")
    assert answer.status_code == 200, answer.text
    assert works(world, answer.get_json()["api_key"])
    assert not works(world, service["api_key"])
    assert len(admin("GET", f"{PATH}/{service['id']}/keys").get_json()) == 1


def test_rotating_may_keep_the_older_keys_for_a_while(
    admin: Caller, world: World, runtime: Runtime
) -> None:
    service = world.service()
    body = {"keep_old_for_hours": 2, "expires_in_days": 30}
    fresh = admin("POST", f"{PATH}/{service['id']}/rotate", body).get_json()
    assert works(world, service["api_key"]) and works(world, fresh["api_key"])
    later = replace(runtime, clock=lambda: runtime.clock() + 3 * 3_600_000)
    with pytest.raises(Exception, match="expired"):
        establish(later, service["api_key"])
    assert establish(later, fresh["api_key"]).id == service["id"]


def test_several_keys_work_side_by_side(admin: Caller, world: World) -> None:
    service = world.service()
    keys = f"{PATH}/{service['id']}/keys"
    second = made(admin("POST", keys))
    third = made(admin("POST", keys, {"expires_in_days": 1}))
    assert all(works(world, each["api_key"]) for each in (service, second, third))
    listed = admin("GET", keys).get_json()
    assert [row["id"] for row in listed] == [service["key_id"], second["key_id"], third["key_id"]]
    assert set(listed[0]) == {"id", "created-at", "created-by", "expires-at", "last-used"}
    assert listed[0]["last-used"] and not listed[0]["expires-at"] and listed[2]["expires-at"]
    assert admin("DELETE", f"{keys}/{second['key_id']}").status_code == 204
    assert not works(world, second["api_key"])
    assert works(world, service["api_key"])
    message(admin("DELETE", f"{keys}/{second['key_id']}"), 404)


def test_there_are_at_most_twenty_keys(admin: Caller, world: World) -> None:
    keys = f"{PATH}/{world.service()['id']}/keys"
    for _ in range(MOST_KEYS - 1):
        made(admin("POST", keys))
    assert str(MOST_KEYS) in message(admin("POST", keys), 409)


def test_an_expired_service_user_gets_nothing(
    admin: Caller, world: World, runtime: Runtime
) -> None:
    service = world.service(expires_in_days=1)
    more = made(admin("POST", f"{PATH}/{service['id']}/keys", {"expires_in_days": 3650}))
    assert more["expires_at"] == service["expires_at"]
    later = replace(runtime, clock=lambda: runtime.clock() + 2 * 86_400_000)
    for key in (service["api_key"], more["api_key"]):
        with pytest.raises(Exception, match="expired"):
            establish(later, key)
    admin("PUT", f"{PATH}/{service['id']}", {"expires_in_days": 3})
    assert establish(later, more["api_key"]).id == service["id"]


def test_an_inactive_service_user_is_refused(admin: Caller, world: World) -> None:
    service = world.service()
    assert works(world, service["api_key"])
    admin("PUT", f"{PATH}/{service['id']}", {"active": False})
    assert not works(world, service["api_key"])
    admin("PUT", f"{PATH}/{service['id']}", {"active": True})
    assert works(world, service["api_key"])


def test_a_deleted_service_user_leaves_nothing(
    admin: Caller, world: World, runtime: Runtime
) -> None:
    service = world.service()
    assert works(world, service["api_key"])
    answer = admin("DELETE", f"{PATH}/{service['id']}")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "deleted"})
    assert not works(world, service["api_key"])
    assert runtime.store.count(API_KEY) == 0
    assert runtime.store.count(LAST_USED) == 0
    assert runtime.store.count(PRINCIPAL, (world.tenant, "service"), index="name") == 0


def test_a_key_that_only_looks_right_is_refused(world: World) -> None:
    key = world.service()["api_key"]
    flipped = key[:-1] + ("A" if key[-1] != "A" else "B")
    for wrong in (flipped, key[:-1], key + "A", "pgl_" + "0" * 64, "pgl_", key.upper()):
        assert not works(world, wrong)
