"""Tokens over HTTP: made, rotated, listed, revoked."""

from dataclasses import replace

import jwt
import pytest

from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.login.password_login import Attempt, login
from pangolin.store.kinds import TOKEN
from tests.answers import message
from tests.conftest import ROOT_PASSWORD
from tests.worlds.acme import PASSWORD, Caller, World

DAY_MS = 86_400_000


def mint(caller: Caller, **body: object) -> str:
    answer = caller("POST", "/tokens", {"tenant_id": "acme"} | body)
    assert answer.status_code == 200, answer.text
    assert set(answer.get_json()) == {"token", "expires_at", "tenant_id"}
    return str(answer.get_json()["token"])


def role_of(caller: Caller) -> tuple[int, int]:
    """Return the statuses that differ by role: (list users, list tenants)."""
    return caller("GET", "/users").status_code, caller("GET", "/tenants").status_code


ROOT, ADMIN, USER = (200, 200), (200, 403), (403, 403)


def test_an_admin_makes_a_token_for_itself_and_for_others(
    admin: Caller, ann: Caller, world: World
) -> None:
    assert world.bearer(mint(admin)).id == admin.id
    assert world.bearer(mint(admin, username="ann")).id == ann.id


def test_a_tenant_user_makes_none(ann: Caller) -> None:
    assert ann("POST", "/tokens", {"tenant_id": "acme"}).status_code == 403


@pytest.mark.parametrize("tenant", ["default", DEFAULT_TENANT, "nowhere", "not/a/uuid"])
def test_an_admin_makes_none_for_another_tenant(admin: Caller, tenant: str) -> None:
    assert admin("POST", "/tokens", {"tenant_id": tenant}).status_code == 403


def test_root_makes_one_for_any_tenant(world: World, ann: Caller) -> None:
    assert world.bearer(mint(world.root, username="ann")).id == ann.id
    message(world.root("POST", "/tokens", {"tenant_id": "nowhere"}), 404)
    message(world.root("POST", "/tokens", {"tenant_id": "acme", "username": "nobody"}), 404)


def test_roots_own_token_is_a_tenant_admins_unless_root_is_asked_for(world: World) -> None:
    confined = world.bearer(mint(world.root))
    assert role_of(confined) == ADMIN
    assert confined("GET", "/users", X_Pangolin_Tenant="default").status_code == 403
    assert role_of(world.bearer(mint(world.root, roles=["user"]))) == USER
    assert role_of(world.bearer(mint(world.root, roles=["Root"]))) == ROOT


@pytest.mark.parametrize("spelling", ["Admin", "admin", "TenantAdmin", "tenant-admin"])
def test_the_first_role_counts_in_every_spelling(
    admin: Caller, world: World, spelling: str
) -> None:
    assert role_of(world.bearer(mint(admin, roles=[spelling, "user"]))) == ADMIN
    assert role_of(world.bearer(mint(admin, roles=["TenantUser", spelling]))) == USER


def test_no_token_is_above_its_maker_or_its_owner(admin: Caller, world: World) -> None:
    world.user("ann")
    above = {"tenant_id": "acme", "roles": ["root"]}
    assert admin("POST", "/tokens", above).status_code == 403
    owner = {"tenant_id": "acme", "username": "ann", "roles": ["admin"]}
    assert "roles" in message(admin("POST", "/tokens", owner), 400)
    low = world.bearer(mint(admin, roles=["user"]))
    assert low("POST", "/tokens", {"tenant_id": "acme"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "tenant_id"),
        ({"tenant_id": None}, "tenant_id"),
        ({"tenant_id": 7}, "tenant_id"),
        ({"roles": ["king"]}, "roles"),
        ({"roles": "root"}, "roles"),
        ({"expires_in_hours": 0}, "expires_in_hours"),
        ({"expires_in_hours": -1}, "expires_in_hours"),
        ({"expires_in_hours": 8761}, "expires_in_hours"),
        ({"expires_in_hours": 2**63}, "expires_in_hours"),
        ({"expires_in_hours": 1.5}, "expires_in_hours"),
        ({"expires_in_hours": "24"}, "expires_in_hours"),
        ({"lifetime": 1}, "lifetime"),
    ],
)
def test_bad_input_names_its_field(admin: Caller, body: dict[str, object], field: str) -> None:
    given = body if field == "tenant_id" else {"tenant_id": "acme"} | body
    assert field in message(admin("POST", "/tokens", given), 400)


