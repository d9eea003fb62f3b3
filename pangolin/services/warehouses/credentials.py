"""Credentials for everything below a directory of a warehouse."""

from pangolin.errors import BadRequest
from pangolin.iceberg.locations import parse_location
from pangolin.services.authz.access import require
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.credentials import privileges, vending
from pangolin.services.credentials.entitlements import require_vending, vend_to_client
from pangolin.services.credentials.vending import VENDED
from pangolin.services.storage import warehouse_secrets
from pangolin.services.warehouses import warehouses


def of_warehouse(ctx: Context, name: str, location: str | None = None) -> dict[str, str]:
    """Vend access to everything below a directory of a warehouse (or its root) to an admin.

    Raises `NoSuchWarehouse`, and `BadRequest` for a location outside the warehouse.
    """
    what = Resource("warehouse", (name,))
    require(ctx, "update", what)
    record = warehouses.find(ctx, name)
    require_vending(record)
    root = parse_location(warehouse_secrets.root_of(ctx.runtime, record.doc, ctx.tenant))
    wanted = parse_location(location) if location else root
    if not root.contains(wanted):
        raise BadRequest(f"location must be inside the warehouse {name}, {root}")
    access = privileges.everything((str(wanted),))
    entitlement = vending.entitle(ctx, record, what, access, VENDED)
    return dict(vend_to_client(ctx, entitlement, what).config)
