"""Tables and views by name: listed, loaded, dropped, renamed, taken out of the catalog."""

from collections.abc import Sequence

from pangolin.errors import AlreadyExists, NoSuchNamespace
from pangolin.services import addressing, changes, entries, listing, loading, namespaces, purging
from pangolin.services.access import require
from pangolin.services.addressing import Address
from pangolin.services.entries import ASSETS
from pangolin.services.idempotency import once
from pangolin.services.loading import Loaded, loaded
from pangolin.services.relations import (
    LABELS,
    TABLES,
    Relation,
    find,
    look_with_namespace,
    resource,
)
from pangolin.services.retrying import until_settled
from pangolin.services.scope import Scope
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
    require(scope, "list", namespaces.resource(address))
    place, _ = namespaces.find(scope, address)
    store, wanted = scope.store.tolerant(), relation.type
    docs, more = listing.page(
        store, place, ASSETS, address.path, type=wanted, after=after, limit=limit
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
) -> Loaded:
    """Load a table or view, `unchanged` if `known` (the client's ETags, or `*`) holds its tag."""
    address = addressing.asset(scope, prefix, levels, name)
    require(scope, "read", resource(address, relation))
    place, entry = find(scope, address, relation)
    location = str((entry.doc or {})["metadata_location"])
    tag = loading.etag(location, snapshots)
    if known and ("*" in known or tag in known):
        return Loaded(location, b"", {}, tag, unchanged=True)
    return loaded(scope, place, location, snapshots=snapshots)


def exists(
    scope: Scope, prefix: str, levels: Levels, name: str, relation: Relation = TABLES
) -> None:
    """Raise `NoSuchTable` or `NoSuchView` unless it is there."""
    address = addressing.asset(scope, prefix, levels, name)
    require(scope, "read", resource(address, relation))
    find(scope, address, relation)


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
        place, entry = find(scope, address, TABLES)
        location = str((entry.doc or {})["metadata_location"])
        answer = loaded(scope, place, location)
        batch = [place.hold(), *entries.drop(place, ASSETS, _key(address), entry.own)]
        outcome = {"metadata-location": location}
        changes.commit(scope, "unregister_table", resource(address, TABLES), batch, outcome)
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
    place, entry = find(scope, address, relation)
    batch = [place.hold(), *entries.drop(place, ASSETS, _key(address), entry.own)]
    trash = purging.trash(place, entry.doc or {}, scope.now()) if purge else None
    if trash is not None:
        batch.append(purging.remember(trash))
    changes.commit(scope, f"drop_{relation.type}", resource(address, relation), batch)
    return trash


def _rename(scope: Scope, old: Address, new: Address, relation: Relation) -> None:
    place, entry = find(scope, old, relation)
    if old == new or entry.doc is None:
        return
    same, taken, above = look_with_namespace(scope, new)
    if above.doc is None:
        raise NoSuchNamespace(f"Namespace does not exist: {'.'.join(new.levels)}")
    if taken.doc is not None:
        what = f"Cannot rename {old.dotted} to {new.dotted}"
        raise AlreadyExists(f"{what}. {LABELS[taken.doc['type']]} already exists")
    moved = entry.doc | {"namespace": new.path, "name": new.name, "updated_at_ms": scope.now()}
    batch = [
        place.hold(),
        same.hold(),
        namespaces.hold(same, above),
        *entries.drop(place, ASSETS, _key(old), entry.own),
        *entries.write(same, ASSETS, moved, taken.own),
    ]
    changes.commit(scope, f"rename_{relation.type}", resource(old, relation), batch)


def _key(address: Address) -> tuple[str, str]:
    return address.path, address.name


def _last(scope: Scope, address: Address, location: str) -> Loaded:
    place, _ = namespaces.find(scope, Address(address.prefix, address.levels))
    return loaded(scope, place, location)
