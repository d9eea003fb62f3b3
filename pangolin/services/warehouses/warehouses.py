"""Warehouses: places in object storage, with their options and vending strategy."""

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
from pangolin.services.authn import security_stamps
from pangolin.services.authz.access import require
from pangolin.services.catalogs import cascade, names
from pangolin.services.changes import batch, guards
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import until_settled
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.services.sealing.keyring import SealBroken
from pangolin.services.storage import warehouse_secrets
from pangolin.services.storage.warehouse_secrets import told
from pangolin.services.warehouses import builder, checks
from pangolin.services.warehouses.checks import Trial, Tried
from pangolin.store.api import ABSENT, Change, Delete, Doc, Put, Record, RequireEmpty
from pangolin.store.kinds import CATALOG, WAREHOUSE, WAREHOUSE_CHECK

Wire = dict[str, Any]


def create(scope: Scope, fields: Mapping[str, Any]) -> Wire:
    """Create a warehouse from `name`, `storage_config`, `use_sts` and `vending_strategy`.

    `id` may be one that `prepare` gave. Raises `AlreadyExists`; `BadRequest` naming an option, or
    if it fails its checks and must not; `UnknownPlugin` for a type of storage or a strategy that
    no installed plugin serves, listing those that are.
    """
    name = fields["name"]
    require(scope, "create", resource(name))
    doc, warehouse = builder.new(scope, fields)

    def attempt() -> Wire:
        _refuse_taken(scope, name)
        if scope.store.find(WAREHOUSE, "id", (doc["id"],)) is not None:
            raise AlreadyExists(f"Warehouse already exists: {doc['id']}")
        found = trial.of(warehouse)
        outcome = wire(scope, doc, found)
        put, check = Put(WAREHOUSE, doc, ABSENT), checks.kept(found, doc["id"])
        changes = [guards.hold(scope), put, check]
        batch.commit(scope, "create_warehouse", resource(name), changes, outcome, after=told(doc))
        return outcome

    trial = Trial(scope)
    return once(scope, lambda: until_settled(scope, attempt, "create warehouse"), Wire)


def page(
    scope: Scope, *, limit: int = 100, after: str | None = None
) -> tuple[list[Wire], str | None]:
    """List warehouses in name order, and the `after` of the next page."""
    require(scope, "list", Resource("warehouse"))
    beyond = None if after is None else (after,)
    found = scope.store.page(WAREHOUSE, after=beyond, limit=limit)
    more = str(found.after[0]) if found.after else None
    docs = [record.doc for record in found.records]
    tried = checks.read(scope, [doc["id"] for doc in docs])
    return [wire(scope, doc, last) for doc, last in zip(docs, tried, strict=True)], more


def get(scope: Scope, name: str) -> Wire:
    """Read a warehouse; raise `NoSuchWarehouse`."""
    require(scope, "read", resource(name))
    return answered(scope, find(scope, name).doc)


def update(scope: Scope, name: str, fields: Mapping[str, Any]) -> Wire:
    """Change what `fields` has: `name`, `storage_config` (key by key), `use_sts`,
    `vending_strategy` (whole; None removes it).

    A null option is removed; a secret that comes back as it was shown is kept. Raises `InUse` if
    the options move the warehouse while catalogs lie in it.
    """
    require(scope, "update", resource(name))
    if fields.get("name") is not None:
        names.check_warehouse(fields["name"])

    def attempt() -> Wire:
        record = find(scope, name)
        doc, old = builder.changed(scope, record, fields), record.doc
        found, more = _tried(scope, trial, old, doc)
        outcome = wire(scope, doc, found)
        changes = [*_replacement(scope, record, doc), *_unmoved(scope, old, doc), *more]
        what, states = resource(doc["name"]), (told(old), told(doc))
        batch.commit(scope, "update_warehouse", what, changes, outcome, *states)
        return outcome

    trial = Trial(scope)
    return once(scope, lambda: until_settled(scope, attempt, "update warehouse"), Wire)


