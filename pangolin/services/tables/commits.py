"""Commits: read, compute, write the new metadata file, then swap the pointers in one batch.

One table or many take the same path. A commit that lost a race is run again from a fresh read while
the client's requirements still hold; an unknown outcome is never reported as a failure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

from pangolin.errors import BadRequest, CommitFailed, PangolinError
from pangolin.iceberg import read as iceberg_read
from pangolin.iceberg import requirements as iceberg_requirements
from pangolin.iceberg import table as iceberg_table
from pangolin.iceberg import view as iceberg_view
from pangolin.iceberg.files import next_metadata_location
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.changes import batch
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context import metrics
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.storage import location_claims, metadata_files
from pangolin.services.storage.location_claims import Claimant
from pangolin.services.storage.staging import Staged, staged
from pangolin.services.tables import metadata_expiry
from pangolin.services.tables.creation import new_entry
from pangolin.services.tables.loading import Loaded, loaded, replayed
from pangolin.services.tables.lookup import Named, find, find_free, look, named, named_new
from pangolin.services.versioned import entries
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.entries import ASSETS, Entry
from pangolin.services.versioned.relations import TABLES, VIEWS, Relation
from pangolin.services.versioned.resolution import ResolvedRef
from pangolin.store.api import Change, Conflict, Key, Kind, Put, RequireEmpty
from pangolin.store.documents import AssetDoc
from pangolin.store.kinds import CLAIM

Metadata = Json
JsonList = Sequence[Json]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One change that a client requests: its target, its requirements and its updates.

    The action `create` commits a staged create: the target is created.
    """

    named: Named
    requirements: JsonList
    updates: JsonList


@dataclass(slots=True)
class Swap:
    """One entry's swap in progress: what was read, and the metadata as it evolves."""

    named: Named
    resolved: ResolvedRef
    entry: Entry[AssetDoc]
    base: Metadata | None
    new: Metadata | None
    held: list[Change]
    location: str | None = None
    data: bytes | None = None
    doc: AssetDoc | None = None

    @property
    def base_location(self) -> str | None:
        """The metadata file that the swap starts from."""
        return str(self.entry.doc["metadata_location"]) if self.entry.doc else None

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return self.new is not self.base

    @property
    def event(self) -> AuditEvent:
        """The event that the audit log records."""
        action = AuditAction(f"commit_{self.named.relation.type}")
        return AuditEvent(action, self.named.resource, before=self.entry.doc, after=self.doc)


def commit(
    ctx: Context,
    prefix: str,
    levels: Sequence[str],
    name: str,
    requirements: JsonList,
    updates: JsonList,
    relation: Relation = TABLES,
) -> Loaded:
    """Commit to one table or view.

    Raises `NoSuchTable` or `NoSuchView`, `CommitFailed` (a requirement does not hold),
    `BadRequest` (an update breaks a rule) and `CommitStateUnknown`.
    """
    wanted = _wanted(ctx, prefix, levels, name, requirements, updates, relation)

    def work() -> Loaded:
        (swap,) = _settle(ctx, [wanted])
        assert swap.location is not None  # noqa: S101 - a settled swap has a file
        return loaded(ctx, swap.resolved, swap.location, swap.data)

    return once(ctx, work, lambda outcome: replayed(ctx, wanted.named, outcome))


def commit_many(ctx: Context, prefix: str, table_changes: Sequence[Mapping[str, Any]]) -> None:
    """Commit to several tables atomically; one table may occur more than once."""
    if not table_changes:
        raise BadRequest("table-changes must not be empty")
    wanted = [
        _wanted(
            ctx,
            prefix,
            change["identifier"]["namespace"],
            change["identifier"]["name"],
            change["requirements"],
            change["updates"],
        )
        for change in table_changes
    ]
    once(ctx, lambda: _settle(ctx, wanted) and None, lambda _: None)


def _wanted(
    ctx: Context,
    prefix: str,
    levels: Sequence[str],
    name: str,
    requirements: JsonList,
    updates: JsonList,
    relation: Relation = TABLES,
) -> Wanted:
    """Resolve and authorise one change; raise `Denied`."""
    if relation is TABLES and iceberg_requirements.is_create(list(requirements)):
        return Wanted(named_new(ctx, prefix, levels, name), requirements, updates)
    return Wanted(named(ctx, prefix, levels, name, "write", relation), requirements, updates)


def _settle(ctx: Context, wanted: Sequence[Wanted]) -> list[Swap]:
    try:
        swaps = retry_conflicts(ctx, "commit", lambda: _attempt(ctx, wanted))
    except PangolinError as error:
        metrics.commit("conflicted" if isinstance(error, CommitFailed) else "failed")
        raise
    metrics.commit("succeeded")
    for swap in swaps:
        metadata_expiry.after_commit(ctx, swap.resolved, swap.base, swap.new, swap.entry.doc)
    return swaps


