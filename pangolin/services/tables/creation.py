"""Making tables and views: created, staged, or registered from a metadata file that exists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pangolin.errors import BadRequest, NoSuchNamespace
from pangolin.iceberg import read as iceberg_read
from pangolin.iceberg.create import new_table
from pangolin.iceberg.files import next_metadata_location
from pangolin.iceberg.locations import parse_location, safe_segment
from pangolin.iceberg.view import new_view
from pangolin.services.authz.access import require, require_asset
from pangolin.services.catalogs import namespaces
from pangolin.services.changes import batch
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context.context import Context
from pangolin.services.credentials import entitlements, vending
from pangolin.services.credentials.vending import Delegation
from pangolin.services.storage import location_claims, metadata_files
from pangolin.services.storage.location_claims import Claimant
from pangolin.services.storage.staging import staged
from pangolin.services.tables import loading
from pangolin.services.tables.loading import Loaded, loaded, replayed
from pangolin.services.tables.lookup import look_with_namespace, refuse_taken
from pangolin.services.versioned import addressing, entries
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.entries import ASSETS, Entry
from pangolin.services.versioned.relations import TABLES, Relation, resource
from pangolin.services.versioned.resolution import ResolvedRef
from pangolin.store.api import Change, Doc

Wire = Mapping[str, Any]
NEW: dict[str, Callable[..., dict[str, Any]]] = {"table": new_table, "view": new_view}


def create(
    ctx: Context,
    prefix: str,
    levels: Sequence[str],
    request: Wire,
    relation: Relation = TABLES,
    *,
    delegation: Delegation = (),
) -> Loaded:
    """Create a table (or stage one) or a view from a create request.

    `delegation` are the ways of access to storage that the client takes. Raises `NoSuchNamespace`,
    `AlreadyExists` and `BadRequest`; if no credential can be had, nothing is created.
    """
    address = addressing.asset(ctx, prefix, levels, str(request.get("name", "")), new=True)
    require(ctx, "create", namespaces.resource(Address(address.prefix, address.levels)))
    if request.get("stage-create"):
        return _stage(ctx, address, request, delegation)

    def attempt() -> Loaded:
        return _create(ctx, address, request, relation, delegation)

    return once(
        ctx,
        lambda: retry_conflicts(ctx, attempt, "create"),
        lambda outcome: replayed(ctx, address, relation, outcome, delegation),
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
    """Adopt an existing metadata file; with `overwrite` an existing table's pointer is swapped."""
    address = addressing.asset(ctx, prefix, levels, name, new=True)
    require(ctx, "create", namespaces.resource(Address(address.prefix, address.levels)))
    if overwrite:
        require(ctx, "write", resource(address, relation))

    def attempt() -> Loaded:
        return _register(ctx, address, location, overwrite, relation, delegation)

    return once(
        ctx,
        lambda: retry_conflicts(ctx, attempt, "register"),
        lambda outcome: replayed(ctx, address, relation, outcome, delegation),
    )


@dataclass(frozen=True, slots=True)
class Free:
    """Where a new entry goes: the place, what its line holds under the name, its namespace."""

    resolved: ResolvedRef
    entry: Entry
    namespace: Entry

    def hold(self) -> list[Change]:
        """Keep the line and the namespace until a batch is in; refuses a tag."""
        return [self.resolved.hold(), namespaces.hold(self.resolved, self.namespace)]


def free_place(ctx: Context, address: Address, relation: Relation) -> Free:
    """Find where a new entry goes; raise `NoSuchNamespace`, or `AlreadyExists` for its name."""
    resolved, entry, above = look_with_namespace(ctx, address)
    if above.doc is None:
        raise NoSuchNamespace(f"Namespace does not exist: {'.'.join(address.levels)}")
    refuse_taken(entry.doc, address, relation)
    return Free(resolved, entry, above)


def _stage(ctx: Context, address: Address, request: Wire, delegation: Delegation) -> Loaded:
    free = free_place(ctx, address, TABLES)
    free.hold()
    document = _document(ctx, free, address, request, TABLES)
    location_claims.check(ctx, free.resolved, Claimant("", _is_default(request)), None, document)
    entitlement = entitlements.of_new(ctx, free.resolved, address, document, delegation)
    return loading.staged(ctx, free.resolved, metadata_files.dump(document), entitlement)


