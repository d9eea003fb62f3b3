"""Two servers on one store: what ends on one is refused by the other on its next request."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pangolin.app import create_app
from pangolin.services.authn import signing_keys
from pangolin.services.context.context import system_context
from pangolin.services.context.runtime import Runtime
from pangolin.services.operations import root_password, signing_key_rotation
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from tests.conftest import ROOT_PASSWORD
from tests.hashing import cheap
from tests.headers import basic
from tests.samples import EMPTY_SCHEMA
from tests.worlds.acme import PASSWORD, Caller, World, world_on

TABLE = "/v1/lake/namespaces/db/tables/t"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two servers of one installation, with the table `lake.db.t` in acme."""

    first: World
    second: World

    @property
    def runtime(self) -> Runtime:
        """The parts behind the first server."""
        found: Runtime = self.first.app.extensions["pangolin"].runtime
        return found

    def sees(self, headers: dict[str, str]) -> int:
        """Ask the second server for a table and for who asks; return the one status of both."""
        client = self.second.app.test_client()
        paths = (TABLE, f"{TABLE}?snapshots=ALL", "/api/v1/users/me")
        found = {client.get(path, headers=headers).status_code for path in paths}
        assert len(found) == 1, found
        return found.pop()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    settings = cheap(
        Settings(
            data_dir=str(tmp_path / "data"),
            store_url=f"sqlite:///{tmp_path}/records.db",
            file_roots=(str(tmp_path),),
            root_password=ROOT_PASSWORD,
        )
    )
    apps = [create_app(settings) for _ in range(2)]
    initialise(apps[0].extensions["pangolin"].runtime)
    first = world_on(apps[0])
    _fill(first, str(tmp_path / "warehouse"))
    yield Pair(first, World(apps[1], first.tenant))
    for app in apps:
        app.extensions["pangolin"].runtime.store.close()


def _fill(world: World, root: str) -> None:
    in_acme = {"X-Pangolin-Tenant": "acme"}
    store = {"name": "w", "storage_config": {"file.root": root}}
    lake = {"name": "lake", "warehouse_name": "w"}
    client, headers = world.app.test_client(), world.root.headers | in_acme
    calls: list[tuple[str, Any]] = [
        ("/api/v1/warehouses", store),
        ("/api/v1/catalogs", lake),
        ("/v1/lake/namespaces", {"namespace": ["db"]}),
        ("/v1/lake/namespaces/db/tables", {"name": "t", "schema": EMPTY_SCHEMA}),
    ]
    for path, body in calls:
        assert client.post(path, json=body, headers=headers).status_code in (200, 201)


def admin_of(pair: Pair, name: str = "boss") -> Caller:
    pair.first.user(name, "tenant-admin")
    caller = pair.first.login(name)
    # Twice, so that the second time the credential is remembered.
    assert [pair.sees(caller.headers) for _ in range(2)] == [200, 200]
    return caller


def logs_out(pair: Pair, caller: Caller) -> None:
    assert caller("POST", "/users/logout").status_code == 204


def rotates(pair: Pair, caller: Caller) -> None:
    assert caller("POST", "/tokens/rotate").status_code == 200


def is_revoked_by_id(pair: Pair, caller: Caller) -> None:
    [row] = caller("GET", "/users/me/tokens").get_json()
    assert by_root(pair, "DELETE", f"/tokens/{row['id']}") == 204


def loses_all_tokens(pair: Pair, caller: Caller) -> None:
    assert by_root(pair, "DELETE", f"/users/{caller.id}/tokens") == 204


def is_disabled(pair: Pair, caller: Caller) -> None:
    assert by_root(pair, "PUT", f"/users/{caller.id}", {"active": False}) == 200


def is_deleted(pair: Pair, caller: Caller) -> None:
    assert by_root(pair, "DELETE", f"/users/{caller.id}") == 204


def gets_a_new_password(pair: Pair, caller: Caller) -> None:
    change = {"password": "another long one"}
    assert by_root(pair, "PUT", f"/users/{caller.id}", change) == 200


def has_its_tenant_deleted(pair: Pair, caller: Caller) -> None:
    path = f"/tenants/{pair.first.tenant}?force=true"
    assert pair.first.root("DELETE", path).status_code == 204


