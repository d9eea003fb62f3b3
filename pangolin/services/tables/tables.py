"""Tables and views by name: listed, loaded, dropped, renamed, taken out of the catalog."""

from collections.abc import Sequence

from pangolin.errors import AlreadyExists, NoSuchNamespace
from pangolin.services.audit import records
from pangolin.services.authz import invalidation
from pangolin.services.authz.access import filtered, require
from pangolin.services.catalogs import namespaces
from pangolin.services.changes import batch
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import until_settled
from pangolin.services.context.scope import Scope
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
    scope: Scope,
    prefix: str,
    levels: Levels,
    relation: Relation = TABLES,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> tuple[list[str], str | None]:
    """List a namespace's tables or views in name order; raise `NoSuchNamespace`."""
    address = addressing.namespace(scope, prefix, levels)
    seen = filtered(scope, namespaces.resource(address))
    place, _ = namespaces.find(scope, address)
    store, wanted = scope.store.tolerant(), relation.type
    docs, more = listing.page(
        store, place, ASSETS, address.path, type=wanted, after=after, limit=limit, visible=seen
    )
    return [doc["name"] for doc in docs], more


def load(
    scope: Scope,
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
    address = addressing.asset(scope, prefix, levels, name)
    require(scope, "read", resource(address, relation))
    place, entry = find(scope, address, relation, "read")
    location = str((entry.doc or {})["metadata_location"])
    offer = entitlements.of_table(scope, place, address, entry.doc or {}, delegation)
    tag = loading.is_known(scope, known, location, snapshots, offer) if known else None
    if tag is not None:
        return Loaded(location, b"", {}, tag, unchanged=True)
    return loaded(scope, place, location, snapshots=snapshots, offer=offer)


def exists(
    scope: Scope, prefix: str, levels: Levels, name: str, relation: Relation = TABLES
) -> None:
    """Raise `NoSuchTable` or `NoSuchView` unless it is there."""
    address = addressing.asset(scope, prefix, levels, name)
    require(scope, "read", resource(address, relation))
    find(scope, address, relation, "read")


def drop(
    scope: Scope,
    prefix: str,
    levels: Levels,
    name: str,
    relation: Relation = TABLES,
    *,
    purge: bool = False,
) -> None:
    """Drop a table or view; with `purge` its files go too, as far as no ref can reach them."""
    address = addressing.asset(scope, prefix, levels, name)
    require(scope, "delete", resource(address, relation))

    def work() -> None:
        trash = until_settled(scope, lambda: _drop(scope, address, relation, purge), "drop")
        if trash is not None:
            purging.try_now(scope, address.prefix, trash)

    once(scope, work, lambda _: None)


def unregister(scope: Scope, prefix: str, levels: Levels, name: str) -> Loaded:
    """Take a table out of the catalog and answer its last state; no file is deleted."""
    address = addressing.asset(scope, prefix, levels, name)
    require(scope, "delete", resource(address, TABLES))

    def attempt() -> Loaded:
        place, entry = find(scope, address, TABLES, "delete")
        location = str((entry.doc or {})["metadata_location"])
        answer = loaded(scope, place, location)
        changes = [place.hold(), *entries.drop(place, ASSETS, _key(address), entry.own)]
        outcome = {"metadata-location": location}
        what = resource(address, TABLES)
        batch.commit(scope, "unregister_table", what, changes, outcome, before=entry.doc)
        return answer

    return once(
        scope,
        lambda: until_settled(scope, attempt, "unregister"),
        lambda outcome: _last(scope, address, outcome["metadata-location"]),
    )


def rename(
    scope: Scope,
    prefix: str,
    source: tuple[Levels, str],
    destination: tuple[Levels, str],
    relation: Relation = TABLES,
) -> None:
    """Give a table or view another name, also in another namespace of the same ref.

    Raises `NoSuchTable` or `NoSuchView`, `NoSuchNamespace` and `AlreadyExists`.
    """
    old = addressing.asset(scope, prefix, *source)
    new = addressing.asset(scope, old.prefix, *destination)
    require(scope, "write", resource(old, relation))
    require(scope, "create", namespaces.resource(Address(new.prefix, new.levels)))
    once(
        scope,
        lambda: until_settled(scope, lambda: _rename(scope, old, new, relation), "rename"),
        lambda _: None,
    )


def _drop(scope: Scope, address: Address, relation: Relation, purge: bool) -> Doc | None:
    place, entry = find(scope, address, relation, "delete")
    changes = [place.hold(), *entries.drop(place, ASSETS, _key(address), entry.own)]
    trash = purging.trash(place, entry.doc or {}, scope.now()) if purge else None
    if trash is not None:
        changes.append(purging.remember(trash))
    what, details = resource(address, relation), {"purge": purge}
    action = f"drop_{relation.type}"
    batch.commit(scope, action, what, changes, before=entry.doc, details=details)
    return trash


def _rename(scope: Scope, old: Address, new: Address, relation: Relation) -> None:
    place, entry = find(scope, old, relation, "write")
    if old == new or entry.doc is None:
        return
    same, taken, above = look_with_namespace(scope, new)
    if above.doc is None:
        raise NoSuchNamespace(f"Namespace does not exist: {'.'.join(new.levels)}")
    if taken.doc is not None:
        what = f"Cannot rename {old.dotted} to {new.dotted}"
        raise AlreadyExists(f"{what}. {LABELS[taken.doc['type']]} already exists")
    moved = entry.doc | {"namespace": new.path, "name": new.name, "updated_at_ms": scope.now()}
    if metadata_expiry.is_shared(place, entry):
        # What it points to stays behind under the old name, for others to see.
        moved["shared"] = True
    changes = [
        place.hold(),
        same.hold(),
        namespaces.hold(same, above),
        *entries.drop(place, ASSETS, _key(old), entry.own),
        *entries.write(same, ASSETS, moved, taken.own),
        *invalidation.renamed(scope, moved["id"]),
    ]
    renamed, before = resource(old, relation), entry.doc
    details = {"new_name": records.name_of(resource(new, relation))}
    action = f"rename_{relation.type}"
    batch.commit(scope, action, renamed, changes, before=before, after=moved, details=details)


def _key(address: Address) -> tuple[str, str]:
    return address.path, address.name


def _last(scope: Scope, address: Address, location: str) -> Loaded:
    place, _ = namespaces.find(scope, Address(address.prefix, address.levels))
    return loaded(scope, place, location)