def _create(
    ctx: Context, address: Address, request: Wire, relation: Relation, delegation: Delegation
) -> Loaded:
    free = free_place(ctx, address, relation)
    resolved, held = free.resolved, free.hold()
    document = _document(ctx, free, address, request, relation)
    doc = new_entry(address, relation, document, ctx.now())
    claimant = Claimant(doc["id"], _is_default(request))
    claims = location_claims.check(ctx, resolved, claimant, None, document)
    location = next_metadata_location(document, None, str(uuid4()), default_codec=relation.codec)
    doc["metadata_location"] = location
    changes = [*held, *claims, *entries.write(resolved, ASSETS, doc, free.entry.own)]
    entitlement = entitlements.of_committed(ctx, resolved, address, doc["id"], document, delegation)
    if entitlement is not None:
        # Before anything is written: a table that its maker cannot fill is not made.
        vending.prepare(ctx, entitlement)
    data = metadata_files.dump(document)
    with staged(ctx) as files:
        files.write(resolved, location, data)
        what, outcome = resource(address, relation), {"metadata-location": location}
        batch.commit(ctx, f"create_{relation.type}", what, changes, outcome, after=doc)
    return loaded(ctx, resolved, location, data, entitlement=entitlement)


def _register(
    ctx: Context,
    address: Address,
    location: str,
    overwrite: bool,
    relation: Relation,
    delegation: Delegation,
) -> Loaded:
    resolved, entry, above = look_with_namespace(ctx, address)
    if above.doc is None:
        raise NoSuchNamespace(f"Namespace does not exist: {'.'.join(address.levels)}")
    if not overwrite or (entry.doc is not None and entry.doc["type"] != relation.type):
        refuse_taken(entry.doc, address, relation)
    if entry.doc is not None:
        require_asset(ctx, "write", resource(address, relation), entry.doc["id"])
    location_claims.check_path(ctx, resolved, location, "metadata-location")
    reader = iceberg_read.table_metadata if relation is TABLES else iceberg_read.view_metadata
    document = reader(metadata_files.parse(metadata_files.read(ctx, resolved, location), location))
    doc = _registered(entry, address, relation, document, ctx.now())
    # Written by somebody else: the next commit reads it with tolerance.
    doc |= {"metadata_location": location, "foreign": True}
    claims = location_claims.check(ctx, resolved, Claimant(doc["id"]), None, document)
    changes = [resolved.hold(), namespaces.hold(resolved, above), *claims]
    changes += entries.write(resolved, ASSETS, doc, entry.own)
    outcome = {"metadata-location": location}
    what = resource(address, relation)
    entitlement = entitlements.of_committed(ctx, resolved, address, doc["id"], document, delegation)
    if entitlement is not None:
        vending.prepare(ctx, entitlement)
    batch.commit(ctx, f"register_{relation.type}", what, changes, outcome, entry.doc, doc)
    return loaded(ctx, resolved, location, entitlement=entitlement)


def _registered(
    entry: Entry, address: Address, relation: Relation, document: Wire, now_ms: int
) -> Doc:
    fresh = new_entry(address, relation, document, now_ms)
    if entry.doc is None:
        return fresh
    kept = {key: value for key, value in entry.doc.items() if key != "shared"}
    return kept | {key: fresh[key] for key in ("uuid", "location", "updated_at_ms")}


def new_entry(address: Address, relation: Relation, document: Wire, now_ms: int) -> Doc:
    """Build the record of a new table or view; `metadata_location` is still to be filled in."""
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


def _document(
    ctx: Context, free: Free, address: Address, request: Wire, relation: Relation
) -> dict[str, Any]:
    location = request.get("location") or default_location(
        free.resolved, address, free.namespace.doc
    )
    if not isinstance(location, str):
        raise BadRequest("location must be a string")
    return NEW[relation.type](
        dict(request), location=location.rstrip("/"), uuid=str(uuid4()), now_ms=ctx.now()
    )


def _is_default(request: Wire) -> bool:
    return not request.get("location")


def default_location(resolved: ResolvedRef, address: Address, namespace: Doc | None) -> str:
    """Choose a new entry's directory: unique, so that no later entry of the name shares it."""
    properties = namespace["properties"] if namespace else {}
    base = properties.get("location") or namespaces.default_location(resolved, address.levels)
    return str(parse_location(base).child(f"{safe_segment(address.name)}-{uuid4().hex}"))
