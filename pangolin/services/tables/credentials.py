"""Credentials by themselves: of a table, of the place of a table to be made, of a warehouse."""

from collections.abc import Mapping, Sequence
from typing import Any

from pangolin.services.authz.access import is_allowed, require
from pangolin.services.catalogs import namespaces
from pangolin.services.context.scope import Scope
from pangolin.services.credentials import entitlements
from pangolin.services.credentials.entitlements import require_vending, vend_offer
from pangolin.services.credentials.vending import VENDED
from pangolin.services.storage import location_claims
from pangolin.services.storage.location_claims import Claimant
from pangolin.services.tables import creation
from pangolin.services.tables.lookup import find, look_with_namespace, refuse_taken
from pangolin.services.versioned import addressing
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.relations import TABLES, resource

Levels = Sequence[str]


def of_table(scope: Scope, prefix: str, levels: Levels, name: str) -> Sequence[Mapping[str, Any]]:
    """Vend for a table: `prefix` and `config` of each credential, one for each scheme.

    Raises `NoSuchTable`, and `BadRequest` if the warehouse vends no credentials.
    """
    address = addressing.asset(scope, prefix, levels, name)
    require(scope, "read", resource(address, TABLES))
    place, entry = find(scope, address, TABLES, "read")
    require_vending(place.warehouse)
    offer = entitlements.of_table(scope, place, address, entry.doc or {}, (VENDED,))
    return vend_offer(scope, offer, resource(address, TABLES)).credentials


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
    require_vending(place.warehouse)
    if entry.doc is not None and entry.doc["type"] == TABLES.type:
        offer = entitlements.of_table(scope, place, address, entry.doc, (VENDED,))
        return dict(vend_offer(scope, offer, what).config)
    require(scope, "create", above)
    refuse_taken(entry.doc, address, TABLES)
    place.branch_line()
    document = {"location": creation.default_location(place, address, namespace.doc)}
    # The namespace may have been put into the directory of a table.
    location_claims.check(scope, place, Claimant("", server_chosen=True), None, document)
    offer = entitlements.of_new(scope, place, address, document, (VENDED,))
    return {**vend_offer(scope, offer, what).config, **document}