def delete(scope: Scope, name: str, *, force: bool = False) -> None:
    """Delete a warehouse; raise `InUse` if catalogs lie in it, which `force` removes with it."""
    require(scope, "delete", resource(name))

    def attempt() -> list[Doc]:
        record = find(scope, name)
        check = Delete(WAREHOUSE_CHECK, (record.doc["id"],))
        changes: list[Change] = [Delete(WAREHOUSE, (name,), record.version), check]
        catalogs: list[Record] = []
        if force:
            changes.append(guards.guard_catalogs(scope.store))
            catalogs = _catalogs(scope, record.doc)
            for catalog in catalogs:
                changes += cascade.catalog_changes(scope.store, catalog)
            changes += security_stamps.raise_all(scope.tenant)
        else:
            changes.append(_unused(scope, record.doc, "is used by"))
        parts = cascade.parts(catalogs)
        what, gone = resource(name), told(record.doc)
        batch.commit(scope, "delete_warehouse", what, changes, before=gone, parts=parts)
        return [catalog.doc for catalog in catalogs]

    gone = once(
        scope, lambda: until_settled(scope, attempt, "delete warehouse"), lambda _: list[Doc]()
    )
    cascade.sweep(scope, gone)


def find(scope: Scope, name: str) -> Record:
    """Read a warehouse's record; raise `NoSuchWarehouse`."""
    record = scope.store.get(WAREHOUSE, (name,))
    if record is None:
        raise NoSuchWarehouse(f"Warehouse does not exist: {name}")
    return record


def answered(scope: Scope, doc: Doc) -> Wire:
    """Show a warehouse with what came of its last trial."""
    [tried] = checks.read(scope, [doc["id"]])
    return wire(scope, doc, tried)


def wire(scope: Scope, doc: Doc, tried: Tried | None) -> Wire:
    """Show a warehouse, its secrets masked."""
    shown = warehouse_secrets.shown(scope.runtime, doc)
    return {
        "id": doc["id"],
        "name": doc["name"],
        "tenant_id": scope.tenant,
        "use_sts": doc["use_sts"],
        "storage_config": shown["storage_config"],
        "vending_strategy": shown["vending_strategy"],
        **checks.wire(tried),
    }


def _tried(scope: Scope, trial: Trial, old: Doc, new: Doc) -> tuple[Tried | None, list[Change]]:
    """Try what is changed; what came of it, and how that is kept."""
    if checks.unchanged(old, new):
        return checks.read(scope, [old["id"]])[0], []
    found = trial.of(builder.valid(scope, new))
    return found, [checks.kept(found, new["id"])]


def _replacement(scope: Scope, record: Record, doc: Doc) -> list[Change]:
    old, new = record.doc["name"], doc["name"]
    if old == new:
        return [Put(WAREHOUSE, doc, record.version)]
    _refuse_taken(scope, new)
    return [Delete(WAREHOUSE, (old,), record.version), Put(WAREHOUSE, doc, ABSENT)]


def _unmoved(scope: Scope, old: Doc, new: Doc) -> list[Change]:
    before, after = old["storage_config"], new["storage_config"]
    if before == after or _root(scope, old) == _root(scope, new):
        return []
    return [_unused(scope, old, "cannot move: its options are used by")]


def _root(scope: Scope, doc: Doc) -> str | None:
    try:
        return warehouse_secrets.root_of(scope.runtime, doc, scope.tenant)
    except (BadRequest, UnknownPlugin, SealBroken, Unavailable):
        # The plugin or the key was removed, or the operator no longer allows the place.
        return None


def _unused(scope: Scope, doc: Doc, verdict: str) -> Change:
    used_by = [record.doc["name"] for record in _catalogs(scope, doc)]
    if used_by:
        counted = cascade.tally({"catalog": len(used_by)})
        raise InUse(
            f"warehouse {doc['name']} {verdict} {counted}: {cascade.quoted(used_by)}",
            details={"catalog": len(used_by)},
        )
    return RequireEmpty(CATALOG, (doc["id"],), index="warehouse")


def _catalogs(scope: Scope, doc: Doc) -> list[Record]:
    return list(scope.store.scan(CATALOG, (doc["id"],), index="warehouse"))


def _refuse_taken(scope: Scope, name: str) -> None:
    if scope.store.get(WAREHOUSE, (name,)) is not None:
        raise AlreadyExists(f"Warehouse already exists: {name}")


def resource(name: str) -> Resource:
    """Name a warehouse as a resource."""
    return Resource("warehouse", (name,))