def test_a_token_lives_as_long_as_was_asked(admin: Caller, runtime: Runtime) -> None:
    for asked, hours in ((None, 24), (1, 1), (8760, 8760)):
        claims = jwt.decode(
            mint(admin, expires_in_hours=asked), options={"verify_signature": False}
        )
        assert abs(claims["exp"] - runtime.clock() / 1000 - hours * 3600) < 10


def test_an_inactive_user_gets_none(admin: Caller, world: World) -> None:
    user = world.user("bob")
    admin("PUT", f"/users/{user}", {"active": False})
    message(admin("POST", "/tokens", {"tenant_id": "acme", "username": "bob"}), 409)


def test_rotating_gives_a_new_token_and_ends_the_old_one(admin: Caller, world: World) -> None:
    answer = admin("POST", "/tokens/rotate")
    assert answer.status_code == 200, answer.text
    fresh = world.bearer(answer.get_json()["token"])
    assert answer.get_json()["tenant_id"] == world.tenant
    assert fresh.id
    assert role_of(fresh) == ADMIN
    assert admin("GET", "/users/me").status_code == 401
    assert admin("POST", "/tokens/rotate").status_code == 401


def test_a_rotated_token_is_confined_as_before(world: World) -> None:
    confined = world.bearer(mint(world.root))
    fresh = world.bearer(confined("POST", "/tokens/rotate").get_json()["token"])
    assert role_of(fresh) == ADMIN
    assert fresh("GET", "/users", X_Pangolin_Tenant="default").status_code == 403
    low = world.bearer(mint(fresh, roles=["user"]))
    assert role_of(world.bearer(low("POST", "/tokens/rotate").get_json()["token"])) == USER


def test_only_a_token_can_be_rotated(world: World) -> None:
    service = world.bearer(world.service(role="tenant-admin")["api_key"])
    for caller in (world.root, service):
        assert "Authorization" in message(caller("POST", "/tokens/rotate"), 400)


def aged(world: World, runtime: Runtime, days: int) -> str:
    """Sign in some days ago, for a year."""
    long = replace(runtime.settings, session_hours=8760)
    past = replace(runtime, clock=lambda: runtime.clock() - days * DAY_MS, settings=long)
    return login(past, Attempt(world.tenant, "boss", PASSWORD)).issued.token


def test_no_chain_of_tokens_outlives_its_sign_in(
    world: World, runtime: Runtime, admin: Caller
) -> None:
    young, old = (world.bearer(aged(world, runtime, days)) for days in (29, 31))
    fresh = young("POST", "/tokens/rotate").get_json()
    end = jwt.decode(fresh["token"], options={"verify_signature": False})["exp"]
    assert end - runtime.clock() / 1000 <= 24 * 3600 + 1
    assert old("GET", "/users/me").status_code == 200
    for path in ("/tokens/rotate", "/tokens"):
        answer = old("POST", path, {"tenant_id": "acme"})
        assert "sign in again" in message(answer, 401)


def test_of_two_rotations_at_once_one_wins(world: World, runtime: Runtime, admin: Caller) -> None:
    [record] = [each for each in runtime.store.scan(TOKEN) if each.doc["tenant"] == world.tenant]
    assert record.doc["use"] == "login"
    first = admin("POST", "/tokens/rotate")
    assert (first.status_code, admin("POST", "/tokens/rotate").status_code) == (200, 401)
    assert runtime.store.count(TOKEN, (world.tenant,)) == 1


def test_a_list_shows_ones_tokens_and_never_the_text(admin: Caller, world: World) -> None:
    token = mint(admin, expires_in_hours=1)
    rows = admin("GET", "/users/me/tokens").get_json()
    names = {"id", "tenant_id", "user_id", "username", "expires_at", "created_at", "use"}
    assert {frozenset(row) for row in rows} == {frozenset(names | {"is_valid"})}
    assert sorted(row["use"] for row in rows) == ["issued", "login"]
    assert {(row["username"], row["is_valid"]) for row in rows} == {("boss", True)}
    assert token not in str(rows)


