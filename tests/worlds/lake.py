"""People with grants: in services over one small lake, and over HTTP."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from pangolin.interfaces.authentication import TENANT_USER, Principal
from pangolin.services.assets import assets
from pangolin.services.authn import principals, security_stamps, tokens
from pangolin.services.authn.tokens import Terms
from pangolin.services.catalogs import catalogs, namespaces
from pangolin.services.context.context import Context
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.grants import grants
from pangolin.store.api import ANY, Put, Store
from pangolin.store.identity_documents import PrincipalDoc, PrincipalType
from pangolin.store.kinds import ASSET_TAG, PRINCIPAL
from tests.worlds.one_catalog import CATALOG as LAKE
from tests.worlds.one_catalog import context_on

Json = Any
DAY_MS = 86_400_000
TENANT_WIDE = {"type": "tenant"}
IN_LAKE = {"type": "catalog", "catalog_id": LAKE}


def space(*levels: str, **more: str) -> dict[str, Any]:
    """Return the scope of a namespace of the lake."""
    return {"type": "namespace", "catalog_id": LAKE, "namespace": list(levels), **more}


def asset(asset_id: str, **more: str) -> dict[str, Any]:
    """Return the scope of an asset."""
    return {"type": "asset", "asset_id": asset_id, **more}


def tag(name: str) -> dict[str, Any]:
    """Return the scope of a tag."""
    return {"type": "tag", "tag_name": name}


@dataclass(frozen=True, slots=True)
class Lake:
    """A tenant with the catalog `lake`, seen by root; `people` see it as themselves."""

    root: Context

    def person(self, name: str, role: str = TENANT_USER, **more: Any) -> Context:
        """Make a principal; return its view. Its rights are looked at again with every question."""
        put_principal(self.root.runtime, self.root.tenant, name, role)
        tenant = self.root.tenant
        who = Principal(id=name, name=name, role=role, tenant=tenant, home=tenant, **more)
        return replace(self.root, principal=who)

    def grant(self, to: str, where: dict[str, Any], *actions: str, **more: Any) -> str:
        """Grant as root; return the grant's id."""
        given = {"user_id": to, "scope": where, "actions": actions} | more
        return str(grants.create(self.root, given)["id"])

    def spaces(self, *paths: str, prefix: str = "lake") -> None:
        """Make namespaces, levels joined by dots."""
        for path in paths:
            namespaces.create(self.root, prefix, path.split("."), {})

    def asset(self, path: str, name: str, prefix: str = "lake") -> str:
        """Register an asset; return its id."""
        fields = {"name": name, "kind": "OTHER", "location": "x"}
        return str(assets.register(self.root, prefix, path.split("."), fields)["id"])

    def tag(self, assets: Sequence[str], name: str) -> None:
        """Tag assets, whatever they are."""
        puts = [Put(ASSET_TAG, {"tag": name, "asset": each}, ANY) for each in assets]
        self.root.store.apply(*puts, *security_stamps.invalidate_all(self.root.tenant))

    def catalog(self, name: str) -> str:
        """Make a catalog; return its id."""
        return str(catalogs.create(self.root, {"name": name, "warehouse_name": "w"})["id"])


def lake_on(root: Path, store: Store | None = None) -> Lake:
    """Make a lake with the namespaces `a`, `a.b` and `ab`."""
    made = Lake(context_on(root, store))
    made.spaces("a", "a.b", "ab")
    return made


def put_principal(
    runtime: Runtime,
    tenant: str,
    name: str,
    role: str = TENANT_USER,
    type_: PrincipalType = "user",
) -> PrincipalDoc:
    """Put the record of a principal, whose id is its name."""
    doc: PrincipalDoc = {
        "tenant": tenant,
        "id": name,
        "type": type_,
        "name": name,
        "email": None,
        "role": role,
        "password_hash": None,
        "active": True,
        "created_at_ms": 1,
        "last_login_ms": None,
    }
    runtime.store.apply(Put(PRINCIPAL, doc, ANY))
    return doc


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls a server with a token."""

    app: Flask
    token: str

    def __call__(self, method: str, path: str, body: Json = None, **headers: str) -> TestResponse:
        """Call a path."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {self.token}"} | more
        return self.app.test_client().open(path, method=method, json=body, headers=sent)

    def on(self, app: Flask) -> "Caller":
        """Call another server with the same token."""
        return Caller(app, self.token)


def caller(
    app: Flask,
    name: str,
    role: str = TENANT_USER,
    tenant: str = DEFAULT_TENANT,
    **more: PrincipalType,
) -> Caller:
    """Make a principal of a tenant, with a token."""
    runtime: Runtime = app.extensions["pangolin"].runtime
    doc = put_principal(runtime, tenant, name, role, **more)
    stamp = principals.read_stamp(runtime, tenant, name)
    now = runtime.clock()
    terms = Terms(expires_at_ms=now + DAY_MS, auth_time_ms=now, use="login")
    issued, batch = tokens.prepare(runtime, principals.principal_of(doc, stamp), terms)
    runtime.store.apply(*batch)
    return Caller(app, issued.token)


def refused(act: Callable[[], object], error: type[Exception]) -> str:
    """Check that something is refused, and return the message."""
    try:
        act()
    except error as raised:
        return str(raised)
    raise AssertionError("it was not refused")


def names(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the names of rows."""
    return [str(row["name"]) for row in rows]
