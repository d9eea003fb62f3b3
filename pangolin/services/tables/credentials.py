"""Credentials requested on their own, for a table or for the location of a table to be created."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pangolin.services.authz.access import is_allowed, require
from pangolin.services.catalogs import namespaces
from pangolin.services.context.context import Context
from pangolin.services.credentials.entitlements import (
    find_entitlement,
    require_vending,
    vend_to_client,
)
from pangolin.services.credentials.privileges import directories_in
from pangolin.services.credentials.vending import VENDED
from pangolin.services.storage import location_claims
from pangolin.services.storage.location_claims import Claimant
from pangolin.services.tables import creation, loading
from pangolin.services.tables.lookup import (
    Named,
    Target,
    look_with_namespace,
    open_target,
    refuse_taken,
)
from pangolin.services.versioned import addressing
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.relations import TABLES, resource

Levels = Sequence[str]


def of_table(ctx: Context, prefix: str, levels: Levels, name: str) -> Sequence[Mapping[str, Any]]:
    """Vend credentials for a table: `prefix` and `config` of each, one for each scheme.

    Raises `NoSuchTable`, and `BadRequest` if the warehouse vends no credentials.
    """
    target = open_target(ctx, prefix, levels, name, "read")
    require_vending(target.resolved.warehouse)
    given = loading.entitlement(ctx, target, (VENDED,))
    return vend_to_client(ctx, given, target.resource).credentials


def flat(ctx: Context, prefix: str, levels: Levels, name: str) -> dict[str, str]:
    """Vend for an existing table, or for the location of a new one, as a flat map of properties.

    For a table that does not exist, the caller must be allowed to create it, and `location` is
    the directory that the credential opens; the request that creates the table must send it.
    """
    address = addressing.asset(ctx, prefix, levels, name)
    what = resource(address, TABLES)
    above = namespaces.resource(Address(address.prefix, address.levels))
    if not is_allowed(ctx, "read", what):
        require(ctx, "create", above)
    named = Named(address, TABLES, what, "read")
    resolved, entry, namespace = look_with_namespace(ctx, address)
    require_vending(resolved.warehouse)
    if entry.doc is not None and entry.doc["type"] == TABLES.type:
        given = loading.entitlement(ctx, Target(resolved, entry.doc, entry.own, named), (VENDED,))
        return dict(vend_to_client(ctx, given, what).config)
    require(ctx, "create", above)
    refuse_taken(entry.doc, named)
    resolved.branch_line()
    document = {"location": creation.default_location(resolved, address, namespace.doc)}
    # The namespace's location may be inside the directory of a table.
    location_claims.check(ctx, resolved, Claimant("", server_chosen=True), None, document)
    found = partial(directories_in, resolved, document)
    given = find_entitlement(ctx, resolved, what, (VENDED,), found)
    return {**vend_to_client(ctx, given, what).config, **document}
