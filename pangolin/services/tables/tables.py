"""Tables and views by name: listing, loading, dropping, renaming and unregistering them."""

from collections.abc import Sequence

from pangolin.errors import AlreadyExists
from pangolin.services.audit import records
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz import invalidation
from pangolin.services.authz.access import require, visible_part
from pangolin.services.catalogs import namespaces
from pangolin.services.changes import batch
from pangolin.services.changes.attempts import write
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.credentials.vending import Delegation
from pangolin.services.tables import loading, metadata_expiry, purging
from pangolin.services.tables.loading import Loaded, loaded
from pangolin.services.tables.lookup import Named, Target, find, named, open_target, read_slot
from pangolin.services.versioned import addressing, entries, listing
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.entries import ASSETS
from pangolin.services.versioned.listing import Query
from pangolin.services.versioned.relations import LABELS, TABLES, Relation, resource
from pangolin.store.documents import AssetDoc, TrashDoc

Levels = Sequence[str]


def list_names(
    ctx: Context,
    prefix: str,
    levels: Levels,
    relation: Relation = TABLES,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> tuple[list[str], str | None]:
    """List a namespace's tables or views in name order; raise `NoSuchNamespace`."""
    address = addressing.namespace(ctx, prefix, levels)
    seen = visible_part(ctx, namespaces.resource(address))
    resolved = namespaces.find(ctx, address).resolved
    query = Query(resolved, ASSETS, address.path, relation.type, after, limit)
    docs, more = listing.page(ctx.store.tolerant(), query, seen)
    return [doc["name"] for doc in docs], more


def load(
    ctx: Context,
    prefix: str,
    levels: Levels,
    name: str,
    relation: Relation = TABLES,
    *,
    snapshots: str = "all",
    known: Sequence[str] = (),
    delegation: Delegation = (),
) -> Loaded:
    """Load a table or view, `unchanged` if `known` (the client's ETags, or `*`) holds its tag.

    `delegation` lists the kinds of storage access that the client accepts.
    """
    target = open_target(ctx, prefix, levels, name, "read", relation)
    location = target.metadata_location
    entitlement = loading.entitlement(ctx, target, delegation)
    tag = loading.is_known(ctx, known, location, snapshots, entitlement) if known else None
    if tag is not None:
        return Loaded(location, b"", {}, tag, unchanged=True)
    return loaded(ctx, target.resolved, location, snapshots=snapshots, entitlement=entitlement)


def exists(
    ctx: Context, prefix: str, levels: Levels, name: str, relation: Relation = TABLES
) -> None:
    """Raise `NoSuchTable` or `NoSuchView` unless it exists."""
    open_target(ctx, prefix, levels, name, "read", relation)


def drop(
    ctx: Context,
    prefix: str,
    levels: Levels,
    name: str,
    relation: Relation = TABLES,
    *,
    purge: bool = False,
) -> None:
    """Drop a table or view; `purge` also deletes its files, except those another ref reaches."""
    wanted = named(ctx, prefix, levels, name, "delete", relation)

    def work() -> None:
        trash = retry_conflicts(ctx, "drop", lambda: _drop(ctx, wanted, purge))
        if trash is not None:
            purging.try_now(ctx, wanted.address.prefix, trash)

    once(ctx, work, lambda _: None)


def unregister(ctx: Context, prefix: str, levels: Levels, name: str) -> Loaded:
    """Remove a table from the catalog and return its last state; no file is deleted."""
    wanted = named(ctx, prefix, levels, name, "delete")

    def attempt() -> Loaded:
        target = find(ctx, wanted)
        answer = loaded(ctx, target.resolved, target.metadata_location)
        outcome = {"metadata-location": target.metadata_location}
        event = AuditEvent(AuditAction.UNREGISTER_TABLE, target.resource, before=target.doc)
        batch.apply(ctx, target.dropped(), event, outcome=outcome)
        return answer

    def replay(outcome: Json) -> Loaded:
        address = wanted.address
        found = namespaces.find(ctx, Address(address.prefix, address.levels))
        return loaded(ctx, found.resolved, outcome["metadata-location"])

    return write(ctx, "unregister", attempt, replay)


def rename(
    ctx: Context,
    prefix: str,
    source: tuple[Levels, str],
    destination: tuple[Levels, str],
    relation: Relation = TABLES,
) -> None:
    """Rename a table or view, also into another namespace of the same ref.

    Raises `NoSuchTable` or `NoSuchView`, `NoSuchNamespace` and `AlreadyExists`.
    """
    old = named(ctx, prefix, *source, "write", relation)
    new = addressing.asset(ctx, old.address.prefix, *destination)
    require(ctx, "create", namespaces.resource(Address(new.prefix, new.levels)))
    write(ctx, "rename", lambda: _rename(ctx, old, new))


def _drop(ctx: Context, wanted: Named, purge: bool) -> TrashDoc | None:
    target = find(ctx, wanted)
    changes = target.dropped()
    trash = purging.trash(target.doc, ctx.now()) if purge else None
    if trash is not None:
        changes.append(purging.remember(trash))
    action, details = AuditAction(f"drop_{wanted.relation.type}"), {"purge": purge}
    event = AuditEvent(action, target.resource, before=target.doc, details=details)
    batch.apply(ctx, changes, event)
    return trash


def _rename(ctx: Context, wanted: Named, new: Address) -> None:
    target = find(ctx, wanted)
    if target.address == new:
        return
    slot = read_slot(ctx, new)
    if slot.entry.doc is not None:
        what = f"Cannot rename {target.address.dotted} to {new.dotted}"
        raise AlreadyExists(f"{what}. {LABELS[slot.entry.doc['type']]} already exists")
    moved = _moved(ctx, target, new)
    changes = [
        *target.dropped(),
        *slot.hold(),
        *entries.write(slot.resolved, ASSETS, moved, slot.entry.own),
        *invalidation.renamed(ctx, target.id),
    ]
    event = AuditEvent(
        AuditAction(f"rename_{wanted.relation.type}"),
        target.resource,
        before=target.doc,
        after=moved,
        details={"new_name": records.name_of(resource(new, wanted.relation))},
    )
    batch.apply(ctx, changes, event)


def _moved(ctx: Context, target: Target, new: Address) -> AssetDoc:
    moved: AssetDoc = target.doc | {
        "namespace": new.path,
        "name": new.name,
        "updated_at_ms": ctx.now(),
    }
    if metadata_expiry.is_shared(target.resolved, target.entry):
        # Others still see what it points to, under the old name.
        moved["shared"] = True
    return moved
