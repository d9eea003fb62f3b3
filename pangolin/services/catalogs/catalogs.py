"""Catalogs: creating them with a `main` branch and a first namespace, changing, deleting them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from pangolin.errors import AlreadyExists, BadRequest, NoSuchWarehouse, Unsupported
from pangolin.iceberg.locations import parse_location
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import security_stamps
from pangolin.services.authz.access import require, require_sight, visible_catalogs
from pangolin.services.branches import refs
from pangolin.services.catalogs import cascade, contents, names, namespaces, storage_location
from pangolin.services.changes import batch, guards
from pangolin.services.changes.attempts import write
from pangolin.services.context import pages
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.versioned.resolution import find_catalog
from pangolin.store.api import ABSENT, Change, Delete, Put, Record
from pangolin.store.documents import CatalogDoc, WarehouseDoc
from pangolin.store.kinds import CATALOG, LINE, WAREHOUSE

FIRST_NAMESPACE = "default"
TYPES = ("Local", "Federated")


def create(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Create a catalog from `name`, `warehouse_name` (or `warehouse`), `storage_location` and
    `properties`.

    Raises `AlreadyExists`; `BadRequest` for an unknown warehouse or a location outside of it;
    `Conflicting` for a location that another catalog has; `Unsupported` for a federated one.
    """
    name = fields["name"]
    require(ctx, "create", _resource(name))
    names.check_catalog(name)
    _check_type(fields)
    if not _warehouse_name(fields):
        raise BadRequest("warehouse_name is required: a catalog is stored in a warehouse")

    def attempt() -> Json:
        if ctx.store.get(CATALOG, (name,)) is not None:
            raise AlreadyExists(f"Catalog already exists: {name}")
        guard = guards.guard_catalogs(ctx.store)
        doc, warehouse = _new(ctx, fields)
        outcome = _to_json(doc, warehouse.doc["name"])
        changes = [
            guards.hold(ctx),
            guard,
            guards.hold_record(WAREHOUSE, warehouse),
            Put(CATALOG, doc, ABSENT),
            *_contents(doc, ctx.now()),
        ]
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.CREATE_CATALOG, _resource(name), after=doc),
            outcome=outcome,
        )
        return outcome

    return write(ctx, "create catalog", attempt, Json)


def page(
    ctx: Context, *, limit: int = 100, after: str | None = None
) -> tuple[list[Json], str | None]:
    """List catalogs in name order, and the `after` of the next page."""
    docs, more = pages.cut(_listed(ctx, limit, after), limit, lambda doc: str(doc["name"]))
    known = _warehouse_names(ctx, {doc["warehouse_id"] for doc in docs})
    # A catalog without its warehouse was removed together with it after the page was read.
    kept = [doc for doc in docs if doc["warehouse_id"] in known]
    return [_to_json(doc, known[doc["warehouse_id"]]) for doc in kept], more


def get(ctx: Context, name: str) -> Json:
    """Read a catalog; raise `NoSuchCatalog`."""
    require_sight(ctx, "read", _resource(name))
    doc = find_catalog(ctx, name).doc
    return _to_json(doc, _warehouse_of(ctx, doc["warehouse_id"]).doc["name"])


def update(ctx: Context, name: str, fields: Mapping[str, Any]) -> Json:
    """Change `name`, `properties` (as a whole), or the location of an empty catalog.

    Raises `InUse` if the catalog would move and is not empty, and the errors of `create`.
    """
    require(ctx, "update", _resource(name))
    if fields.get("name") is not None:
        names.check_catalog(fields["name"])
    _check_type(fields)

    def attempt() -> Json:
        guard = guards.guard_catalogs(ctx.store)
        record = find_catalog(ctx, name)
        doc, warehouse = _updated(ctx, record.doc, fields)
        changes = [guard, guards.hold_record(WAREHOUSE, warehouse), *_replacement(ctx, record, doc)]
        if doc["storage_location"] != record.doc["storage_location"]:
            changes += contents.require_empty(ctx, record, "cannot move", namespaces=True)
        outcome = _to_json(doc, warehouse.doc["name"])
        what, before = _resource(doc["name"]), record.doc
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.UPDATE_CATALOG, what, before=before, after=doc),
            outcome=outcome,
        )
        return outcome

    return write(ctx, "update catalog", attempt, Json)


def delete(ctx: Context, name: str, *, force: bool = False) -> None:
    """Delete a catalog; raise `InUse` if any of its refs shows an asset, which `force` allows.

    Files stay where they are.
    """
    require(ctx, "delete", _resource(name))

    def attempt() -> list[CatalogDoc]:
        record = find_catalog(ctx, name)
        changes = [
            guards.guard_catalogs(ctx.store),
            *cascade.catalog_changes(ctx.store, record),
            *security_stamps.invalidate_all(ctx.tenant),
        ]
        if not force:
            changes += contents.require_empty(ctx, record, "needs force=true to be deleted")
        batch.apply(
            ctx, changes, AuditEvent(AuditAction.DELETE_CATALOG, _resource(name), before=record.doc)
        )
        return [record.doc]

    gone = write(ctx, "delete catalog", attempt, lambda _: list[CatalogDoc]())
    cascade.sweep(ctx, gone)


