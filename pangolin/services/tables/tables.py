"""Tables and views by name: listed, loaded, dropped, renamed, taken out of the catalog."""

from collections.abc import Sequence

from pangolin.errors import AlreadyExists, NoSuchNamespace
from pangolin.services.audit import records
from pangolin.services.authz import invalidation
from pangolin.services.authz.access import require, visible_part
from pangolin.services.catalogs import namespaces
from pangolin.services.changes import batch
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context.context import Context
from pangolin.services.credentials import entitlements
from pangolin.services.credentials.vending import Delegation
from pangolin.services.tables import loading, metadata_expiry, purging
from pangolin.services.tables.loading import Loaded, loaded
from pangolin.services.tables.lookup import find, look_with_namespace
from pangolin.services.versioned import addressing, entries, listing
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.entries import ASSETS
from pangolin.services.versioned.relations import LABELS, TABLES, Relation, resource
from pangolin.store.api import Doc

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
    resolved, _ = namespaces.find(ctx, address)
    store, wanted = ctx.store.tolerant(), relation.type
    docs, more = listing.page(
        store, resolved, ASSETS, address.path, type=wanted, after=after, limit=limit, visible=seen
    )
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

    `delegation` are the ways of access to storage that the client takes.
    """
    address = addressing.asset(ctx, prefix, levels, name)
    require(ctx, "read", resource(address, relation))
    resolved, entry = find(ctx, address, relation, "read")
    location = str((entry.doc or {})["metadata_location"])
    entitlement = entitlements.of_table(ctx, resolved, address, entry.doc or {}, delegation)
    tag = loading.is_known(ctx, known, location, snapshots, entitlement) if known else None
    if tag is not None:
        return Loaded(location, b"", {}, tag, unchanged=True)
    return loaded(ctx, resolved, location, snapshots=snapshots, entitlement=entitlement)


def exists(
    ctx: Context, prefix: str, levels: Levels, name: str, relation: Relation = TABLES
) -> None:
    """Raise `NoSuchTable` or `NoSuchView` unless it is there."""
    address = addressing.asset(ctx, prefix, levels, name)
    require(ctx, "read", resource(address, relation))
    find(ctx, address, relation, "read")


def drop(
    ctx: Context,
    prefix: str,
    levels: Levels,
    name: str,
    relation: Relation = TABLES,
    *,
    purge: bool = False,
) -> None:
    """Drop a table or view; with `purge` its files go too, as far as no ref can reach them."""
    address = addressing.asset(ctx, prefix, levels, name)
    require(ctx, "delete", resource(address, relation))

    def work() -> None:
        trash = retry_conflicts(ctx, lambda: _drop(ctx, address, relation, purge), "drop")
        if trash is not None:
            purging.try_now(ctx, address.prefix, trash)

    once(ctx, work, lambda _: None)


def unregister(ctx: Context, prefix: str, levels: Levels, name: str) -> Loaded:
    """Take a table out of the catalog and answer its last state; no file is deleted."""
    address = addressing.asset(ctx, prefix, levels, name)
    require(ctx, "delete", resource(address, TABLES))

    def attempt() -> Loaded:
        resolved, entry = find(ctx, address, TABLES, "delete")
        location = str((entry.doc or {})["metadata_location"])
        answer = loaded(ctx, resolved, location)
        changes = [resolved.hold(), *entries.drop(resolved, ASSETS, _key(address), entry.own)]
        outcome = {"metadata-location": location}
        what = resource(address, TABLES)
        batch.commit(ctx, "unregister_table", what, changes, outcome, before=entry.doc)
        return answer

    return once(
        ctx,
        lambda: retry_conflicts(ctx, attempt, "unregister"),
        lambda outcome: _last(ctx, address, outcome["metadata-location"]),
    )


def rename(
    ctx: Context,
    prefix: str,
    source: tuple[Levels, str],
    destination: tuple[Levels, str],
    relation: Relation = TABLES,
) -> None:
    """Give a table or view another name, also in another namespace of the same ref.

    Raises `NoSuchTable` or `NoSuchView`, `NoSuchNamespace` and `AlreadyExists`.
    """
    old = addressing.asset(ctx, prefix, *source)
    new = addressing.asset(ctx, old.prefix, *destination)
    require(ctx, "write", resource(old, relation))
    require(ctx, "create", namespaces.resource(Address(new.prefix, new.levels)))
    once(
        ctx,
        lambda: retry_conflicts(ctx, lambda: _rename(ctx, old, new, relation), "rename"),
        lambda _: None,
    )


def _drop(ctx: Context, address: Address, relation: Relation, purge: bool) -> Doc | None:
    resolved, entry = find(ctx, address, relation, "delete")
    changes = [resolved.hold(), *entries.drop(resolved, ASSETS, _key(address), entry.own)]
    trash = purging.trash(resolved, entry.doc or {}, ctx.now()) if purge else None
    if trash is not None:
        changes.append(purging.remember(trash))
    what, details = resource(address, relation), {"purge": purge}
    action = f"drop_{relation.type}"
    batch.commit(ctx, action, what, changes, before=entry.doc, details=details)
    return trash


def _rename(ctx: Context, old: Address, new: Address, relation: Relation) -> None:
    resolved, entry = find(ctx, old, relation, "write")
    if old == new or entry.doc is None:
        return
    same, taken, above = look_with_namespace(ctx, new)
    if above.doc is None:
        raise NoSuchNamespace(f"Namespace does not exist: {'.'.join(new.levels)}")
    if taken.doc is not None:
        what = f"Cannot rename {old.dotted} to {new.dotted}"
        raise AlreadyExists(f"{what}. {LABELS[taken.doc['type']]} already exists")
    moved = entry.doc | {"namespace": new.path, "name": new.name, "updated_at_ms": ctx.now()}
    if metadata_expiry.is_shared(resolved, entry):
        # What it points to stays behind under the old name, for others to see.
        moved["shared"] = True
    changes = [
        resolved.hold(),
        same.hold(),
        namespaces.hold(same, above),
        *entries.drop(resolved, ASSETS, _key(old), entry.own),
        *entries.write(same, ASSETS, moved, taken.own),
        *invalidation.renamed(ctx, moved["id"]),
    ]
    renamed, before = resource(old, relation), entry.doc
    details = {"new_name": records.name_of(resource(new, relation))}
    action = f"rename_{relation.type}"
    batch.commit(ctx, action, renamed, changes, before=before, after=moved, details=details)


def _key(address: Address) -> tuple[str, str]:
    return address.path, address.name


def _last(ctx: Context, address: Address, location: str) -> Loaded:
    resolved, _ = namespaces.find(ctx, Address(address.prefix, address.levels))
    return loaded(ctx, resolved, location)
