"""Two tenants, everything a route can name, and one principal of each sort."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from pangolin.app import create_app
from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.services.authn import principals, tokens
from pangolin.services.authn.tokens import Terms
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT, ROOT_ID
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from pangolin.store.api import Doc, Put
from pangolin.store.kinds import GRANT, PRINCIPAL, ROOT_HOME
from tests.answers import made
from tests.credentials.vendor import CountingPlugin, CountingVendor
from tests.hashing import cheap
from tests.samples import SCHEMA, view_version

# Who asks; `foreign` is the admin of another tenant.
COLUMNS = ("anonymous", "nobody", "reader", "writer", "admin", "foreign", "root")
VERSION = view_version("default")
BELOW = "/v1/lake/namespaces/default"


@dataclass(slots=True)
class World:
    """A filled application; `names` are the parameters of routes, `tables` the records as made."""

    app: Flask
    names: dict[str, str]
    bearers: dict[str, str]
    saved: Any = None
    root: str = ""
    more: dict[str, str] = field(default_factory=dict)

    @property
    def runtime(self) -> Runtime:
        """The parts behind the application."""
        found: Runtime = self.app.extensions["pangolin"].runtime
        return found

    def save(self) -> None:
        """Remember the records as they are."""
        self.saved = copy.deepcopy(_store(self)._tables)

    def restore(self) -> None:
        """Bring the records back."""
        _store(self)._tables = copy.deepcopy(self.saved)

    def client(self, column: str) -> FlaskClient:
        """Return a client that is one sort of principal."""
        made = self.app.test_client()
        if column != "anonymous":
            made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.bearers[column]}"
        return made


def _store(world: World) -> MemoryStore:
    store = world.runtime.store
    assert isinstance(store, MemoryStore)
    return store


def build(directory: Path) -> World:
    """Fill an application in memory."""
    settings = Settings(
        store_url="memory:",
        data_dir=str(directory / "data"),
        file_roots=(str(directory),),
        root_password="correct horse",
        rate_limit=1_000_000,
    )
    plugins = [CountingPlugin(CountingVendor())]
    world = World(create_app(cheap(settings), plugins=plugins), {}, {}, root=str(directory))
    initialise(world.runtime)
    world.bearers["root"] = _token(world, ROOT_HOME, ROOT_ID)
    _fill(world, world.client("root"))
    _people(world)
    _managed(world, world.client("root"))
    world.save()
    return world


def _fill(world: World, root: FlaskClient) -> None:
    config = {
        "storage_config": {"file.root": f"{world.root}/w"},
        "vending_strategy": {"Counting": {}},
    }
    made(root.post("/api/v1/warehouses", json={"name": "w"} | config))
    made(root.post("/api/v1/catalogs", json={"name": "lake", "warehouse_name": "w"}))
    made(root.post("/api/v1/catalogs", json={"name": "empty", "warehouse_name": "w"}))
    table = made(root.post(f"{BELOW}/tables", json={"name": "t", "schema": SCHEMA}), 200)
    world.more["metadata"] = table["metadata-location"]
    world.more["location"] = table["metadata"]["location"]
    view = {"name": "v", "schema": SCHEMA, "view-version": VERSION, "properties": {}}
    made(root.post(f"{BELOW}/views", json=view), 200)
    made(root.post("/v1/lake/namespaces", json={"namespace": ["bare"]}), 200)
    pointer = {"name": "m", "kind": "ML_MODEL", "location": "s3://b/m"}
    asset = made(root.post("/api/v1/catalogs/lake/namespaces/default/assets", json=pointer))
    made(root.post("/api/v1/branches", json={"name": "dev", "catalog": "lake"}))
    made(root.post("/api/v1/tags", json={"name": "t1", "catalog": "lake"}), 200)
    other = made(root.post("/api/v1/tenants", json={"name": "acme"}))["id"]
    world.more["foreign_tenant"] = other
    world.names |= {
        "tenant": DEFAULT_TENANT,
        "prefix": "lake",
        "catalog": "lake",
        "namespace": "default",
        "table": "t",
        "view": "v",
        "asset_id": asset["id"],
    }


def _people(world: World) -> None:
    found = world.client("root").get("/api/v1/catalogs/lake").get_json()
    for name in ("nobody", "reader", "writer", "admin", "spare"):
        world.bearers[name] = _person(world, DEFAULT_TENANT, name)
    world.bearers["foreign"] = _person(world, world.more["foreign_tenant"], "foreign")
    for name, action in (("reader", "read"), ("writer", "write")):
        scope = {"type": "catalog", "catalog_id": found["id"]}
        world.runtime.store.apply(Put(GRANT, _grant(f"g-{name}", name, scope, [action])))


def _managed(world: World, root: FlaskClient) -> None:
    """Make what admins manage: roles, a service user, metadata, and records of all that."""
    role = made(root.post("/api/v1/roles", json={"name": "loaders"}))["id"]
    inner = made(root.post("/api/v1/roles", json={"name": "inner"}))["id"]
    made(root.post("/api/v1/users/id-spare/roles", json={"role-id": role}))
    made(root.post(f"/api/v1/roles/{inner}/roles", json={"role-id": role}))
    body = {"name": "spark", "role": "tenant-user"}
    service = made(root.post("/api/v1/service-users", json=body))
    keys = root.get(f"/api/v1/service-users/{service['id']}/keys").get_json()
    note = {"tags": [], "properties": {}, "discoverable": False}
    made(root.post(f"/api/v1/assets/{world.names['asset_id']}/metadata", json=note), 200)
    tokens_of = root.get("/api/v1/users/id-spare/tokens").get_json()
    world.more |= {"api_key": service["api_key"], "inner": inner}
    world.names |= {
        "user": "id-spare",
        "user_id": "id-spare",
        "role_id": role,
        "member_id": inner,
        "permission_id": "g-reader",
        "service": service["id"],
        "key": keys[0]["id"],
        "jti": tokens_of[0]["id"],
        "record_id": root.get("/api/v1/audit").get_json()[0]["id"],
        "provider": "nobody",
    }


def _person(world: World, tenant: str, name: str) -> str:
    role = "tenant-admin" if name in ("admin", "foreign") else "tenant-user"
    doc = {
        "tenant": tenant,
        "id": f"id-{name}",
        "type": "user",
        "name": name,
        "email": f"{name}@example.org",
        "role": role,
        "password_hash": None,
        "active": True,
        "created_at_ms": 0,
        "last_login_ms": None,
    }
    world.runtime.store.apply(Put(PRINCIPAL, doc))
    return _token(world, tenant, f"id-{name}")


def _grant(grant: str, name: str, scope: Mapping[str, str], actions: list[str]) -> Doc:
    return {
        "tenant": DEFAULT_TENANT,
        "id": grant,
        "grantee": f"id-{name}",
        "grantee_type": "user",
        "scope": dict(scope),
        "actions": actions,
        "granted_by": ROOT_ID,
        "granted_at_ms": 0,
    }


def _token(world: World, home: str, principal: str) -> str:
    runtime = world.runtime
    standing = principals.standing(runtime, home, principal)
    who = principals.principal_of(standing.doc, standing.stamp)
    now = runtime.clock()
    terms = Terms(expires_at_ms=now + 3_600_000, auth_time_ms=now, use="login")
    issued, batch = tokens.prepare(runtime, who, terms)
    runtime.store.apply(*batch)
    return issued.token
