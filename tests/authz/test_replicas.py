"""Two servers on one store: what is granted or taken back on one counts on the other at once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pangolin.app import create_app
from pangolin.services.catalogs import catalogs, namespaces
from pangolin.services.context.context import system_context
from pangolin.services.operations.bootstrap import initialise
from pangolin.services.tables import creation
from pangolin.services.warehouses import warehouses
from pangolin.settings import Settings
from tests.conftest import ROOT_PASSWORD
from tests.hashing import cheap
from tests.samples import SCHEMA
from tests.worlds.lake import Caller, caller

T = "/v1/lake/namespaces/db/tables/t"
PATHS = (T, f"{T}?snapshots=refs", "/v1/lake/namespaces/db/tables", "/api/v1/catalogs/lake")
Undo = Callable[[], None]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Flask]]:
    settings = Settings(
        data_dir=str(tmp_path / "data"),
        store_url=f"sqlite:///{tmp_path}/records.db",
        file_roots=(str(tmp_path),),
        root_password=ROOT_PASSWORD,
    )
    apps = [create_app(cheap(settings)) for _ in range(2)]
    initialise(apps[0].extensions["pangolin"].runtime)
    ctx = system_context(apps[0].extensions["pangolin"].runtime)
    warehouses.create(ctx, {"name": "w", "storage_config": {"file.root": f"{tmp_path}/w"}})
    catalogs.create(ctx, {"name": "lake", "warehouse_name": "w"})
    namespaces.create(ctx, "lake", ["db"], {})
    creation.create(ctx, "lake", ["db"], {"name": "t", "schema": SCHEMA})
    yield apps
    for app in apps:
        app.extensions["pangolin"].runtime.store.close()


def done(by: Caller, method: str, path: str, body: Any = None) -> Any:
    answer = by(method, f"/api/v1{path}", body)
    assert answer.status_code in (200, 201, 204), answer.text
    return answer.get_json(silent=True)


def by_grant(boss: Caller, lake: str) -> Undo:
    where = {"type": "catalog", "catalog_id": lake}
    body = {"user-id": "ann", "scope": where, "actions": ["read"]}
    made = done(boss, "POST", "/permissions", body)["id"]
    return lambda: done(boss, "DELETE", f"/permissions/{made}")


def by_grant_of_a_user(boss: Caller, lake: str) -> Undo:
    mia, where = caller(boss.app, "mia"), {"type": "catalog", "catalog_id": lake}
    own = {"user-id": "mia", "scope": where, "actions": ["read", "manage-grants"]}
    done(boss, "POST", "/permissions", own)
    made = done(mia, "POST", "/permissions", own | {"user-id": "ann", "actions": ["read"]})["id"]
    return lambda: done(mia, "DELETE", f"/permissions/{made}")


def role(boss: Caller, lake: str) -> str:
    permission = {"scope": {"type": "namespace", "catalog_id": lake, "namespace": "db"}}
    body = {"name": "r", "permissions": [permission | {"actions": ["read"]}]}
    return str(done(boss, "POST", "/roles", body)["id"])


def by_membership(boss: Caller, lake: str) -> Undo:
    made = role(boss, lake)
    done(boss, "POST", "/users/ann/roles", {"role-id": made})
    return lambda: done(boss, "DELETE", f"/users/ann/roles/{made}")


def by_role(boss: Caller, lake: str) -> Undo:
    made = role(boss, lake)
    done(boss, "POST", "/users/ann/roles", {"role-id": made})
    return lambda: done(boss, "DELETE", f"/roles/{made}")


def by_role_of_role(boss: Caller, lake: str) -> Undo:
    made, outer = role(boss, lake), done(boss, "POST", "/roles", {"name": "outer"})["id"]
    done(boss, "POST", "/users/ann/roles", {"role-id": outer})
    done(boss, "POST", f"/roles/{outer}/roles", {"role-id": made})
    return lambda: done(boss, "DELETE", f"/roles/{outer}/roles/{made}")


def by_permissions_of_a_role(boss: Caller, lake: str) -> Undo:
    made = role(boss, lake)
    done(boss, "POST", "/users/ann/roles", {"role-id": made})
    return lambda: done(boss, "PUT", f"/roles/{made}", {"name": "r", "permissions": []})


def by_tag(boss: Caller, lake: str) -> Undo:
    body = {"user-id": "ann", "scope": {"type": "tag", "tag_name": "x"}, "actions": ["read"]}
    done(boss, "POST", "/permissions", body)
    rows = done(boss, "GET", "/catalogs/lake/namespaces/db/assets")
    path = f"/assets/{rows[0]['id']}/metadata"
    done(boss, "POST", path, {"tags": ["x"], "properties": {}, "discoverable": False})
    return lambda: done(boss, "DELETE", path)


@pytest.mark.parametrize(
    "allow",
    [
        by_grant,
        by_grant_of_a_user,
        by_membership,
        by_role,
        by_role_of_role,
        by_permissions_of_a_role,
        by_tag,
    ],
)
def test_what_changes_on_one_server_counts_on_the_other_at_once(
    servers: list[Flask], allow: Callable[[Caller, str], Undo]
) -> None:
    first, second = servers
    boss, ann = caller(first, "boss", "tenant-admin"), caller(second, "ann")
    lake = done(boss, "GET", "/catalogs/lake")["id"]
    both = (ann, ann.on(first))
    assert {each("GET", path).status_code for each in both for path in PATHS} == {403}
    undo = allow(boss, lake)
    assert {each("GET", path).status_code for path in PATHS for each in both} == {200}
    undo()
    assert ann("GET", T).status_code == 403
    assert {each("GET", path).status_code for path in PATHS for each in both} == {403}
