"""What a caller is entitled to: by what the warehouse vends and the client accepts."""

from collections.abc import Callable

from pangolin.errors import BadRequest
from pangolin.services.authz.access import denial
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.credentials import privileges, vending
from pangolin.services.credentials.privileges import Directories
from pangolin.services.credentials.vending import ClientCredentials, Delegation, Entitlement
from pangolin.services.storage import vending_strategies
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.resolution import ResolvedRef
from pangolin.store.api import Record
from pangolin.store.documents import WarehouseDoc


def find_entitlement(
    ctx: Context,
    resolved: ResolvedRef,
    what: Resource,
    wanted: Delegation,
    find_directories: Callable[[], Directories],
    *,
    asset: str | None = None,
    address: Address | None = None,
) -> Entitlement | None:
    """Return the entitlement to a table's directories, in a mode that the client accepts.

    `asset` is the table's id; without one the caller may create the table, and the directories
    belong to no other. `address` is where the client may refresh. None if the client accepts no
    mode, the warehouse vends nothing, or the caller has no rights.
    """
    mode = _mode(ctx, resolved, wanted)
    if mode is None:
        return None
    found = find_directories()
    if asset is None:
        access = privileges.of_new_table(ctx, what, found)
    else:
        access = privileges.of_table(ctx, resolved, what, asset, found)
    return vending.entitle(ctx, resolved.warehouse, what, access, mode, address)


def _mode(ctx: Context, resolved: ResolvedRef, wanted: Delegation) -> str | None:
    if not wanted:
        return None
    strategy = vending_strategies.strategy_of(resolved.warehouse.doc)
    return vending.mode_of(ctx.runtime, strategy, wanted) if strategy else None


def require_vending(warehouse: Record[WarehouseDoc]) -> None:
    """Raise `BadRequest` unless the warehouse vends credentials."""
    strategy = vending_strategies.strategy_of(warehouse.doc)
    if strategy is None or strategy == vending_strategies.SIGNING:
        how = "signs requests instead" if strategy else "has no vending_strategy"
        raise BadRequest(f"the warehouse {warehouse.doc['name']} vends no credentials: it {how}")


def vend_to_client(
    ctx: Context, entitlement: Entitlement | None, what: Resource
) -> ClientCredentials:
    """Vend what the caller is entitled to; raise `Denied` if it is nothing."""
    if entitlement is None:
        raise denial(ctx, "read", what)
    return vending.vend(ctx, entitlement)
