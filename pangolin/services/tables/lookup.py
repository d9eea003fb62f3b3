"""Finding tables and views by name, and refusing a name that is taken."""

from pangolin.errors import AlreadyExists
from pangolin.services.authz.access import require_asset
from pangolin.services.context.context import Context
from pangolin.services.versioned import entries
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.entries import ASSETS, NAMESPACES, Entry
from pangolin.services.versioned.relations import LABELS, Relation, resource
from pangolin.services.versioned.resolution import ResolvedRef, resolve
from pangolin.store.api import Doc
from pangolin.store.kinds import ASSET, NAMESPACE


def find(
    ctx: Context, address: Address, relation: Relation, action: str | None = None
) -> tuple[ResolvedRef, Entry]:
    """Read a table or view that must exist, and that the principal may do `action` to.

    Raises `NoSuchTable` or `NoSuchView`, and `Denied` if the name has become another's since it
    was required.
    """
    resolved, entry = look(ctx, address)
    if entry.doc is None or entry.doc["type"] != relation.type:
        raise relation.missing(f"{relation.label} does not exist: {address.dotted}")
    if action is not None:
        require_asset(ctx, action, resource(address, relation), entry.doc["id"])
    return resolved, entry


def look(ctx: Context, address: Address) -> tuple[ResolvedRef, Entry]:
    """Read what is under an address, if anything."""
    key = (address.path, address.name)
    resolved, (rows,) = resolve(ctx, address.prefix, [(ASSET, key)])
    return resolved, entries.visible_entry(ctx.store, resolved, ASSETS, key, rows)


def look_with_namespace(ctx: Context, address: Address) -> tuple[ResolvedRef, Entry, Entry]:
    """Read what is under an address and its namespace, in one round trip."""
    key, path = (address.path, address.name), (address.path,)
    resolved, (rows, above) = resolve(ctx, address.prefix, [(ASSET, key), (NAMESPACE, path)])
    entry = entries.visible_entry(ctx.store, resolved, ASSETS, key, rows)
    return resolved, entry, entries.visible_entry(ctx.store, resolved, NAMESPACES, path, above)


def refuse_taken(doc: Doc | None, address: Address, relation: Relation) -> None:
    """Raise `AlreadyExists` if anything has the name, in the reference's words."""
    if doc is None:
        return
    label = LABELS[doc["type"]]
    if doc["type"] == relation.type:
        raise AlreadyExists(f"{label} already exists: {address.dotted}")
    raise AlreadyExists(f"{label} with same name already exists: {address.dotted}")
