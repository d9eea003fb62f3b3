"""Credentials by themselves: of a table, of the place of a table to be made, of a warehouse."""

from collections.abc import Mapping, Sequence
from typing import Any

from pangolin.errors import BadRequest
from pangolin.iceberg.locations import parse_location
from pangolin.services import vending_choice
from pangolin.services.authz.access import Resource, denial, is_allowed, require
from pangolin.services.catalogs import namespaces
from pangolin.services.context.scope import Scope
from pangolin.services.credentials import entitlements, privileges, vending
from pangolin.services.credentials.vending import VENDED, Delegated, Offer
from pangolin.services.storage import location_claims, warehouse_secrets
from pangolin.services.storage.location_claims import Claimant
from pangolin.services.tables import creation
from pangolin.services.versioned import addressing
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.relations import (
    TABLES,
    find,
    look_with_namespace,
    refuse_taken,
    resource,
)
from pangolin.services.warehouses import warehouses
from pangolin.store.api import Record

Levels = Sequence[str]


def of_table(scope: Scope, prefix: str, levels: Levels, name: str) -> Sequence[Mapping[str, Any]]:
    """Vend for a table: `prefix` and `config` of each credential, one for each scheme.

    Raises `NoSuchTable`, and `BadRequest` if the warehouse vends no credentials.
    """
    address = addressing.asset(scope, prefix, levels, name)
    require(scope, "read", resource(address, TABLES))
    place, entry = find(scope, address, TABLES, "read")
    _require_vending(place.warehouse)
    offer = entitlements.of_table(scope, place, address, entry.doc or {}, (VENDED,))
    return _handed(scope, offer, resource(address, TABLES)).credentials


def flat(scope: Scope, prefix: str, levels: Levels, name: str) -> dict[str, str]:
    """Vend for a table, or for the place of one that is not there, as a flat map of properties.

    For a table that is not there the caller must be allowed to create it, and `location` says
    which directory the credential opens: to be given to the request that creates the table.
    """
    address = addressing.asset(scope, prefix, levels, name)
    what = resource(address, TABLES)
    above = namespaces.resource(Address(address.prefix, address.levels))
    if not is_allowed(scope, "read", what):
        require(scope, "create", above)
    place, entry, namespace = look_with_namespace(scope, address)
    _require_vending(place.warehouse)
    if entry.doc is not None and entry.doc["type"] == TABLES.type:
        offer = entitlements.of_table(scope, place, address, entry.doc, (VENDED,))
        return dict(_handed(scope, offer, what).config)
    require(scope, "create", above)
    refuse_taken(entry.doc, address, TABLES)
    place.branch_line()
    document = {"location": creation.default_location(place, address, namespace.doc)}
    # The namespace may have been put into the directory of a table.
    location_claims.check(scope, place, Claimant("", server_chosen=True), None, document)
    offer = entitlements.of_new(scope, place, address, document, (VENDED,))
    return {**_handed(scope, offer, what).config, **document}


def of_warehouse(scope: Scope, name: str, location: str | None = None) -> dict[str, str]:
    """Vend everything below a directory of a warehouse (or below its root) to an admin.

    Raises `NoSuchWarehouse`, and `BadRequest` for a location outside of it.
    """
    what = Resource("warehouse", (name,))
    require(scope, "update", what)
    record = warehouses.find(scope, name)
    _require_vending(record)
    root = parse_location(warehouse_secrets.root_of(scope.runtime, record.doc, scope.tenant))
    wanted = parse_location(location) if location else root
    if not root.contains(wanted):
        raise BadRequest(f"location must lie inside the warehouse {name}, {root}")
    access = privileges.everything((str(wanted),))
    offer = vending.offer(scope, record, what, access, VENDED)
    return dict(_handed(scope, offer, what).config)


def _require_vending(warehouse: Record) -> None:
    strategy = vending_choice.strategy_of(warehouse.doc)
    if strategy is None or strategy == vending_choice.SIGNING:
        how = "signs requests instead" if strategy else "has no vending_strategy"
        raise BadRequest(f"the warehouse {warehouse.doc['name']} vends no credentials: it {how}")


def _handed(scope: Scope, offer: Offer | None, what: Resource) -> Delegated:
    if offer is None:
        raise denial(scope, "read", what)
    return vending.hand_out(scope, offer)
