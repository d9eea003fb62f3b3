"""Creating tables and views, staging tables, and registering existing metadata files."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast
from uuid import uuid4

from pangolin.errors import BadRequest
from pangolin.iceberg import read as iceberg_read
from pangolin.iceberg.create import new_table
from pangolin.iceberg.files import next_metadata_location
from pangolin.iceberg.locations import parse_location, safe_segment
from pangolin.iceberg.view import new_view
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz.access import require, require_asset
from pangolin.services.catalogs import namespaces
from pangolin.services.changes import batch
from pangolin.services.changes.attempts import write
from pangolin.services.context.context import Context
from pangolin.services.credentials import vending
from pangolin.services.credentials.entitlements import find_entitlement
from pangolin.services.credentials.privileges import directories_in
from pangolin.services.credentials.vending import Delegation, Entitlement
from pangolin.services.storage import location_claims, metadata_files
from pangolin.services.storage.location_claims import Claimant
from pangolin.services.storage.staging import staged
from pangolin.services.tables import loading
from pangolin.services.tables.loading import Loaded, loaded, replayed
from pangolin.services.tables.lookup import (
    Named,
    Slot,
    find_free,
    named_new,
    read_slot,
    refuse_taken,
)
from pangolin.services.versioned import entries
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.entries import ASSETS, Entry
from pangolin.services.versioned.relations import TABLES, Relation
from pangolin.services.versioned.resolution import ResolvedRef
from pangolin.store.documents import AssetDoc, NamespaceDoc

Fields = Mapping[str, Any]
NEW: dict[str, Callable[..., dict[str, Any]]] = {"table": new_table, "view": new_view}
READERS: dict[str, Callable[..., dict[str, Any]]] = {
    "table": iceberg_read.table_metadata,
    "view": iceberg_read.view_metadata,
}


def create(
    ctx: Context,
    prefix: str,
    levels: Sequence[str],
    request: Fields,
    relation: Relation = TABLES,
    *,
    delegation: Delegation = (),
) -> Loaded:
    """Create a table (or stage one) or a view from a create request.

    `delegation` lists the kinds of storage access that the client accepts. Raises
    `NoSuchNamespace`, `AlreadyExists` and `BadRequest`; if no credential can be vended, nothing
    is created.
    """
    named = named_new(ctx, prefix, levels, str(request.get("name", "")), relation)
    if request.get("stage-create"):
        return _stage(ctx, named, request, delegation)

    def attempt() -> Loaded:
        return _create(ctx, named, request, delegation)

    return write(
        ctx,
        "create",
        attempt,
        lambda outcome: replayed(ctx, named, outcome, delegation),
    )


def register(
    ctx: Context,
    prefix: str,
    levels: Sequence[str],
    name: str,
    location: str,
    *,
    overwrite: bool = False,
    relation: Relation = TABLES,
    delegation: Delegation = (),
) -> Loaded:
    """Register an existing metadata file; `overwrite` swaps the pointer of an existing table."""
    named = named_new(ctx, prefix, levels, name, relation)
    if overwrite:
        require(ctx, "write", named.resource)

    def attempt() -> Loaded:
        return _register(ctx, named, location, overwrite, delegation)

    return write(
        ctx,
        "register",
        attempt,
        lambda outcome: replayed(ctx, named, outcome, delegation),
    )


def _stage(ctx: Context, named: Named, request: Fields, delegation: Delegation) -> Loaded:
    slot = find_free(ctx, named)
    slot.hold()
    document = _document(ctx, slot, named, request)
    location_claims.check(ctx, slot.resolved, Claimant("", _is_default(request)), None, document)
    entitlement = _entitlement(ctx, slot, named, None, document, delegation)
    return loading.staged(ctx, slot.resolved, metadata_files.dump(document), entitlement)


def _create(ctx: Context, named: Named, request: Fields, delegation: Delegation) -> Loaded:
    slot = find_free(ctx, named)
    resolved, held = slot.resolved, slot.hold()
    document = _document(ctx, slot, named, request)
    doc = new_entry(named, document, ctx.now())
    claimant, codec = Claimant(doc["id"], _is_default(request)), named.relation.codec
    claims = location_claims.check(ctx, resolved, claimant, None, document)
    location = next_metadata_location(document, None, str(uuid4()), default_codec=codec)
    doc["metadata_location"] = location
    changes = [*held, *claims, *entries.write(resolved, ASSETS, doc, slot.entry.own)]
    entitlement = _entitlement(ctx, slot, named, doc["id"], document, delegation)
    data = metadata_files.dump(document)
    with staged(ctx) as files:
        files.write(resolved, location, data)
        event = AuditEvent(AuditAction(f"create_{named.relation.type}"), named.resource, after=doc)
        batch.apply(ctx, changes, event, outcome={"metadata-location": location})
    return loaded(ctx, resolved, location, data, entitlement=entitlement)


def _register(
    ctx: Context, named: Named, location: str, overwrite: bool, delegation: Delegation
) -> Loaded:
    slot = read_slot(ctx, named.address)
    resolved, entry = slot.resolved, slot.entry
    if not overwrite or (entry.doc is not None and entry.doc["type"] != named.relation.type):
        refuse_taken(entry.doc, named)
    if entry.doc is not None:
        require_asset(ctx, "write", named.resource, entry.doc["id"])
    location_claims.check_path(ctx, resolved, location, "metadata-location")
    reader = READERS[named.relation.type]
    document = reader(metadata_files.parse(metadata_files.read(ctx, resolved, location), location))
    doc = _registered(entry, named, document, ctx.now())
    # Another writer made the file, so the next commit reads it leniently.
    doc |= {"metadata_location": location, "foreign": True}
    claims = location_claims.check(ctx, resolved, Claimant(doc["id"]), None, document)
    changes = [*slot.hold(), *claims, *entries.write(resolved, ASSETS, doc, entry.own)]
    entitlement = _entitlement(ctx, slot, named, doc["id"], document, delegation)
    action = AuditAction(f"register_{named.relation.type}")
    event = AuditEvent(action, named.resource, before=entry.doc, after=doc)
    batch.apply(ctx, changes, event, outcome={"metadata-location": location})
    return loaded(ctx, resolved, location, entitlement=entitlement)


def _entitlement(
    ctx: Context,
    slot: Slot,
    named: Named,
    asset: str | None,
    document: dict[str, Any],
    delegation: Delegation,
) -> Entitlement | None:
    """Return what the creator of a table is entitled to, minted before anything is created.

    The table's locations have been validated. `asset` is None for a table that is only staged.
    """
    found = find_entitlement(
        ctx,
        slot.resolved,
        named.resource,
        delegation,
        lambda: directories_in(slot.resolved, document),
        asset=asset,
        address=None if asset is None else named.address,
    )
    if found is not None and asset is not None:
        # Before anything is written: a table that its creator cannot fill is not created.
        vending.prepare(ctx, found)
    return found


def _registered(entry: Entry[AssetDoc], named: Named, document: Fields, now_ms: int) -> AssetDoc:
    fresh = new_entry(named, document, now_ms)
    if entry.doc is None:
        return fresh
    kept = {key: value for key, value in entry.doc.items() if key != "shared"}
    found = {key: fresh[key] for key in ("uuid", "location", "updated_at_ms")}
    return cast(AssetDoc, kept | found)


def new_entry(named: Named, document: Fields, now_ms: int) -> AssetDoc:
    """Build the record of a new table or view; `metadata_location` is still to be filled in."""
    address, relation = named.address, named.relation
    return {
        "namespace": address.path,
        "name": address.name,
        "type": relation.type,
        "kind": relation.kind,
        "id": str(uuid4()),
        "uuid": document.get("table-uuid") or document.get("view-uuid"),
        "location": document["location"],
        "created_at_ms": now_ms,
        "updated_at_ms": now_ms,
    }


def _document(ctx: Context, slot: Slot, named: Named, request: Fields) -> dict[str, Any]:
    default = partial(default_location, slot.resolved, named.address, slot.namespace.doc)
    location = request.get("location") or default()
    if not isinstance(location, str):
        raise BadRequest("location must be a string")
    return NEW[named.relation.type](
        dict(request), location=location.rstrip("/"), uuid=str(uuid4()), now_ms=ctx.now()
    )


def _is_default(request: Fields) -> bool:
    return not request.get("location")


def default_location(
    resolved: ResolvedRef, address: Address, namespace: NamespaceDoc | None
) -> str:
    """Choose a unique directory for a new entry, which no later entry of its name will share."""
    properties = namespace["properties"] if namespace else {}
    base = properties.get("location") or namespaces.default_location(resolved, address.levels)
    return str(parse_location(base).child(f"{safe_segment(address.name)}-{uuid4().hex}"))
