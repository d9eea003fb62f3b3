"""Namespaces: creating, changing and dropping them on a branch; reading them on any ref."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from pangolin.errors import AlreadyExists, BadRequest, NamespaceNotEmpty, NoSuchNamespace
from pangolin.errors import Unprocessable as UnprocessableEntity
from pangolin.iceberg.locations import parse_location, parse_new_location, safe_segment
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz.access import require, require_sight, visible_part
from pangolin.services.changes import batch
from pangolin.services.changes.attempts import write
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.versioned import addressing, entries, listing
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.entries import NAMESPACES, TYPES, Found
from pangolin.services.versioned.listing import Query
from pangolin.services.versioned.resolution import ResolvedRef, resolve
from pangolin.store.api import ABSENT, Change, Put, Record, Require, RequireEmpty
from pangolin.store.documents import NamespaceDoc
from pangolin.store.kinds import ASSET, NAMESPACE, SEPARATOR, parent_of

Levels = Sequence[str]


def create(ctx: Context, prefix: str, levels: Levels, properties: Mapping[str, str]) -> Json:
    """Create a namespace whose parent exists; raise `AlreadyExists`, `NoSuchNamespace`."""
    address = addressing.namespace(ctx, prefix, levels, new=True)
    require(ctx, "create", resource(address))
    return once(ctx, lambda: _settled(ctx, address, properties), Json)


def load(ctx: Context, prefix: str, levels: Levels) -> Json:
    """Read a namespace's properties; raise `NoSuchNamespace`."""
    address = addressing.namespace(ctx, prefix, levels)
    require_sight(ctx, "read", resource(address))
    return to_json(find(ctx, address).doc)


def list_children(
    ctx: Context,
    prefix: str,
    parent: Levels = (),
    *,
    after: str | None = None,
    limit: int | None = None,
) -> tuple[list[list[str]], str | None]:
    """List the namespaces directly below a parent (or the top), and the next page's `after`."""
    if not parent:
        seen = visible_part(ctx, Resource("catalog", (prefix,)))
        resolved, _ = resolve(ctx, prefix)
        path = ""
    else:
        address = addressing.namespace(ctx, prefix, parent)
        seen = visible_part(ctx, resource(address))
        resolved = find(ctx, address).resolved
        path = address.path
    query = Query(resolved, NAMESPACES, path, after=after, limit=limit)
    docs, more = listing.page(ctx.store.tolerant(), query, seen)
    return [doc["path"].split(SEPARATOR) for doc in docs], more


def update_properties(
    ctx: Context,
    prefix: str,
    levels: Levels,
    removals: Sequence[str],
    updates: Mapping[str, str],
) -> Json:
    """Set and remove properties; return which were `updated`, `removed` and `missing`.

    Raises `Unprocessable` (422) when a key is in both lists.
    """
    address = addressing.namespace(ctx, prefix, levels)
    require(ctx, "update", resource(address))
    both = sorted(set(removals) & set(updates))
    if both:
        raise UnprocessableEntity(f"keys in both removals and updates: {', '.join(both)}")

    def attempt() -> Json:
        found = find(ctx, address)
        resolved, doc = found.resolved, found.doc
        kept = {k: v for k, v in doc["properties"].items() if k not in removals}
        fresh: NamespaceDoc = doc | {"properties": check_properties(resolved, kept | dict(updates))}
        outcome = {
            "updated": sorted(updates),
            "removed": sorted(key for key in set(removals) if key in doc["properties"]),
            "missing": sorted(key for key in set(removals) if key not in doc["properties"]),
        }
        changes = [resolved.hold(), *entries.write(resolved, NAMESPACES, fresh, found.own)]
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.UPDATE_NAMESPACE, resource(address), before=doc, after=fresh),
            outcome=outcome,
        )
        return outcome

    return write(ctx, "update", attempt, Json)


def drop(ctx: Context, prefix: str, levels: Levels) -> None:
    """Drop an empty namespace; raise `NamespaceNotEmpty` or `NoSuchNamespace`."""
    address = addressing.namespace(ctx, prefix, levels)
    require(ctx, "delete", resource(address))

    def attempt() -> None:
        found = find(ctx, address)
        resolved = found.resolved
        held = resolved.hold()
        if not listing.is_empty(ctx.store, resolved, address.path):
            raise NamespaceNotEmpty(f"Namespace {address.dotted} is not empty")
        changes = [
            held,
            *entries.drop(resolved, NAMESPACES, (address.path,), found.own),
            *_require_empty(resolved, address.path),
        ]
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.DROP_NAMESPACE, resource(address), before=found.doc),
        )

    write(ctx, "drop", attempt)


