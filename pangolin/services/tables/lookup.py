"""Tables and views that a request names: resolving the name, authorising, reading the entry.

The results of the three steps are carried along: `named` resolves the name and authorises, `find`
reads what it names, and `open_target` does both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pangolin.errors import AlreadyExists, NoSuchNamespace
from pangolin.services.authz.access import require, require_asset
from pangolin.services.authz.actions import Action
from pangolin.services.catalogs import namespaces
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.versioned import addressing, entries
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.entries import ASSETS, NAMESPACES, Entry, Found
from pangolin.services.versioned.relations import LABELS, TABLES, Relation, resource
from pangolin.services.versioned.resolution import ResolvedRef, resolve
from pangolin.store.api import Change
from pangolin.store.documents import AssetDoc, NamespaceDoc
from pangolin.store.kinds import ASSET, NAMESPACE


@dataclass(frozen=True, slots=True)
class Named:
    """A table or view by name, to which the caller may do `action`; it may not exist."""

    address: Address
    relation: Relation
    resource: Resource
    action: Action


@dataclass(frozen=True, slots=True)
class Target(Found[AssetDoc]):
    """An existing table or view: its name, what its ref shows, its own line's record."""

    named: Named

    @property
    def address(self) -> Address:
        """Its address."""
        return self.named.address

    @property
    def resource(self) -> Resource:
        """The resource that access decisions and events name."""
        return self.named.resource

    @property
    def id(self) -> str:
        """The id of the entry, which a rename keeps."""
        return str(self.doc["id"])

    @property
    def metadata_location(self) -> str:
        """The metadata file that it points to."""
        return str(self.doc["metadata_location"])

    def replaced(self, doc: AssetDoc) -> list[Change]:
        """List the changes that replace it with a document and hold its branch."""
        return [self.resolved.hold(), *entries.write(self.resolved, ASSETS, doc, self.own)]

    def dropped(self) -> list[Change]:
        """List the changes that remove it and hold its branch."""
        name = (self.address.path, self.address.name)
        return [self.resolved.hold(), *entries.drop(self.resolved, ASSETS, name, self.own)]


@dataclass(frozen=True, slots=True)
class Slot:
    """A name in an existing namespace, and what the ref shows under it, if anything."""

    resolved: ResolvedRef
    entry: Entry[AssetDoc]
    namespace: Found[NamespaceDoc]

    def hold(self) -> list[Change]:
        """List the changes that hold the line and the namespace until a batch is in."""
        return [self.resolved.hold(), namespaces.hold(self.namespace)]


def named(
    ctx: Context,
    prefix: str,
    levels: Sequence[str],
    name: str,
    action: Action,
    relation: Relation = TABLES,
) -> Named:
    """Resolve the name of a table or view, and raise `Denied` unless the caller may do `action`."""
    address = addressing.asset(ctx, prefix, levels, name)
    what = resource(address, relation)
    require(ctx, action, what)
    return Named(address, relation, what, action)


def named_new(
    ctx: Context, prefix: str, levels: Sequence[str], name: str, relation: Relation = TABLES
) -> Named:
    """Resolve a new name, and raise `Denied` unless the caller may create in its namespace."""
    address = addressing.asset(ctx, prefix, levels, name, new=True)
    require(ctx, "create", namespaces.resource(Address(address.prefix, address.levels)))
    return Named(address, relation, resource(address, relation), "create")


def open_target(
    ctx: Context,
    prefix: str,
    levels: Sequence[str],
    name: str,
    action: Action,
    relation: Relation = TABLES,
) -> Target:
    """Resolve, authorise and read a table or view that must exist; raise the errors of `find`."""
    return find(ctx, named(ctx, prefix, levels, name, action, relation))


def find(ctx: Context, wanted: Named) -> Target:
    """Read a table or view that must exist and to which the caller may do the action.

    Raises `NoSuchTable` or `NoSuchView`, and `Denied` if another entry has taken the name since
    it was authorised.
    """
    target = read(ctx, wanted)
    require_asset(ctx, wanted.action, wanted.resource, target.id)
    return target


def read(ctx: Context, wanted: Named) -> Target:
    """Read a table or view that must exist; raise `NoSuchTable` or `NoSuchView`."""
    resolved, entry = look(ctx, wanted.address)
    relation = wanted.relation
    if entry.doc is None or entry.doc["type"] != relation.type:
        raise relation.missing(f"{relation.label} does not exist: {wanted.address.dotted}")
    return Target(resolved, entry.doc, entry.own, wanted)


def look(ctx: Context, address: Address) -> tuple[ResolvedRef, Entry[AssetDoc]]:
    """Read what is under an address, if anything."""
    key = (address.path, address.name)
    resolved, (rows,) = resolve(ctx, address.prefix, [(ASSET, key)])
    return resolved, entries.visible_entry(ctx.store, resolved, ASSETS, key, rows)


def look_with_namespace(
    ctx: Context, address: Address
) -> tuple[ResolvedRef, Entry[AssetDoc], Entry[NamespaceDoc]]:
    """Read what is under an address and its namespace, in one round trip."""
    key, path = (address.path, address.name), (address.path,)
    resolved, (rows, above) = resolve(ctx, address.prefix, [(ASSET, key), (NAMESPACE, path)])
    entry = entries.visible_entry(ctx.store, resolved, ASSETS, key, rows)
    return resolved, entry, entries.visible_entry(ctx.store, resolved, NAMESPACES, path, above)


def read_slot(ctx: Context, address: Address) -> Slot:
    """Read what is under an address, whose namespace must exist; raise `NoSuchNamespace`."""
    resolved, entry, above = look_with_namespace(ctx, address)
    if above.doc is None:
        raise NoSuchNamespace(f"Namespace does not exist: {'.'.join(address.levels)}")
    return Slot(resolved, entry, Found(resolved, above.doc, above.own))


def find_free(ctx: Context, wanted: Named) -> Slot:
    """Find the slot of a new entry; raise `NoSuchNamespace`, or `AlreadyExists` for its name."""
    slot = read_slot(ctx, wanted.address)
    refuse_taken(slot.entry.doc, wanted)
    return slot


def refuse_taken(doc: AssetDoc | None, wanted: Named) -> None:
    """Raise `AlreadyExists` if anything has the name, in the reference's words."""
    if doc is None:
        return
    label, dotted = LABELS[doc["type"]], wanted.address.dotted
    if doc["type"] == wanted.relation.type:
        raise AlreadyExists(f"{label} already exists: {dotted}")
    raise AlreadyExists(f"{label} with same name already exists: {dotted}")