def has_its_signing_key_revoked(pair: Pair, caller: Caller) -> None:
    ctx = system_context(pair.runtime)
    old = signing_keys.list_keys(pair.runtime)[0]["kid"]
    signing_key_rotation.rotate(ctx)
    assert pair.sees(caller.headers) == 200
    signing_key_rotation.revoke(ctx, old)


def by_root(pair: Pair, method: str, path: str, body: Any = None) -> int:
    return pair.first.root(method, path, body, X_Pangolin_Tenant="acme").status_code


ENDS: tuple[Callable[[Pair, Caller], None], ...] = (
    logs_out,
    rotates,
    is_revoked_by_id,
    loses_all_tokens,
    is_disabled,
    is_deleted,
    gets_a_new_password,
    has_its_tenant_deleted,
    has_its_signing_key_revoked,
)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_token_is_refused_everywhere_once_its_user(
    pair: Pair, end: Callable[[Pair, Caller], None]
) -> None:
    caller = admin_of(pair)
    end(pair, caller)
    assert pair.sees(caller.headers) == 401
    assert caller("GET", "/users/me").status_code == 401


def test_a_lowered_role_counts_everywhere_at_once(pair: Pair) -> None:
    caller = admin_of(pair)
    assert by_root(pair, "PUT", f"/users/{caller.id}", {"role": "tenant-user"}) == 200
    client = pair.second.app.test_client()
    for path in (TABLE, f"{TABLE}?snapshots=ALL", "/api/v1/users"):
        assert client.get(path, headers=caller.headers).status_code == 403
    assert client.get("/api/v1/users/me", headers=caller.headers).status_code == 200


def test_basic_credentials_end_with_the_password(pair: Pair) -> None:
    caller = admin_of(pair)
    headers = {"Authorization": basic("acme/boss", PASSWORD)}
    assert [pair.sees(headers) for _ in range(2)] == [200, 200]
    gets_a_new_password(pair, caller)
    assert pair.sees(headers) == 401
    assert pair.sees({"Authorization": basic("acme/boss", "another long one")}) == 200


def test_a_changed_password_leaves_only_the_token_that_changed_it(pair: Pair) -> None:
    caller = admin_of(pair)
    other = pair.first.login("boss")
    assert pair.sees(other.headers) == 200
    change = {"password": "another long one"}
    assert caller("PUT", f"/users/{caller.id}", change).status_code == 200
    assert pair.sees(other.headers) == 401
    assert [pair.sees(caller.headers) for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("end", ["rotate", "revoke", "disable", "delete"])
def test_an_api_key_is_refused_everywhere_once_it_ends(pair: Pair, end: str) -> None:
    service = pair.first.service(role="tenant-admin")
    headers = {"X-API-Key": service["api_key"]}
    assert [pair.sees(headers) for _ in range(2)] == [200, 200]
    one = f"/service-users/{service['id']}"
    calls: dict[str, tuple[str, str, Any]] = {
        "rotate": ("POST", f"{one}/rotate", {}),
        "revoke": ("DELETE", f"{one}/keys/{service['key_id']}", None),
        "disable": ("PUT", one, {"active": False}),
        "delete": ("DELETE", one, None),
    }
    assert by_root(pair, *calls[end]) in (200, 204)
    assert pair.sees(headers) == 401


def test_key_rotation_logs_nobody_out_and_counts_everywhere(pair: Pair) -> None:
    caller = admin_of(pair)
    fresh = signing_key_rotation.rotate(system_context(pair.runtime))
    assert pair.sees(caller.headers) == 200
    later = pair.second.login("boss")
    assert pair.second.app.test_client().get("/.well-known/jwks.json").status_code == 200
    signing_key_rotation.revoke(
        system_context(pair.runtime), signing_keys.list_keys(pair.runtime)[0]["kid"]
    )
    assert [key["kid"] for key in signing_keys.list_keys(pair.runtime)] == [fresh]
    assert pair.sees(later.headers) == 200
    assert pair.sees(caller.headers) == 401


def test_a_reset_of_root_ends_its_tokens(pair: Pair) -> None:
    token = pair.first.login("root", ROOT_PASSWORD, None)
    client = pair.second.app.test_client()
    assert client.get("/api/v1/tenants", headers=token.headers).status_code == 200
    unset = replace(pair.runtime, settings=replace(pair.runtime.settings, root_password=""))
    assert len(root_password.reset(system_context(unset))) >= 20
    assert client.get("/api/v1/tenants", headers=token.headers).status_code == 401
