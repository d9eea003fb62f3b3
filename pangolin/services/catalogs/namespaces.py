"""Namespaces: created, listed, changed and dropped on a branch; read on any ref."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from pangolin.errors import AlreadyExists, BadRequest, NamespaceNotEmpty, NoSuchNamespace
from pangolin.errors import Unprocessable as UnprocessableEntity
from pangolin.iceberg.locations import parse_location, parse_new_location, safe_segment
from pangolin.services.authz.access import filtered, require, require_sight
from pangolin.services.changes import batch
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import until_settled
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.services.versioned import addressing, entries, listing
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.entries import NAMESPACES, TYPES, Entry
from pangolin.services.versioned.resolution import Place, locate
from pangolin.store.api import ABSENT, Change, Doc, Put, Record, Require, RequireEmpty
from pangolin.store.kinds import ASSET, NAMESPACE, SEPARATOR, parent_of

Levels = Sequence[str]
Wire = dict[str, Any]


def create(scope: Scope, prefix: str, levels: Levels, properties: Mapping[str, str]) -> Wire:
    """Create a namespace whose parent exists; raise `AlreadyExists`, `NoSuchNamespace`."""
    address = addressing.namespace(scope, prefix, levels, new=True)
    require(scope, "create", resource(address))
    return once(scope, lambda: _settled(scope, address, properties), Wire)


def load(scope: Scope, prefix: str, levels: Levels) -> Wire:
    """Read a namespace's properties; raise `NoSuchNamespace`."""
    address = addressing.namespace(scope, prefix, levels)
    require_sight(scope, "read", resource(address))
    _, entry = find(scope, address)
    return wire(entry.doc or {})


def list_children(
    scope: Scope,
    prefix: str,
    parent: Levels = (),
    *,
    after: str | None = None,
    limit: int | None = None,
) -> tuple[list[list[str]], str | None]:
    """List the namespaces directly below a parent (or the top), and the next page's `after`."""
    if not parent:
        seen = filtered(scope, Resource("catalog", (prefix,)))
        place, _ = locate(scope, prefix)
        path = ""
    else:
        address = addressing.namespace(scope, prefix, parent)
        seen = filtered(scope, resource(address))
        place, _ = find(scope, address)
        path = address.path
    store = scope.store.tolerant()
    docs, more = listing.page(
        store, place, NAMESPACES, path, after=after, limit=limit, visible=seen
    )
    return [doc["path"].split(SEPARATOR) for doc in docs], more


def update_properties(
    scope: Scope,
    prefix: str,
    levels: Levels,
    removals: Sequence[str],
    updates: Mapping[str, str],
) -> Wire:
    """Set and remove properties; answer which were `updated`, `removed` and `missing`.

    Raises `Unprocessable` (422) when a key is in both lists.
    """
    address = addressing.namespace(scope, prefix, levels)
    require(scope, "update", resource(address))
    both = sorted(set(removals) & set(updates))
    if both:
        raise UnprocessableEntity(f"keys in both removals and updates: {', '.join(both)}")

    def attempt() -> Wire:
        place, entry = find(scope, address)
        doc = entry.doc or {}
        kept = {k: v for k, v in doc["properties"].items() if k not in removals}
        fresh = doc | {"properties": check_properties(place, kept | dict(updates))}
        outcome = {
            "updated": sorted(updates),
            "removed": sorted(key for key in set(removals) if key in doc["properties"]),
            "missing": sorted(key for key in set(removals) if key not in doc["properties"]),
        }
        changes = [place.hold(), *entries.write(place, NAMESPACES, fresh, entry.own)]
        batch.commit(scope, "update_namespace", resource(address), changes, outcome, doc, fresh)
        return outcome

    return once(scope, lambda: until_settled(scope, attempt, "update"), Wire)


def drop(scope: Scope, prefix: str, levels: Levels) -> None:
    """Drop an empty namespace; raise `NamespaceNotEmpty` or `NoSuchNamespace`."""
    address = addressing.namespace(scope, prefix, levels)
    require(scope, "delete", resource(address))

    def attempt() -> None:
        place, entry = find(scope, address)
        held = place.hold()
        if not listing.is_empty(scope.store, place, address.path):
            raise NamespaceNotEmpty(f"Namespace {address.dotted} is not empty")
        changes = [
            held,
            *entries.drop(place, NAMESPACES, (address.path,), entry.own),
            *_require_empty(place, address.path),
        ]
        batch.commit(scope, "drop_namespace", resource(address), changes, before=entry.doc)

    once(scope, lambda: until_settled(scope, attempt, "drop"), lambda _: None)


