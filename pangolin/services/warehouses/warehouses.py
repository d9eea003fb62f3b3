"""Warehouses: locations in object storage, with their options and vending strategy."""

from collections.abc import Mapping
from typing import Any

from pangolin.errors import (
    AlreadyExists,
    BadRequest,
    InUse,
    NoSuchWarehouse,
    Unavailable,
    UnknownPlugin,
)
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import security_stamps
from pangolin.services.authz.access import require
from pangolin.services.catalogs import cascade, names
from pangolin.services.changes import batch, guards
from pangolin.services.changes.attempts import write
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.sealing.keyring import SealBroken
from pangolin.services.storage import warehouse_secrets
from pangolin.services.storage.warehouse_secrets import for_audit
from pangolin.services.warehouses import builder, checks
from pangolin.services.warehouses.checks import CheckReport, CheckRun
from pangolin.store.api import ABSENT, Change, Delete, Put, Record, RequireEmpty
from pangolin.store.documents import CatalogDoc, WarehouseDoc
from pangolin.store.kinds import CATALOG, WAREHOUSE, WAREHOUSE_CHECK


def create(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Create a warehouse from `name`, `storage_config`, `use_sts` and `vending_strategy`.

    `id` may be one that `prepare` returned. Raises `AlreadyExists`; `BadRequest` naming an option,
    or if the warehouse fails checks that it must pass; `UnknownPlugin` for a type of storage or a
    strategy that no installed plugin serves, listing those that are.
    """
    name = fields["name"]
    require(ctx, "create", resource(name))
    doc, warehouse = builder.new(ctx, fields)

    def attempt() -> Json:
        _refuse_taken(ctx, name)
        if ctx.store.find(WAREHOUSE, "id", (doc["id"],)) is not None:
            raise AlreadyExists(f"Warehouse already exists: {doc['id']}")
        found = check_run.of(warehouse)
        outcome = to_json(ctx, doc, found)
        put, check = Put(WAREHOUSE, doc, ABSENT), checks.kept(found, doc["id"])
        changes = [guards.hold(ctx), put, check]
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.CREATE_WAREHOUSE, resource(name), after=for_audit(doc)),
            outcome=outcome,
        )
        return outcome

    check_run = CheckRun(ctx)
    return write(ctx, "create warehouse", attempt, Json)


def page(
    ctx: Context, *, limit: int = 100, after: str | None = None
) -> tuple[list[Json], str | None]:
    """List warehouses in name order, and the `after` of the next page."""
    require(ctx, "list", Resource("warehouse"))
    beyond = None if after is None else (after,)
    found = ctx.store.page(WAREHOUSE, after=beyond, limit=limit)
    more = str(found.after[0]) if found.after else None
    docs = [record.doc for record in found.records]
    tried = checks.read(ctx, [doc["id"] for doc in docs])
    return [to_json(ctx, doc, last) for doc, last in zip(docs, tried, strict=True)], more


def get(ctx: Context, name: str) -> Json:
    """Read a warehouse; raise `NoSuchWarehouse`."""
    require(ctx, "read", resource(name))
    return answered(ctx, find(ctx, name).doc)


def update(ctx: Context, name: str, fields: Mapping[str, Any]) -> Json:
    """Change the given `fields`: `name`, `storage_config` (key by key), `use_sts`,
    `vending_strategy` (as a whole; None removes it).

    A null option is removed; a secret sent in its masked form is kept. Raises `InUse` if the
    options move the warehouse while catalogs use it.
    """
    require(ctx, "update", resource(name))
    if fields.get("name") is not None:
        names.check_warehouse(fields["name"])

    def attempt() -> Json:
        record = find(ctx, name)
        doc, old = builder.changed(ctx, record, fields), record.doc
        found, more = _tried(ctx, check_run, old, doc)
        outcome = to_json(ctx, doc, found)
        changes = [*_replacement(ctx, record, doc), *_unmoved(ctx, old, doc), *more]
        event = AuditEvent(
            AuditAction.UPDATE_WAREHOUSE,
            resource(doc["name"]),
            before=for_audit(old),
            after=for_audit(doc),
        )
        batch.apply(ctx, changes, event, outcome=outcome)
        return outcome

    check_run = CheckRun(ctx)
    return write(ctx, "update warehouse", attempt, Json)


def delete(ctx: Context, name: str, *, force: bool = False) -> None:
    """Delete a warehouse; raise `InUse` if catalogs use it; `force` deletes them, too."""
    require(ctx, "delete", resource(name))

    def attempt() -> list[CatalogDoc]:
        record = find(ctx, name)
        check = Delete(WAREHOUSE_CHECK, (record.doc["id"],))
        changes: list[Change] = [Delete(WAREHOUSE, (name,), record.version), check]
        catalogs: list[Record[CatalogDoc]] = []
        if force:
            changes.append(guards.guard_catalogs(ctx.store))
            catalogs = _catalogs(ctx, record.doc)
            for catalog in catalogs:
                changes += cascade.catalog_changes(ctx.store, catalog)
            changes += security_stamps.invalidate_all(ctx.tenant)
        else:
            changes.append(_unused(ctx, record.doc, "is used by"))
        parts = cascade.parts(catalogs)
        what, gone = resource(name), for_audit(record.doc)
        batch.apply(
            ctx, changes, AuditEvent(AuditAction.DELETE_WAREHOUSE, what, before=gone), *parts
        )
        return [catalog.doc for catalog in catalogs]

    gone = write(ctx, "delete warehouse", attempt, lambda _: list[CatalogDoc]())
    cascade.sweep(ctx, gone)


def find(ctx: Context, name: str) -> Record[WarehouseDoc]:
    """Read a warehouse's record; raise `NoSuchWarehouse`."""
    record = ctx.store.get(WAREHOUSE, (name,))
    if record is None:
        raise NoSuchWarehouse(f"Warehouse does not exist: {name}")
    return record


def answered(ctx: Context, doc: WarehouseDoc) -> Json:
    """Return a warehouse as JSON, with its last report."""
    [tried] = checks.read(ctx, [doc["id"]])
    return to_json(ctx, doc, tried)


def to_json(ctx: Context, doc: WarehouseDoc, tried: CheckReport | None) -> Json:
    """Return a warehouse as JSON, with its secrets masked."""
    masked = warehouse_secrets.masked(ctx.runtime, doc)
    return {
        "id": doc["id"],
        "name": doc["name"],
        "tenant_id": ctx.tenant,
        "use_sts": doc["use_sts"],
        "storage_config": masked["storage_config"],
        "vending_strategy": masked["vending_strategy"],
        **checks.to_json(tried),
    }


def _tried(
    ctx: Context, check_run: CheckRun, old: WarehouseDoc, new: WarehouseDoc
) -> tuple[CheckReport | None, list[Change]]:
    """Check a changed warehouse; return the report and the changes that store it."""
    if checks.unchanged(old, new):
        return checks.read(ctx, [old["id"]])[0], []
    found = check_run.of(builder.valid(ctx, new))
    return found, [checks.kept(found, new["id"])]


def _replacement(ctx: Context, record: Record[WarehouseDoc], doc: WarehouseDoc) -> list[Change]:
    old, new = record.doc["name"], doc["name"]
    if old == new:
        return [Put(WAREHOUSE, doc, record.version)]
    _refuse_taken(ctx, new)
    return [Delete(WAREHOUSE, (old,), record.version), Put(WAREHOUSE, doc, ABSENT)]


def _unmoved(ctx: Context, old: WarehouseDoc, new: WarehouseDoc) -> list[Change]:
    before, after = old["storage_config"], new["storage_config"]
    if before == after or _root(ctx, old) == _root(ctx, new):
        return []
    return [_unused(ctx, old, "cannot move: its options are used by")]


def _root(ctx: Context, doc: WarehouseDoc) -> str | None:
    try:
        return warehouse_secrets.root_of(ctx.runtime, doc, ctx.tenant)
    except (BadRequest, UnknownPlugin, SealBroken, Unavailable):
        # The plugin or the key was removed, or the operator no longer allows the location.
        return None


def _unused(ctx: Context, doc: WarehouseDoc, verdict: str) -> Change:
    used_by = [record.doc["name"] for record in _catalogs(ctx, doc)]
    if used_by:
        counted = cascade.tally({"catalog": len(used_by)})
        raise InUse(
            f"warehouse {doc['name']} {verdict} {counted}: {cascade.quoted(used_by)}",
            details={"catalog": len(used_by)},
        )
    return RequireEmpty(CATALOG, (doc["id"],), index="warehouse")


def _catalogs(ctx: Context, doc: WarehouseDoc) -> list[Record[CatalogDoc]]:
    return list(ctx.store.scan(CATALOG, (doc["id"],), index="warehouse"))


def _refuse_taken(ctx: Context, name: str) -> None:
    if ctx.store.get(WAREHOUSE, (name,)) is not None:
        raise AlreadyExists(f"Warehouse already exists: {name}")


def resource(name: str) -> Resource:
    """Return a warehouse as a resource."""
    return Resource("warehouse", (name,))
