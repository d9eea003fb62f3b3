"""What a caller is offered with a table: by what the warehouse vends and the client takes."""

from typing import Any

from pangolin.errors import BadRequest
from pangolin.services.authz.access import denial
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.credentials import privileges, vending
from pangolin.services.credentials.privileges import Directories
from pangolin.services.credentials.vending import ClientCredentials, Delegation, Entitlement
from pangolin.services.storage import vending_strategies
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.relations import TABLES, resource
from pangolin.services.versioned.resolution import ResolvedRef
from pangolin.store.api import Doc, Record


def of_table(
    ctx: Context, resolved: ResolvedRef, address: Address, doc: Doc, wanted: Delegation
) -> Entitlement | None:
    """Offer the caller access to a table that is there, in a way that the client takes.

    None if the client takes none, the warehouse vends nothing, or the caller may do nothing.
    """
    mode = _mode(ctx, resolved, wanted)
    if mode is None:
        return None
    found = privileges.directories(ctx, resolved, doc["metadata_location"])
    return _offer(ctx, resolved, address, doc["id"], found, mode)


def of_committed(
    ctx: Context,
    resolved: ResolvedRef,
    address: Address,
    asset: str,
    document: dict[str, Any],
    wanted: Delegation,
) -> Entitlement | None:
    """Do as `of_table` for a table that is about to be there; its locations were validated."""
    mode = _mode(ctx, resolved, wanted)
    if mode is None:
        return None
    found = privileges.directories_in(resolved, document)
    return _offer(ctx, resolved, address, asset, found, mode)


def of_new(
    ctx: Context,
    resolved: ResolvedRef,
    address: Address,
    document: dict[str, Any],
    wanted: Delegation,
) -> Entitlement | None:
    """Offer who may create a table access to the directories that were validated for it."""
    mode = _mode(ctx, resolved, wanted)
    if mode is None:
        return None
    what = resource(address, TABLES)
    found = privileges.directories_in(resolved, document)
    access = privileges.of_new_table(ctx, what, found)
    return vending.entitlement(ctx, resolved.warehouse, what, access, mode)


def _offer(
    ctx: Context, resolved: ResolvedRef, address: Address, asset: str, found: Directories, mode: str
) -> Entitlement | None:
    what = resource(address, TABLES)
    access = privileges.of_table(ctx, resolved, what, asset, found)
    return vending.entitlement(ctx, resolved.warehouse, what, access, mode, address)


def _mode(ctx: Context, resolved: ResolvedRef, wanted: Delegation) -> str | None:
    if not wanted:
        return None
    strategy = vending_strategies.strategy_of(resolved.warehouse.doc)
    return vending.mode_of(ctx.runtime, strategy, wanted) if strategy else None


def require_vending(warehouse: Record) -> None:
    strategy = vending_strategies.strategy_of(warehouse.doc)
    if strategy is None or strategy == vending_strategies.SIGNING:
        how = "signs requests instead" if strategy else "has no vending_strategy"
        raise BadRequest(f"the warehouse {warehouse.doc['name']} vends no credentials: it {how}")


def vend_to_client(
    ctx: Context, entitlement: Entitlement | None, what: Resource
) -> ClientCredentials:
    if entitlement is None:
        raise denial(ctx, "read", what)
    return vending.vend(ctx, entitlement)