def _attempt(ctx: Context, wanted: Sequence[Wanted]) -> list[Swap]:
    swaps: dict[Address, Swap] = {}
    for each in wanted:
        address = each.named.address
        swaps[address] = _fold(ctx, swaps.get(address) or _open(ctx, each.named), each)
    changed = [swap for swap in swaps.values() if swap.is_changed]
    if changed:
        with staged(ctx) as files:
            changes = _batch([change for swap in changed for change in _write(ctx, swap, files)])
            _apply(ctx, changed, changes)
    for swap in swaps.values():
        swap.location = swap.location or swap.base_location
    return list(swaps.values())


def _apply(ctx: Context, swaps: Sequence[Swap], changes: Sequence[Change]) -> None:
    first, *others = swaps
    if not others:
        batch.apply(ctx, changes, first.event, outcome={"metadata-location": first.location})
    else:
        what = Resource("catalog", (first.named.address.prefix,))
        whole = AuditEvent(AuditAction.COMMIT_TRANSACTION, what)
        batch.apply(ctx, changes, whole, *(swap.event for swap in swaps), outcome={})


def _open(ctx: Context, wanted: Named) -> Swap:
    if wanted.action == "create":
        return _open_create(ctx, wanted)
    target = find(ctx, wanted)
    resolved, location = target.resolved, target.metadata_location
    held: list[Change] = [resolved.hold()]
    base = metadata_files.parse(metadata_files.read(ctx, resolved, location), location)
    if target.doc.get("foreign") and wanted.relation is TABLES:
        base = iceberg_read.table_metadata(base)
    return Swap(wanted, resolved, target.entry, base, base, held)


def _open_create(ctx: Context, wanted: Named) -> Swap:
    _, entry = look(ctx, wanted.address)
    if entry.doc is not None and entry.doc["type"] == wanted.relation.type:
        raise CommitFailed("Requirement failed: table already exists")
    slot = find_free(ctx, wanted)
    return Swap(wanted, slot.resolved, slot.entry, None, None, slot.hold())


def _fold(ctx: Context, swap: Swap, wanted: Wanted) -> Swap:
    requirements, updates = list(wanted.requirements), list(wanted.updates)
    if swap.named.relation is VIEWS:
        assert swap.new is not None  # noqa: S101 - a view is never opened without its base
        iceberg_requirements.check_view(swap.new, requirements)
        swap.new = iceberg_view.apply_updates(swap.new, updates, now_ms=ctx.now())
        return swap
    iceberg_requirements.check_table(swap.new, requirements)
    # Folding a second change onto the first must not log a file that was never written.
    fresh = swap.new is swap.base
    previous = metadata_expiry.logged(ctx, swap.resolved, swap.entry) if fresh else None
    swap.new = iceberg_table.apply_updates(
        swap.new, updates, now_ms=ctx.now(), metadata_location=previous, uuid=str(uuid4())
    )
    return swap


def _write(ctx: Context, swap: Swap, files: Staged) -> list[Change]:
    assert swap.new is not None  # noqa: S101 - only changed swaps are written
    relation = swap.named.relation
    if relation is TABLES:
        swap.new = metadata_expiry.spared(ctx, swap.entry, swap.base, swap.new)
    doc = _record(ctx, swap, swap.new)
    claims = location_claims.check(ctx, swap.resolved, Claimant(doc["id"]), swap.base, swap.new)
    swap.location = next_metadata_location(
        swap.new, swap.base_location, str(uuid4()), default_codec=relation.codec
    )
    swap.data = metadata_files.dump(swap.new)
    files.write(swap.resolved, swap.location, swap.data)
    doc["metadata_location"] = swap.location
    swap.doc = doc
    put = entries.write(swap.resolved, ASSETS, doc, swap.entry.own)
    return [*swap.held, *claims, *put]


def _record(ctx: Context, swap: Swap, new: Metadata) -> AssetDoc:
    if swap.entry.doc is None:
        return new_entry(swap.named, new, ctx.now())
    of_the_file = ("foreign", "shared")
    kept = {key: value for key, value in swap.entry.doc.items() if key not in of_the_file}
    moved = {"location": new["location"], "updated_at_ms": ctx.now()}
    return cast(AssetDoc, kept | moved)


def _batch(listed: Sequence[Change]) -> list[Change]:
    """Drop repeated changes; refuse two that disagree about one record."""
    kept: dict[tuple[str, Kind, Key], Change] = {}
    for change in listed:
        before = kept.setdefault((type(change).__name__, change.kind, _key(change)), change)
        if before == change:
            continue
        if change.kind is CLAIM:
            raise BadRequest("two tables of one transaction claim the same location")
        # The record was read at two versions, so the reads raced with another commit.
        raise Conflict(change)
    return list(kept.values())


def _key(change: Change) -> Key:
    if isinstance(change, Put):
        return tuple(change.doc[name] for name in change.kind.key if name != "tenant")
    return change.prefix if isinstance(change, RequireEmpty) else change.key