def test_a_list_pages_and_ends(admin: Caller) -> None:
    for _ in range(4):
        mint(admin)
    first = admin("GET", "/users/me/tokens?limit=3")
    rest = admin("GET", first.headers["Link"].split(">")[0].removeprefix("</api/v1"))
    assert (len(first.get_json()), len(rest.get_json())) == (3, 2)
    assert "Link" not in rest.headers


def test_an_admin_lists_anyones_tokens_and_a_user_its_own(
    admin: Caller, ann: Caller, world: World
) -> None:
    assert len(admin("GET", f"/users/{ann.id}/tokens").get_json()) == 1
    assert len(ann("GET", f"/users/{ann.id}/tokens").get_json()) == 1
    assert ann("GET", f"/users/{admin.id}/tokens").status_code == 403
    assert admin("GET", "/users/nobody/tokens").status_code == 404
    assert world.root("GET", "/users/me/tokens").get_json() == []


def test_an_admin_revokes_a_token_by_its_id(admin: Caller, ann: Caller) -> None:
    [row] = admin("GET", f"/users/{ann.id}/tokens").get_json()
    assert admin("DELETE", f"/tokens/{row['id']}").status_code == 204
    assert ann("GET", "/users/me").status_code == 401
    assert row["id"] in message(admin("DELETE", f"/tokens/{row['id']}"), 404)


def test_a_reason_may_be_given(admin: Caller, ann: Caller) -> None:
    [row] = ann("GET", "/users/me/tokens").get_json()
    assert ann("POST", f"/auth/revoke/{row['id']}", {}).status_code == 403
    answer = admin("POST", f"/auth/revoke/{row['id']}", {"reason": "lost laptop"})
    assert "revoked" in answer.get_json()["message"]
    assert ann("GET", "/users/me").status_code == 401


@pytest.mark.parametrize("body", [None, {}, {"reason": None}, {"reason": "done"}])
def test_anybody_revokes_the_own_token(ann: Caller, body: object) -> None:
    assert ann("POST", "/auth/revoke", body).status_code == 200
    assert ann("GET", "/users/me").status_code == 401


def test_basic_has_no_token_to_revoke(world: World) -> None:
    assert "Authorization" in message(world.root("POST", "/auth/revoke"), 400)


def test_a_token_of_another_tenant_or_of_root_is_not_there(admin: Caller, world: World) -> None:
    root = world.login("root", ROOT_PASSWORD, None)
    [row] = root("GET", "/users/me/tokens").get_json()
    assert admin("DELETE", f"/tokens/{row['id']}").status_code == 404
    assert world.root("DELETE", f"/tokens/{row['id']}").status_code == 204
    assert root("GET", "/users/me").status_code == 401


def test_all_tokens_of_a_user_end_at_once(admin: Caller, ann: Caller, world: World) -> None:
    callers = [ann, *(world.login("ann") for _ in range(3))]
    assert admin("DELETE", f"/users/{ann.id}/tokens").status_code == 204
    assert [caller("GET", "/users/me").status_code for caller in callers] == [401] * 4
    assert world.login("ann")("DELETE", f"/users/{admin.id}/tokens").status_code == 403


def test_a_user_ends_all_its_own_tokens(ann: Caller, world: World) -> None:
    other = world.login("ann")
    assert ann("DELETE", f"/users/{ann.id}/tokens").status_code == 204
    assert [caller("GET", "/users/me").status_code for caller in (ann, other)] == [401, 401]
    assert world.login("ann").id


def test_cleaning_up_removes_what_has_expired_and_counts_it(
    admin: Caller, ann: Caller, world: World, runtime: Runtime
) -> None:
    past = replace(runtime, clock=lambda: runtime.clock() - 30 * DAY_MS)
    login(past, Attempt(world.tenant, "ann", PASSWORD))
    assert ann("POST", "/auth/cleanup-tokens").status_code == 403
    answer = admin("POST", "/auth/cleanup-tokens").get_json()
    assert (answer["count"], "1 expired" in answer["message"]) == (1, True)
    assert admin("POST", "/auth/cleanup-tokens").get_json()["count"] == 0
    assert ann("GET", "/users/me").status_code == 200
