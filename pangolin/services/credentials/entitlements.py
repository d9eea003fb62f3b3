"""What a caller is offered with a table: by what the warehouse vends and the client takes."""

from typing import Any

from pangolin.errors import BadRequest
from pangolin.services.authz.access import denial
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.services.credentials import privileges, vending
from pangolin.services.credentials.privileges import Directories
from pangolin.services.credentials.vending import Delegated, Delegation, Offer
from pangolin.services.storage import vending_strategies
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.relations import TABLES, resource
from pangolin.services.versioned.resolution import Place
from pangolin.store.api import Doc, Record


def of_table(
    scope: Scope, place: Place, address: Address, doc: Doc, wanted: Delegation
) -> Offer | None:
    """Offer the caller access to a table that is there, in a way that the client takes.

    None if the client takes none, the warehouse vends nothing, or the caller may do nothing.
    """
    mode = _mode(scope, place, wanted)
    if mode is None:
        return None
    found = privileges.directories(scope, place, doc["metadata_location"])
    return _offer(scope, place, address, doc["id"], found, mode)


def of_committed(
    scope: Scope,
    place: Place,
    address: Address,
    asset: str,
    document: dict[str, Any],
    wanted: Delegation,
) -> Offer | None:
    """Do as `of_table` for a table that is about to be there; its locations were validated."""
    mode = _mode(scope, place, wanted)
    if mode is None:
        return None
    found = privileges.directories_in(place, document)
    return _offer(scope, place, address, asset, found, mode)


def of_new(
    scope: Scope, place: Place, address: Address, document: dict[str, Any], wanted: Delegation
) -> Offer | None:
    """Offer who may create a table access to the directories that were validated for it."""
    mode = _mode(scope, place, wanted)
    if mode is None:
        return None
    what = resource(address, TABLES)
    found = privileges.directories_in(place, document)
    access = privileges.of_new_table(scope, what, found)
    return vending.offer(scope, place.warehouse, what, access, mode)


def _offer(
    scope: Scope, place: Place, address: Address, asset: str, found: Directories, mode: str
) -> Offer | None:
    what = resource(address, TABLES)
    access = privileges.of_table(scope, place, what, asset, found)
    return vending.offer(scope, place.warehouse, what, access, mode, address)


def _mode(scope: Scope, place: Place, wanted: Delegation) -> str | None:
    if not wanted:
        return None
    strategy = vending_strategies.strategy_of(place.warehouse.doc)
    return vending.mode_of(scope.runtime, strategy, wanted) if strategy else None


def require_vending(warehouse: Record) -> None:
    strategy = vending_strategies.strategy_of(warehouse.doc)
    if strategy is None or strategy == vending_strategies.SIGNING:
        how = "signs requests instead" if strategy else "has no vending_strategy"
        raise BadRequest(f"the warehouse {warehouse.doc['name']} vends no credentials: it {how}")


def vend_offer(scope: Scope, offer: Offer | None, what: Resource) -> Delegated:
    if offer is None:
        raise denial(scope, "read", what)
    return vending.hand_out(scope, offer)
