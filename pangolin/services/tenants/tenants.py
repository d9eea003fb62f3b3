"""Tenants, which own everything else; managed by root alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

from pangolin.errors import AlreadyExists, BadRequest, InUse, NoSuchTenant
from pangolin.interfaces.authentication import ROOT
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import security_stamps
from pangolin.services.authz.access import require
from pangolin.services.catalogs import cascade, names
from pangolin.services.changes import batch, guards
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.store.api import ABSENT, Change, Delete, Put, Record, RequireEmpty
from pangolin.store.documents import CatalogDoc, TenantDoc
from pangolin.store.kinds import CATALOG, TENANT, WAREHOUSE


def create(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Create a tenant from `name` and `properties`; raise `AlreadyExists`."""
    name = fields["name"]
    require(ctx, "create", Resource("tenant", (name,)))
    names.check_tenant(name)
    doc: TenantDoc = {
        "tenant": str(uuid4()),
        "name": name,
        "properties": dict(fields.get("properties") or {}),
        "created_at_ms": ctx.now(),
    }

    def attempt() -> None:
        _refuse_taken(ctx, name)
        what = Resource("tenant", (name,))
        put = Put(TENANT, doc, ABSENT)
        batch.apply(
            ctx, [put], AuditEvent(AuditAction.CREATE_TENANT, what, after=doc), store=ctx.system
        )

    retry_conflicts(ctx, "create tenant", attempt)
    return to_json(doc)


def page(
    ctx: Context, *, limit: int = 100, after: str | None = None
) -> tuple[list[Json], str | None]:
    """Return tenants in name order, and the `after` of the next page."""
    require(ctx, "list", Resource("tenant"))
    beyond = None if after is None else (after,)
    found = ctx.system.page(TENANT, index="name", after=beyond, limit=limit)
    more = str(found.after[0]) if found.after else None
    return [to_json(record.doc) for record in found.records], more


def get(ctx: Context, tenant: str) -> Json:
    """Return a tenant by id; raise `NoSuchTenant`, also for a tenant other than the principal's."""
    if ctx.principal.role == ROOT:
        return to_json(find(ctx, tenant).doc)
    record = ctx.store.get(TENANT, ())
    if record is None or tenant.lower() != ctx.tenant:
        raise NoSuchTenant(f"Tenant does not exist: {tenant}")
    return to_json(record.doc)


def update(ctx: Context, tenant: str, fields: Mapping[str, Any]) -> Json:
    """Change `name` or replace `properties`; raise `NoSuchTenant` or `AlreadyExists`."""
    require(ctx, "update", Resource("tenant", (tenant,)))
    given = {key: value for key, value in fields.items() if value is not None}
    if "name" in given:
        names.check_tenant(given["name"])

    def attempt() -> Json:
        record = find(ctx, tenant)
        doc = cast(TenantDoc, record.doc | given)
        if doc["name"] != record.doc["name"]:
            _refuse_taken(ctx, doc["name"])
        changes: list[Change] = [Put(TENANT, doc, record.version)]
        if doc["name"] != record.doc["name"]:
            # Principals that sign in as `tenant/name` are looked up again.
            changes += security_stamps.invalidate_all(doc["tenant"])
        what = Resource("tenant", (doc["name"],))
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.UPDATE_TENANT, what, before=record.doc, after=doc),
            store=ctx.system,
        )
        return to_json(doc)

    return retry_conflicts(ctx, "update tenant", attempt)


def delete(ctx: Context, tenant: str, *, force: bool = False) -> None:
    """Delete a tenant; raise `InUse` if it has warehouses or catalogs, which `force` removes."""
    require(ctx, "delete", Resource("tenant", (tenant,)))
    if tenant.lower() == DEFAULT_TENANT:
        raise BadRequest("the default tenant cannot be deleted")
    list_changes: Callable[[Context], list[Change]] = _everything if force else _nothing_below

    def attempt() -> tuple[Context, list[CatalogDoc]]:
        record = find(ctx, tenant)
        # The batch is scoped to the tenant, so that it cannot touch another tenant's records.
        within = replace(ctx, tenant=record.doc["tenant"], idempotency=None)
        catalogs = list(within.store.scan(CATALOG)) if force else []
        # Its principals are read again on their next request, and are not found.
        stale = security_stamps.invalidate_all(within.tenant)
        changes = [Delete(TENANT, (), record.version), *list_changes(within), *stale]
        what, parts = Resource("tenant", (record.doc["name"],)), cascade.parts(catalogs)
        batch.apply(
            within, changes, AuditEvent(AuditAction.DELETE_TENANT, what, before=record.doc), *parts
        )
        return within, [found.doc for found in catalogs]

    within, catalogs = retry_conflicts(ctx, "delete tenant", attempt)
    cascade.sweep(within, catalogs)
    cascade.sweep_tenant(within)


def find(ctx: Context, tenant: str) -> Record[TenantDoc]:
    """Return a tenant's record by id; raise `NoSuchTenant`."""
    record = ctx.system.get(TENANT, (tenant.lower(),))
    if record is None:
        raise NoSuchTenant(f"Tenant does not exist: {tenant}")
    return record


def to_json(doc: TenantDoc) -> Json:
    """Return a tenant as JSON."""
    return {"id": doc["tenant"], "name": doc["name"], "properties": doc["properties"]}


def _refuse_taken(ctx: Context, name: str) -> None:
    if ctx.system.find(TENANT, "name", (name,)) is not None:
        raise AlreadyExists(f"Tenant already exists: {name}")


def _nothing_below(within: Context) -> list[Change]:
    counts = {
        "warehouse": within.store.count(WAREHOUSE),
        "catalog": within.store.count(CATALOG),
    }
    if any(counts.values()):
        raise InUse(
            f"the tenant has {cascade.tally(counts)}; delete them first, or use force=true",
            details=counts,
        )
    return [RequireEmpty(WAREHOUSE, ()), RequireEmpty(CATALOG, ())]


def _everything(within: Context) -> list[Change]:
    changes: list[Change] = [guards.guard_catalogs(within.store)]
    for catalog in within.store.scan(CATALOG):
        changes += cascade.catalog_changes(within.store, catalog)
    changes += [
        Delete(WAREHOUSE, (record.doc["name"],), record.version)
        for record in within.store.scan(WAREHOUSE)
    ]
    return changes