def tree(ctx: Context, prefix: str) -> list[Json]:
    """Return the tree of a ref's namespaces: `name`, `full_path`, `children`."""
    seen = visible_part(ctx, Resource("catalog", (prefix,)))
    resolved, _ = resolve(ctx, prefix)
    nodes: dict[str, Json] = {}
    roots: list[Json] = []
    shown = listing.everything(ctx.store, resolved, NAMESPACES)
    for doc in shown if seen is None else filter(seen.keep, shown):
        levels = doc["path"].split(SEPARATOR)
        node = {"name": levels[-1], "full_path": levels, "children": []}
        nodes[doc["path"]] = node
        above = nodes.get(parent_of(doc["path"]))
        (above["children"] if above else roots).append(node)
    return roots


def find(ctx: Context, address: Address) -> Found[NamespaceDoc]:
    """Read a namespace that must exist; raise `NoSuchNamespace`."""
    resolved, (rows,) = resolve(ctx, address.prefix, [(NAMESPACE, (address.path,))])
    entry = entries.visible_entry(ctx.store, resolved, NAMESPACES, (address.path,), rows)
    if entry.doc is None:
        raise NoSuchNamespace(f"Namespace does not exist: {'.'.join(address.levels)}")
    return Found(resolved, entry.doc, entry.own)


def hold(found: Found[NamespaceDoc]) -> Change:
    """Return the change that keeps a namespace until a batch is in.

    One that is visible only through a base is first written to the branch's own line, so that
    there is a record that a concurrent drop would have to change.
    """
    if found.own is not None and found.doc is found.own.doc:
        return Require(NAMESPACE, found.resolved.key(found.doc["path"]), found.own.version)
    return entries.write(found.resolved, NAMESPACES, found.doc, found.own)[-1]


def first_changes(
    catalog_id: str, line_id: str, levels: Levels, now_ms: int, location: str
) -> list[Change]:
    """List the puts that create the first namespace on a new catalog's main line."""
    doc = _doc(tuple(levels), {"location": location}, now_ms)
    doc |= {"catalog": catalog_id, "line": line_id, "epoch": 0}
    return [Put(NAMESPACE, doc, ABSENT)]


def resource(address: Address) -> Resource:
    """Return a namespace as a resource, for access decisions and events."""
    return Resource("namespace", (address.prefix, *address.levels))


def to_json(doc: NamespaceDoc) -> Json:
    """Return a namespace in the form of the Iceberg API."""
    return {"namespace": doc["path"].split(SEPARATOR), "properties": doc["properties"]}


def check_properties(resolved: ResolvedRef, properties: Mapping[str, str]) -> dict[str, str]:
    """Validate properties; a `location` must be inside the catalog's storage location."""
    if "location" in properties:
        root = parse_location(resolved.catalog.doc["storage_location"])
        if not root.contains(parse_new_location(properties["location"], "properties.location")):
            raise BadRequest(f"properties.location must be inside {root}")
    return dict(properties)


def _settled(ctx: Context, address: Address, properties: Mapping[str, str]) -> Json:
    return retry_conflicts(ctx, "create", lambda: _create(ctx, address, properties))


def _create(ctx: Context, address: Address, properties: Mapping[str, str]) -> Json:
    resolved, own = _absent(ctx, address)
    changes: list[Change] = [resolved.hold()]
    if len(address.levels) > 1:
        changes.append(hold(find(ctx, Address(address.prefix, address.levels[:-1]))))
    given = {"location": default_location(resolved, address.levels)} | dict(properties)
    doc = _doc(address.levels, check_properties(resolved, given), ctx.now())
    changes += entries.write(resolved, NAMESPACES, doc, own)
    outcome = to_json(doc)
    batch.apply(
        ctx,
        changes,
        AuditEvent(AuditAction.CREATE_NAMESPACE, resource(address), after=doc),
        outcome=outcome,
    )
    return outcome


def _absent(ctx: Context, address: Address) -> tuple[ResolvedRef, Record[NamespaceDoc] | None]:
    resolved, (rows,) = resolve(ctx, address.prefix, [(NAMESPACE, (address.path,))])
    entry = entries.visible_entry(ctx.store, resolved, NAMESPACES, (address.path,), rows)
    if entry.doc is not None:
        raise AlreadyExists(f"Namespace already exists: {address.dotted}")
    return resolved, entry.own


def default_location(resolved: ResolvedRef, levels: Levels) -> str:
    """Return the directory of a namespace: its escaped levels below the catalog's storage."""
    root = parse_location(resolved.catalog.doc["storage_location"])
    return str(root.child(*(safe_segment(level) for level in levels)))


def _doc(levels: tuple[str, ...], properties: Mapping[str, str], now_ms: int) -> NamespaceDoc:
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


def _require_empty(resolved: ResolvedRef, path: str) -> list[Change]:
    below = [RequireEmpty(ASSET, resolved.key(type_, path), index="listed") for type_ in TYPES]
    return [*below, RequireEmpty(NAMESPACE, resolved.key(path), index="listed")]
