"""Who did what to identities is recorded, with what was changed and without any secret."""

from typing import Any

import pytest

from pangolin.errors import OutcomeUnknown
from pangolin.services.context.runtime import Runtime
from pangolin.store.kinds import AUDIT, PRINCIPAL, STAMP
from tests.answers import made
from tests.worlds.acme import PASSWORD, Caller, World, token_of

NEW = {"username": "kim", "email": "kim@example.com", "password": PASSWORD, "role": "tenant-user"}


def actions(runtime: Runtime, tenant: str) -> list[str]:
    return [str(record.doc["action"]) for record in runtime.store.scan(AUDIT, (tenant,))]


def test_every_change_leaves_its_record(admin: Caller, world: World, runtime: Runtime) -> None:
    before = len(actions(runtime, world.tenant))
    kim = made(admin("POST", "/users", NEW))["id"]
    service = made(admin("POST", "/service-users", {"name": "etl", "role": "tenant-user"}))
    one = f"/service-users/{service['id']}"
    calls: list[tuple[str, str, Any, str]] = [
        ("PUT", f"/users/{kim}", {"active": False}, "update_user"),
        ("POST", "/tokens", {"tenant_id": "acme"}, "generate_token"),
        ("DELETE", f"/users/{kim}/tokens", None, "revoke_token"),
        ("DELETE", f"/users/{kim}", None, "delete_user"),
        ("PUT", one, {"description": "x"}, "update_service_user"),
        ("POST", f"{one}/keys", None, "create_api_key"),
        ("POST", f"{one}/rotate", None, "rotate_api_key"),
        ("DELETE", one, None, "delete_service_user"),
        ("POST", "/auth/cleanup-tokens", None, "cleanup_tokens"),
        ("POST", "/tokens/rotate", None, "rotate_token"),
    ]
    for method, path, body, _ in calls:
        assert admin(method, path, body).status_code < 300, path
    found = actions(runtime, world.tenant)[before:]
    assert found == ["create_user", "create_service_user", *(call[3] for call in calls)]


@pytest.mark.parametrize(("kind", "new"), [("user", NEW), ("service_user", {"name": "etl"})])
def test_ending_all_tokens_is_recorded_of_the_kind_whose_they_are(
    kind: str, new: dict[str, str], admin: Caller, world: World, runtime: Runtime
) -> None:
    path = "/users" if kind == "user" else "/service-users"
    owner = made(admin("POST", path, {"role": "tenant-user"} | new))["id"]
    assert admin("DELETE", f"/users/{owner}/tokens").status_code == 204
    [*_, last] = runtime.store.scan(AUDIT, (world.tenant,))
    assert (last.doc["action"], last.doc["resource_type"]) == ("revoke_token", kind)


def test_the_reason_of_a_revocation_is_recorded(
    admin: Caller, ann: Caller, world: World, runtime: Runtime
) -> None:
    [row] = ann("GET", "/users/me/tokens").get_json()
    admin("POST", f"/auth/revoke/{row['id']}", {"reason": "lost laptop"})
    [*_, last] = runtime.store.scan(AUDIT, (world.tenant,))
    assert (last.doc["action"], last.doc["username"]) == ("revoke_token", "boss")
    assert last.doc["metadata"] == {"reason": "lost laptop"}


def test_logins_and_failed_ones_are_recorded(world: World, runtime: Runtime) -> None:
    world.user("ann")
    token_of(world.app, "ann", PASSWORD)
    for tenant in ("acme", "no such tenant"):
        body = {"username": "ann", "password": "wrong", "tenant-id": tenant}
        world.app.test_client().post("/api/v1/users/login", json=body)
    assert actions(runtime, world.tenant)[-2:] == ["login", "login_failed"]
    assert {record.doc["tenant"] for record in runtime.store.scan(AUDIT)} == {
        world.tenant,
        "00000000-0000-0000-0000-000000000000",
    }


def test_no_secret_is_in_any_record(admin: Caller, world: World, runtime: Runtime) -> None:
    made(admin("POST", "/users", NEW))
    key = world.service()["api_key"]
    token = admin("POST", "/tokens", {"tenant_id": "acme"}).get_json()["token"]
    kept = str([record.doc for record in runtime.store.scan(AUDIT)])
    for secret in (PASSWORD, key, key.rpartition("_")[2], token, token.rpartition(".")[2]):
        assert secret not in kept
    assert "argon2" not in kept


def test_a_change_raises_the_stamp_in_its_own_batch(
    admin: Caller, world: World, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = world.user("bob")
    apply, batches = runtime.store.apply, list[set[str]]()

    def noted(*changes: Any) -> None:
        batches.append({change.kind.name for change in changes})
        apply(*changes)

    monkeypatch.setattr(runtime.store, "apply", noted)
    for body in ({"role": "tenant-admin"}, {"password": "another long one"}, {"active": False}):
        batches.clear()
        assert admin("PUT", f"/users/{user}", body).status_code == 200
        [batch] = [each for each in batches if PRINCIPAL.name in each]
        assert {STAMP.name, AUDIT.name} <= batch
    batches.clear()
    admin("DELETE", f"/users/{user}")
    assert {PRINCIPAL.name, STAMP.name, AUDIT.name} <= batches[0]


def test_an_unknown_outcome_is_told_as_such(
    admin: Caller, world: World, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = world.user("bob")
    assert admin("GET", "/users/me").status_code == 200

    def lost(*_: Any) -> None:
        raise OutcomeUnknown("the connection was lost")

    monkeypatch.setattr(runtime.store, "apply", lost)
    answer = admin("DELETE", f"/users/{user}")
    assert (answer.status_code, answer.get_json()["error"]["type"]) == (
        500,
        "OutcomeUnknownException",
    )
