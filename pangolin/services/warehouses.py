"""Warehouses: places in object storage, with their options and vending strategy."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from pangolin.errors import AlreadyExists, BadRequest, InUse, NoSuchWarehouse, UnknownPlugin
from pangolin.objects import Warehouse
from pangolin.services import changes, names, removal, stamps, tenants, vending_strategies
from pangolin.services.access import Resource, require
from pangolin.services.idempotency import once
from pangolin.services.objects import Objects
from pangolin.services.retrying import until_settled
from pangolin.services.scope import Scope
from pangolin.store.api import ABSENT, Change, Delete, Doc, Put, Record, RequireEmpty
from pangolin.store.kinds import CATALOG, WAREHOUSE

Wire = dict[str, Any]


def create(scope: Scope, fields: Mapping[str, Any]) -> Wire:
    """Create a warehouse from `name`, `storage_config`, `use_sts` and `vending_strategy`.

    Raises `AlreadyExists`; `BadRequest` naming an option; `UnknownPlugin` for a type of storage
    that no installed plugin serves, listing those that are.
    """
    name = fields["name"]
    require(scope, "create", _resource(name))
    names.check_warehouse(name)
    now = scope.now()
    doc = {
        "id": str(uuid4()),
        "name": name,
        "storage_config": _checked(scope, fields.get("storage_config") or {}),
        "use_sts": bool(fields.get("use_sts")),
        "vending_strategy": vending_strategies.checked(fields.get("vending_strategy")),
        "created_at_ms": now,
        "updated_at_ms": now,
    }

    def attempt() -> Wire:
        _refuse_taken(scope, name)
        outcome = wire(scope, doc)
        batch = [tenants.hold(scope), Put(WAREHOUSE, doc, ABSENT)]
        changes.commit(scope, "create_warehouse", _resource(name), batch, outcome, after=doc)
        return outcome

    return once(scope, lambda: until_settled(scope, attempt, "create warehouse"), Wire)


def page(
    scope: Scope, *, limit: int = 100, after: str | None = None
) -> tuple[list[Wire], str | None]:
    """List warehouses in name order, and the `after` of the next page."""
    require(scope, "list", Resource("warehouse"))
    beyond = None if after is None else (after,)
    found = scope.store.page(WAREHOUSE, after=beyond, limit=limit)
    more = str(found.after[0]) if found.after else None
    return [wire(scope, record.doc) for record in found.records], more


def get(scope: Scope, name: str) -> Wire:
    """Read a warehouse; raise `NoSuchWarehouse`."""
    require(scope, "read", _resource(name))
    return wire(scope, find(scope, name).doc)


def update(scope: Scope, name: str, fields: Mapping[str, Any]) -> Wire:
    """Change what `fields` has: `name`, `storage_config` (key by key), `use_sts`,
    `vending_strategy` (whole; None removes it).

    A null option is removed; a secret that comes back as it was shown is kept. Raises `InUse` if
    the options move the warehouse while catalogs lie in it.
    """
    require(scope, "update", _resource(name))
    if fields.get("name") is not None:
        names.check_warehouse(fields["name"])

    def attempt() -> Wire:
        record = find(scope, name)
        doc = _updated(scope, record, fields)
        outcome = wire(scope, doc)
        batch = [*_replacement(scope, record, doc), *_unmoved(scope, record.doc, doc)]
        what, before = _resource(doc["name"]), record.doc
        changes.commit(scope, "update_warehouse", what, batch, outcome, before, doc)
        return outcome

    return once(scope, lambda: until_settled(scope, attempt, "update warehouse"), Wire)


def delete(scope: Scope, name: str, *, force: bool = False) -> None:
    """Delete a warehouse; raise `InUse` if catalogs lie in it, which `force` removes with it."""
    require(scope, "delete", _resource(name))

    def attempt() -> list[Doc]:
        record = find(scope, name)
        batch: list[Change] = [Delete(WAREHOUSE, (name,), record.version)]
        catalogs: list[Record] = []
        if force:
            batch.append(removal.guard_catalogs(scope.store))
            catalogs = _catalogs(scope, record.doc)
            for catalog in catalogs:
                batch += removal.catalog_changes(scope.store, catalog)
            batch += stamps.raise_all(scope.tenant)
        else:
            batch.append(_unused(scope, record.doc, "is used by"))
        parts = removal.parts(catalogs)
        what = _resource(name)
        changes.commit(scope, "delete_warehouse", what, batch, before=record.doc, parts=parts)
        return [catalog.doc for catalog in catalogs]

    gone = once(
        scope, lambda: until_settled(scope, attempt, "delete warehouse"), lambda _: list[Doc]()
    )
    removal.sweep(scope, gone)


def find(scope: Scope, name: str) -> Record:
    """Read a warehouse's record; raise `NoSuchWarehouse`."""
    record = scope.store.get(WAREHOUSE, (name,))
    if record is None:
        raise NoSuchWarehouse(f"Warehouse does not exist: {name}")
    return record