def _listed(ctx: Context, limit: int, after: str | None) -> Iterator[CatalogDoc]:
    names = visible_catalogs(ctx)
    if names is not None:
        return pages.chosen(names, after, limit, lambda changes: _read(ctx, changes))
    beyond = None if after is None else (after,)
    # One more than is shown, to detect whether there are more.
    found = ctx.store.page(CATALOG, after=beyond, limit=limit + 1)
    return (record.doc for record in found.records)


def _read(ctx: Context, names: Sequence[str]) -> list[CatalogDoc | None]:
    found = ctx.store.get_many([(CATALOG, (name,)) for name in names])
    return [record.doc if record else None for record in found]


def _resource(name: str) -> Resource:
    return Resource("catalog", (name,))


def _to_json(doc: CatalogDoc, warehouse: str) -> Json:
    return {
        "id": doc["id"],
        "name": doc["name"],
        "catalog_type": "Local",
        "warehouse_name": warehouse,
        "storage_location": doc["storage_location"],
        "federated_config": None,
        "properties": doc["properties"],
    }


def _check_type(fields: Mapping[str, Any]) -> None:
    kind = fields.get("catalog_type") or TYPES[0]
    if kind not in TYPES:
        raise BadRequest(f"catalog_type must be one of {', '.join(TYPES)}, not {kind!r}")
    if kind == "Federated":
        raise Unsupported("catalog_type Federated is not supported yet: create a Local catalog")
    if fields.get("federated_config"):
        raise BadRequest("federated_config is for federated catalogs, which are not supported yet")


def _warehouse_name(fields: Mapping[str, Any]) -> str | None:
    given = {fields[key] for key in ("warehouse", "warehouse_name") if fields.get(key)}
    if len(given) > 1:
        raise BadRequest("warehouse and warehouse_name are the same field and differ; send one")
    return given.pop() if given else None


def _named_warehouse(ctx: Context, name: str) -> Record[WarehouseDoc]:
    record = ctx.store.get(WAREHOUSE, (name,))
    if record is None:
        raise BadRequest(f"warehouse_name does not name a warehouse: {name}")
    return record


def _warehouse_of(ctx: Context, warehouse_id: str) -> Record[WarehouseDoc]:
    record = ctx.store.find(WAREHOUSE, "id", (warehouse_id,))
    if record is None:
        raise NoSuchWarehouse(f"the catalog's warehouse is being removed: {warehouse_id}")
    return record


def _warehouse_names(ctx: Context, ids: Iterable[str]) -> dict[str, str]:
    found = (ctx.store.find(WAREHOUSE, "id", (each,)) for each in ids)
    return {record.doc["id"]: record.doc["name"] for record in found if record is not None}


def _new(ctx: Context, fields: Mapping[str, Any]) -> tuple[CatalogDoc, Record[WarehouseDoc]]:
    warehouse = _named_warehouse(ctx, _warehouse_name(fields) or "")
    named: storage_location.Named = {"id": str(uuid4()), "name": fields["name"]}
    now, given = ctx.now(), fields.get("storage_location")
    doc: CatalogDoc = {
        "id": named["id"],
        "name": named["name"],
        "warehouse_id": warehouse.doc["id"],
        "properties": dict(fields.get("properties") or {}),
        "created_at_ms": now,
        "updated_at_ms": now,
        "storage_location": storage_location.choose(ctx, named, warehouse.doc, given),
    }
    return doc, warehouse


def _contents(doc: CatalogDoc, now_ms: int) -> list[Change]:
    main = refs.main_changes(doc["id"], now_ms)
    (line,) = (each.doc["id"] for each in main if isinstance(each, Put) and each.kind is LINE)
    location = parse_location(doc["storage_location"]).child(FIRST_NAMESPACE)
    first = namespaces.first_changes(doc["id"], line, [FIRST_NAMESPACE], now_ms, str(location))
    return [*main, *first]


def _updated(
    ctx: Context, old: CatalogDoc, fields: Mapping[str, Any]
) -> tuple[CatalogDoc, Record[WarehouseDoc]]:
    doc = old.copy()
    if fields.get("name") is not None:
        doc["name"] = fields["name"]
    if fields.get("properties") is not None:
        doc["properties"] = fields["properties"]
    wanted = _warehouse_name(fields)
    warehouse = _warehouse_of(ctx, old["warehouse_id"])
    if wanted and wanted != warehouse.doc["name"]:
        warehouse = _named_warehouse(ctx, wanted)
    given = fields.get("storage_location")
    if given or warehouse.doc["id"] != old["warehouse_id"]:
        # The right to change a catalog must not open other locations.
        require(ctx, "create", Resource("catalog"))
        doc["warehouse_id"] = warehouse.doc["id"]
        doc["storage_location"] = storage_location.choose(ctx, doc, warehouse.doc, given)
    return doc | {"updated_at_ms": ctx.now()}, warehouse


def _replacement(ctx: Context, record: Record[CatalogDoc], doc: CatalogDoc) -> list[Change]:
    old, new = record.doc["name"], doc["name"]
    if old == new:
        return [Put(CATALOG, doc, record.version)]
    if ctx.store.get(CATALOG, (new,)) is not None:
        raise AlreadyExists(f"Catalog already exists: {new}")
    # Rights are cached by the catalog's name.
    moved: list[Change] = [Delete(CATALOG, (old,), record.version), Put(CATALOG, doc, ABSENT)]
    return [*moved, *security_stamps.invalidate_all(ctx.tenant)]
