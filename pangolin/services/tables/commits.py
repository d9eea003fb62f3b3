"""Commits: read, compute, write the new metadata file, then swap the pointers in one batch.

One table or many is the same shape. A lost race is run again from a fresh read while the client's
requirements still hold; an outcome that is not known is never reported as a failure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from pangolin.errors import BadRequest, CommitFailed, PangolinError
from pangolin.iceberg import read as iceberg_read
from pangolin.iceberg import requirements as iceberg_requirements
from pangolin.iceberg import table as iceberg_table
from pangolin.iceberg import view as iceberg_view
from pangolin.iceberg.files import next_metadata_location
from pangolin.services.audit.trail import AuditEvent
from pangolin.services.authz.access import require
from pangolin.services.catalogs.namespaces import resource as namespace_resource
from pangolin.services.changes import batch
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context import metrics
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.storage import location_claims, metadata_files
from pangolin.services.storage.location_claims import Claimant
from pangolin.services.storage.staging import Staged, staged
from pangolin.services.tables import metadata_expiry
from pangolin.services.tables.creation import free_place, new_entry
from pangolin.services.tables.loading import Loaded, loaded, replayed
from pangolin.services.tables.lookup import find, look
from pangolin.services.versioned import addressing, entries
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.entries import ASSETS, Entry
from pangolin.services.versioned.relations import TABLES, VIEWS, Relation, resource
from pangolin.services.versioned.resolution import ResolvedRef
from pangolin.store.api import Change, Conflict, Doc, Key, Kind, Put, RequireEmpty
from pangolin.store.kinds import CLAIM

Metadata = dict[str, Any]
Wires = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One change a client asks for: an address, its requirements and its updates."""

    address: Address
    requirements: Wires
    updates: Wires
    relation: Relation = TABLES

    @property
    def is_create(self) -> bool:
        """Whether this is the commit of a staged create."""
        return self.relation is TABLES and iceberg_requirements.is_create(list(self.requirements))


@dataclass(slots=True)
class Swap:
    """One entry's swap in the making: what was read, and the metadata as it evolves."""

    address: Address
    relation: Relation
    resolved: ResolvedRef
    entry: Entry
    base: Metadata | None
    new: Metadata | None
    held: list[Change] = field(default_factory=list)
    location: str | None = None
    data: bytes | None = None
    doc: Doc | None = None

    @property
    def base_location(self) -> str | None:
        """The metadata file that the swap starts from."""
        return str(self.entry.doc["metadata_location"]) if self.entry.doc else None

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return self.new is not self.base


def commit(
    ctx: Context,
    prefix: str,
    levels: Sequence[str],
    name: str,
    requirements: Wires,
    updates: Wires,
    relation: Relation = TABLES,
) -> Loaded:
    """Commit to one table or view.

    Raises `NoSuchTable` or `NoSuchView`, `CommitFailed` (a requirement does not hold),
    `BadRequest` (an update breaks a rule) and `CommitStateUnknown`.
    """
    address = _address(ctx, prefix, levels, name, requirements, relation)
    wanted = Wanted(address, requirements, updates, relation)

    def work() -> Loaded:
        (swap,) = _settle(ctx, [wanted])
        assert swap.location is not None  # noqa: S101 - a settled swap has a file
        return loaded(ctx, swap.resolved, swap.location, swap.data)

    return once(ctx, work, lambda outcome: replayed(ctx, address, relation, outcome))


def commit_many(ctx: Context, prefix: str, wires: Sequence[Mapping[str, Any]]) -> None:
    """Commit to several tables, all or none; one table may occur more than once."""
    if not wires:
        raise BadRequest("table-changes must not be empty")
    wanted = [_wanted(ctx, prefix, wire) for wire in wires]
    once(ctx, lambda: _settle(ctx, wanted) and None, lambda _: None)


def _wanted(ctx: Context, prefix: str, wire: Mapping[str, Any]) -> Wanted:
    name, levels = wire["identifier"]["name"], wire["identifier"]["namespace"]
    requirements, updates = wire["requirements"], wire["updates"]
    address = _address(ctx, prefix, levels, name, requirements, TABLES)
    return Wanted(address, requirements, updates)


def _address(
    ctx: Context,
    prefix: str,
    levels: Sequence[str],
    name: str,
    requirements: Wires,
    relation: Relation,
) -> Address:
    new = relation is TABLES and iceberg_requirements.is_create(list(requirements))
    return addressing.asset(ctx, prefix, levels, name, new=new)


def _settle(ctx: Context, wanted: Sequence[Wanted]) -> list[Swap]:
    for each in wanted:
        _authorise(ctx, each)
    try:
        swaps = retry_conflicts(ctx, lambda: _attempt(ctx, wanted), "commit")
    except PangolinError as error:
        metrics.commit("conflicted" if isinstance(error, CommitFailed) else "failed")
        raise
    metrics.commit("succeeded")
    for swap in swaps:
        metadata_expiry.after_commit(ctx, swap.resolved, swap.base, swap.new, swap.entry.doc)
    return swaps


def _authorise(ctx: Context, wanted: Wanted) -> None:
    address = wanted.address
    if wanted.is_create:
        above = namespace_resource(Address(address.prefix, address.levels))
        require(ctx, "create", above)
    else:
        require(ctx, "write", resource(address, wanted.relation))


