"""Building a warehouse's record from a request, either new or from an existing one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from pangolin.errors import BadRequest
from pangolin.interfaces.object_storage import Warehouse
from pangolin.services.catalogs import names
from pangolin.services.context.context import Context
from pangolin.services.storage import vending_strategies, warehouse_secrets
from pangolin.services.storage.object_stores import OBJECTS, Objects
from pangolin.store.api import Record
from pangolin.store.documents import WarehouseDoc


def new(
    ctx: Context, fields: Mapping[str, Any], *, whole: bool = True
) -> tuple[WarehouseDoc, Warehouse]:
    """Return the record of a warehouse that is not stored, and the warehouse for plugins.

    Raises `BadRequest` and `UnknownPlugin` like `warehouses.create`; options that its strategy
    needs may be missing if it is not `whole`.
    """
    names.check_warehouse(fields["name"])
    now, given = ctx.now(), fields.get("vending_strategy")
    clear: WarehouseDoc = {
        "id": _id(fields.get("id")),
        "name": fields["name"],
        "storage_config": _canonical(ctx, fields.get("storage_config") or {}),
        "use_sts": bool(fields.get("use_sts")),
        "vending_strategy": vending_strategies.checked(given, None, ctx.runtime.vendors),
        "created_at_ms": now,
        "updated_at_ms": now,
    }
    doc = warehouse_secrets.sealed(ctx.runtime, clear, ctx.tenant)
    return doc, valid(ctx, doc, whole)


def changed(ctx: Context, record: Record[WarehouseDoc], fields: Mapping[str, Any]) -> WarehouseDoc:
    """Return a record with the given fields; a secret that cannot be opened must be given again.

    Raises `BadRequest` naming an option.
    """
    runtime, masked = ctx.runtime, warehouse_secrets.masked(ctx.runtime, record.doc)
    doc = warehouse_secrets.plain(runtime, record.doc, ctx.tenant, lenient=True)
    if fields.get("name") is not None:
        doc["name"] = fields["name"]
    if fields.get("use_sts") is not None:
        doc["use_sts"] = fields["use_sts"]
    if fields.get("storage_config"):
        stored, hidden = doc["storage_config"], masked["storage_config"]
        merged = _merged(runtime.part(OBJECTS), stored, hidden, fields["storage_config"])
        doc["storage_config"] = _canonical(ctx, merged)
    if "vending_strategy" in fields:
        given, current = fields["vending_strategy"], doc["vending_strategy"]
        doc["vending_strategy"] = vending_strategies.checked(given, current, runtime.vendors)
    fresh = doc | {"updated_at_ms": ctx.now()}
    return warehouse_secrets.sealed(runtime, fresh, ctx.tenant, record.doc)


def valid(ctx: Context, doc: WarehouseDoc, whole: bool = True) -> Warehouse:
    """Return a record as a warehouse for plugins, after they have validated its options.

    Raises `BadRequest` and `UnknownPlugin`; options of its strategy are checked if it is `whole`.
    """
    warehouse = warehouse_secrets.unsaved(ctx.runtime, doc, ctx.tenant)
    ctx.runtime.part(OBJECTS).root(warehouse.config)
    if whole:
        vending_strategies.check(ctx.runtime, warehouse)
    return warehouse


def _id(given: str | None) -> str:
    if given is None:
        return str(uuid4())
    try:
        if str(UUID(given)) == given:
            return given
    except ValueError:
        pass
    raise BadRequest("id must be a UUID in lower case, such as `prepare` returns")


def _canonical(ctx: Context, config: Mapping[str, str | None]) -> dict[str, str]:
    return ctx.runtime.part(OBJECTS).normalise_config(config)


def _merged(
    objects: Objects,
    stored: Mapping[str, str],
    masked: Mapping[str, str],
    given: Mapping[str, str | None],
) -> dict[str, str | None]:
    """Merge options in any spelling into canonical ones; another type starts from nothing."""
    kind = given.get("type") or stored["type"]
    backend = objects.backend_for_type(kind)
    if backend.type != stored["type"]:
        return dict(given)
    spellings = {s: option.name for option in backend.options for s in option.aliases}
    known = {"type", *(option.name for option in backend.options)}
    merged: dict[str, str | None] = dict(stored)
    seen: dict[str, str | None] = {}
    for key, value in given.items():
        name = spellings.get(key, key)
        if seen.setdefault(name, value) != value:
            raise BadRequest(f"storage_config.{name} is given twice, with different values")
        if value is None and name not in known:
            # There is nothing to remove; with a value the option is refused by its name.
            merged[name] = ""
        elif name != "type" and value != masked.get(name):
            merged[name] = value
    return merged