def as_plugin(record: Record) -> Warehouse:
    """Give a warehouse as plugins see it; `record` comes from any store, and names its tenant."""
    doc = record.doc
    return Warehouse(
        tenant=doc["tenant"],
        id=doc["id"],
        name=doc["name"],
        version=record.version,
        config=doc["storage_config"],
        use_sts=doc["use_sts"],
        vending_strategy=doc["vending_strategy"],
    )


def wire(scope: Scope, doc: Doc) -> Wire:
    """Show a warehouse, its secrets masked."""
    return {
        "id": doc["id"],
        "name": doc["name"],
        "tenant_id": scope.tenant,
        "use_sts": doc["use_sts"],
        "storage_config": scope.runtime.objects.masked(doc["storage_config"]),
        "vending_strategy": vending_strategies.masked(doc["vending_strategy"]),
    }


def _checked(scope: Scope, config: Mapping[str, str | None]) -> dict[str, str]:
    found = scope.runtime.objects.normalise_config(config)
    scope.runtime.objects.root(found)
    return found


def _updated(scope: Scope, record: Record, fields: Mapping[str, Any]) -> Doc:
    doc = dict(record.doc)
    if fields.get("name") is not None:
        doc["name"] = fields["name"]
    if fields.get("use_sts") is not None:
        doc["use_sts"] = fields["use_sts"]
    if fields.get("storage_config"):
        merged = _merged(scope.runtime.objects, doc["storage_config"], fields["storage_config"])
        doc["storage_config"] = _checked(scope, merged)
    if "vending_strategy" in fields:
        current = doc["vending_strategy"]
        doc["vending_strategy"] = vending_strategies.checked(fields["vending_strategy"], current)
    return doc | {"updated_at_ms": scope.now()}


def _merged(
    objects: Objects, stored: Mapping[str, str], given: Mapping[str, str | None]
) -> dict[str, str | None]:
    """Put options in any spelling over canonical ones; another type starts afresh."""
    kind = given.get("type") or stored["type"]
    backend = objects.backend_for_type(kind)
    if backend.type != stored["type"]:
        return dict(given)
    spellings = {s: option.name for option in backend.options for s in option.aliases}
    known = {"type", *(option.name for option in backend.options)}
    shown = objects.masked(stored)
    merged: dict[str, str | None] = dict(stored)
    seen: dict[str, str | None] = {}
    for key, value in given.items():
        name = spellings.get(key, key)
        if seen.setdefault(name, value) != value:
            raise BadRequest(f"storage_config.{name} is given twice, with different values")
        if value is None and name not in known:
            # There is nothing to remove; with a value the option is refused by its name.
            merged[name] = ""
        elif name != "type" and value != shown.get(name):
            merged[name] = value
    return merged


def _replacement(scope: Scope, record: Record, doc: Doc) -> list[Change]:
    old, new = record.doc["name"], doc["name"]
    if old == new:
        return [Put(WAREHOUSE, doc, record.version)]
    _refuse_taken(scope, new)
    return [Delete(WAREHOUSE, (old,), record.version), Put(WAREHOUSE, doc, ABSENT)]


def _unmoved(scope: Scope, old: Doc, new: Doc) -> list[Change]:
    before, after = old["storage_config"], new["storage_config"]
    if before == after or _root(scope, before) == _root(scope, after):
        return []
    return [_unused(scope, old, "cannot move: its options are used by")]


def _root(scope: Scope, config: Mapping[str, str]) -> str | None:
    try:
        return scope.runtime.objects.root(config)
    except (BadRequest, UnknownPlugin):
        # The plugin was removed, or the operator no longer allows the place.
        return None


def _unused(scope: Scope, doc: Doc, verdict: str) -> Change:
    used_by = [record.doc["name"] for record in _catalogs(scope, doc)]
    if used_by:
        counted = removal.tally({"catalog": len(used_by)})
        raise InUse(
            f"warehouse {doc['name']} {verdict} {counted}: {removal.quoted(used_by)}",
            details={"catalog": len(used_by)},
        )
    return RequireEmpty(CATALOG, (doc["id"],), index="warehouse")


def _catalogs(scope: Scope, doc: Doc) -> list[Record]:
    return list(scope.store.scan(CATALOG, (doc["id"],), index="warehouse"))


def _refuse_taken(scope: Scope, name: str) -> None:
    if scope.store.get(WAREHOUSE, (name,)) is not None:
        raise AlreadyExists(f"Warehouse already exists: {name}")


def _resource(name: str) -> Resource:
    return Resource("warehouse", (name,))