def _attempt(ctx: Context, wanted: Sequence[Wanted]) -> list[Swap]:
    swaps: dict[Address, Swap] = {}
    for each in wanted:
        swap = swaps.get(each.address) or _open(ctx, each)
        swaps[each.address] = _fold(ctx, swap, each)
    changed = [swap for swap in swaps.values() if swap.is_changed]
    if changed:
        with staged(ctx) as files:
            changes = _batch([change for swap in changed for change in _write(ctx, swap, files)])
            _apply(ctx, changed, changes)
    for swap in swaps.values():
        swap.location = swap.location or swap.base_location
    return list(swaps.values())


def _apply(ctx: Context, swaps: Sequence[Swap], changes: Sequence[Change]) -> None:
    first, *others = [_event(swap) for swap in swaps]
    if not others:
        outcome = {"metadata-location": swaps[0].location}
        batch.commit(ctx, first.action, first.resource, changes, outcome, first.before, first.after)
    else:
        what = Resource("catalog", (swaps[0].address.prefix,))
        batch.commit(ctx, "commit_transaction", what, changes, {}, parts=[first, *others])


def _event(swap: Swap) -> AuditEvent:
    action, what = f"commit_{swap.relation.type}", resource(swap.address, swap.relation)
    return AuditEvent(action, what, before=swap.entry.doc, after=swap.doc)


def _open(ctx: Context, wanted: Wanted) -> Swap:
    address, relation = wanted.address, wanted.relation
    if wanted.is_create:
        return _open_create(ctx, address, relation)
    resolved, entry = find(ctx, address, relation, "write")
    resolved.hold()
    location = str((entry.doc or {})["metadata_location"])
    base = metadata_files.parse(metadata_files.read(ctx, resolved, location), location)
    if (entry.doc or {}).get("foreign") and relation is TABLES:
        base = iceberg_read.table_metadata(base)
    return Swap(address, relation, resolved, entry, base, base)


def _open_create(ctx: Context, address: Address, relation: Relation) -> Swap:
    _, entry = look(ctx, address)
    if entry.doc is not None and entry.doc["type"] == relation.type:
        raise CommitFailed("Requirement failed: table already exists")
    free = free_place(ctx, address, relation)
    return Swap(address, relation, free.resolved, free.entry, None, None, free.hold())


def _fold(ctx: Context, swap: Swap, wanted: Wanted) -> Swap:
    requirements, updates = list(wanted.requirements), list(wanted.updates)
    if swap.relation is VIEWS:
        assert swap.new is not None  # noqa: S101 - a view is never opened without its base
        iceberg_requirements.check_view(swap.new, requirements)
        swap.new = iceberg_view.apply_updates(swap.new, updates, now_ms=ctx.now())
        return swap
    iceberg_requirements.check_table(swap.new, requirements)
    # Folding a second change onto the first must not log a file that was never written.
    previous = (
        metadata_expiry.logged(ctx, swap.resolved, swap.entry) if swap.new is swap.base else None
    )
    swap.new = iceberg_table.apply_updates(
        swap.new, updates, now_ms=ctx.now(), metadata_location=previous, uuid=str(uuid4())
    )
    return swap


def _write(ctx: Context, swap: Swap, files: Staged) -> list[Change]:
    assert swap.new is not None  # noqa: S101 - only changed swaps are written
    codec = swap.relation.codec
    if swap.relation is TABLES:
        swap.new = metadata_expiry.spared(ctx, swap.entry, swap.base, swap.new)
    doc = _record(ctx, swap, swap.new)
    claims = location_claims.check(ctx, swap.resolved, Claimant(doc["id"]), swap.base, swap.new)
    swap.location = next_metadata_location(
        swap.new, swap.base_location, str(uuid4()), default_codec=codec
    )
    swap.data = metadata_files.dump(swap.new)
    files.write(swap.resolved, swap.location, swap.data)
    doc["metadata_location"] = swap.location
    swap.doc = doc
    own = swap.entry.own
    return [
        swap.resolved.hold(),
        *swap.held,
        *claims,
        *entries.write(swap.resolved, ASSETS, doc, own),
    ]


def _record(ctx: Context, swap: Swap, new: Metadata) -> Doc:
    if swap.entry.doc is None:
        return new_entry(swap.address, swap.relation, new, ctx.now())
    of_the_file = ("foreign", "shared")
    kept = {key: value for key, value in swap.entry.doc.items() if key not in of_the_file}
    return kept | {"location": new["location"], "updated_at_ms": ctx.now()}


def _batch(listed: Sequence[Change]) -> list[Change]:
    """Drop repeated changes; refuse two that disagree about one record."""
    kept: dict[tuple[str, Kind, Key], Change] = {}
    for change in listed:
        before = kept.setdefault((type(change).__name__, change.kind, _key(change)), change)
        if before == change:
            continue
        if change.kind is CLAIM:
            raise BadRequest("two tables of one transaction claim the same location")
        # Read at two versions: the reads raced with another commit.
        raise Conflict(change)
    return list(kept.values())


def _key(change: Change) -> Key:
    if isinstance(change, Put):
        return tuple(change.doc[name] for name in change.kind.key if name != "tenant")
    return change.prefix if isinstance(change, RequireEmpty) else change.key