def tree(scope: Scope, prefix: str) -> list[Wire]:
    """Nest all namespaces of a place: `name`, `full_path`, `children`."""
    seen = filtered(scope, Resource("catalog", (prefix,)))
    place, _ = locate(scope, prefix)
    nodes: dict[str, Wire] = {}
    roots: list[Wire] = []
    shown = listing.everything(scope.store, place, NAMESPACES)
    for doc in shown if seen is None else filter(seen.keep, shown):
        levels = doc["path"].split(SEPARATOR)
        node = {"name": levels[-1], "full_path": levels, "children": []}
        nodes[doc["path"]] = node
        above = nodes.get(parent_of(doc["path"]))
        (above["children"] if above else roots).append(node)
    return roots


def find(scope: Scope, address: Address) -> tuple[Place, Entry]:
    """Read a namespace that must exist; raise `NoSuchNamespace`."""
    place, (rows,) = locate(scope, address.prefix, [(NAMESPACE, (address.path,))])
    entry = entries.pick(scope.store, place, NAMESPACES, (address.path,), rows)
    if entry.doc is None:
        raise NoSuchNamespace(f"Namespace does not exist: {'.'.join(address.levels)}")
    return place, entry


def hold(place: Place, entry: Entry) -> Change:
    """Keep a namespace until a batch is in.

    One that is visible only through a base is first written to the branch's own line, so that
    there is a record that a concurrent drop would have to change.
    """
    if entry.doc is not None and entry.is_own and entry.own is not None:
        return Require(NAMESPACE, place.key(entry.doc["path"]), entry.own.version)
    copied = entries.write(place, NAMESPACES, entry.doc or {}, entry.own)
    return copied[-1]


def first_changes(
    catalog_id: str, line_id: str, levels: Levels, now_ms: int, location: str
) -> list[Change]:
    """List the puts that give a new catalog's main line its first namespace."""
    doc = _doc(tuple(levels), {"location": location}, now_ms)
    return [Put(NAMESPACE, doc | {"catalog": catalog_id, "line": line_id, "epoch": 0}, ABSENT)]


def resource(address: Address) -> Resource:
    """Name a namespace for access decisions and events."""
    return Resource("namespace", (address.prefix, *address.levels))


def wire(doc: Doc) -> Wire:
    """Show a namespace as the Iceberg API does."""
    return {"namespace": doc["path"].split(SEPARATOR), "properties": doc["properties"]}


def check_properties(place: Place, properties: Mapping[str, str]) -> dict[str, str]:
    """Validate properties; a `location` must lie inside the catalog's storage location."""
    if "location" in properties:
        root = parse_location(place.catalog.doc["storage_location"])
        if not root.contains(parse_new_location(properties["location"], "properties.location")):
            raise BadRequest(f"properties.location must lie inside {root}")
    return dict(properties)


def _settled(scope: Scope, address: Address, properties: Mapping[str, str]) -> Wire:
    return until_settled(scope, lambda: _create(scope, address, properties), "create")


def _create(scope: Scope, address: Address, properties: Mapping[str, str]) -> Wire:
    place, own = _absent(scope, address)
    changes: list[Change] = [place.hold()]
    if len(address.levels) > 1:
        _, above = find(scope, Address(address.prefix, address.levels[:-1]))
        changes.append(hold(place, above))
    given = {"location": default_location(place, address.levels)} | dict(properties)
    doc = _doc(address.levels, check_properties(place, given), scope.now())
    changes += entries.write(place, NAMESPACES, doc, own)
    outcome = wire(doc)
    batch.commit(scope, "create_namespace", resource(address), changes, outcome, after=doc)
    return outcome


def _absent(scope: Scope, address: Address) -> tuple[Place, Record | None]:
    place, (rows,) = locate(scope, address.prefix, [(NAMESPACE, (address.path,))])
    entry = entries.pick(scope.store, place, NAMESPACES, (address.path,), rows)
    if entry.doc is not None:
        raise AlreadyExists(f"Namespace already exists: {address.dotted}")
    return place, entry.own


def default_location(place: Place, levels: Levels) -> str:
    """Give the directory of a namespace: its levels, made safe, below the catalog's storage."""
    root = parse_location(place.catalog.doc["storage_location"])
    return str(root.child(*(safe_segment(level) for level in levels)))


def _doc(levels: tuple[str, ...], properties: Mapping[str, str], now_ms: int) -> Doc:
    path = SEPARATOR.join(levels)
    parent = parent_of(path)
    return {
        "path": path,
        "parent": parent,
        "live_parent": parent,
        "id": str(uuid4()),
        "properties": dict(properties),
        "created_at_ms": now_ms,
    }


def _require_empty(place: Place, path: str) -> list[Change]:
    below = [RequireEmpty(ASSET, place.key(type_, path), index="listed") for type_ in TYPES]
    return [*below, RequireEmpty(NAMESPACE, place.key(path), index="listed")]
