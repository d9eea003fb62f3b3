"""The storage location of a catalog: inside its warehouse, and apart from other catalogs."""

from typing import Final, TypedDict

from pangolin.errors import BadRequest, Conflicting
from pangolin.iceberg.locations import Location, parse_location, parse_new_location
from pangolin.services.context.context import Context
from pangolin.services.storage.warehouse_secrets import root_of
from pangolin.store.documents import WarehouseDoc
from pangolin.store.kinds import CATALOG

FIELD: Final = "storage_location"


class Named(TypedDict):
    """The id and the name of a catalog."""

    id: str
    name: str


def choose(ctx: Context, catalog: Named, warehouse: WarehouseDoc, given: str | None) -> str:
    """Validate the given location, or use `<warehouse root>/<catalog name>`.

    Raises `BadRequest` outside the warehouse, and `Conflicting` if it overlaps another catalog's.
    The caller holds the guard of the catalogs (see `guards.guard_catalogs`).
    """
    root = parse_location(root_of(ctx.runtime, warehouse, ctx.tenant))
    wanted = parse_new_location(given, FIELD) if given else root.child(catalog["name"])
    if not root.contains(wanted):
        raise BadRequest(f"{FIELD} must be inside the warehouse {warehouse['name']}, {root}")
    _refuse_overlap(ctx, catalog, wanted)
    return str(wanted)


def _refuse_overlap(ctx: Context, catalog: Named, wanted: Location) -> None:
    for record in ctx.store.scan(CATALOG):
        other = record.doc
        if other["id"] == catalog["id"]:
            continue
        taken = parse_location(other[FIELD])
        if taken.contains(wanted) or wanted.contains(taken):
            raise Conflicting(
                f"{FIELD} {wanted} overlaps that of catalog {other['name']}, {taken}; "
                "choose a separate location"
            )
