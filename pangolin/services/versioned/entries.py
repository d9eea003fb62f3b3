"""Entries (namespaces and assets) on lines: reading at a ref, and writing on a branch.

An entry carries the epoch of its line in which it was written. Overwriting one that a fork may
still see first copies it to the past versions; dropping one leaves a tombstone (`dead`). What a
fork sees therefore never changes, and nothing is copied when the fork is made.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, cast

from pangolin.services.context.context import Context
from pangolin.services.versioned.resolution import ResolvedRef, Rows
from pangolin.store import find_many
from pangolin.store.api import ABSENT, Change, D, Delete, Doc, Key, Kind, Put, Record
from pangolin.store.documents import AssetDoc, NamespaceDoc
from pangolin.store.kinds import ASSET, NAMESPACE, PAST_ASSET, PAST_NAMESPACE, parent_of
from pangolin.store.scoped import ScopedStore


@dataclass(frozen=True, slots=True)
class EntryKind(Generic[D]):
    """A kind of entry, the kind of its past versions, and the key fields that name it."""

    live: Kind[D]
    past: Kind[D]
    name: tuple[str, ...]

    def name_of(self, doc: Mapping[str, Any]) -> Key:
        """Return an entry's name: its key below the line."""
        return tuple(doc[field] for field in self.name)


NAMESPACES: Final[EntryKind[NamespaceDoc]] = EntryKind(NAMESPACE, PAST_NAMESPACE, ("path",))
ASSETS: Final[EntryKind[AssetDoc]] = EntryKind(ASSET, PAST_ASSET, ("namespace", "name"))


@dataclass(frozen=True, slots=True)
class Entry(Generic[D]):
    """What a ref shows under a name (`doc`, None if nothing), and its own line's record."""

    doc: D | None
    own: Record[D] | None

    @property
    def is_own(self) -> bool:
        """Whether the visible version is on the ref's own line."""
        return self.own is not None and self.doc is self.own.doc


@dataclass(frozen=True, slots=True)
class Found(Generic[D]):
    """What a ref shows under a name that exists, and its own line's record."""

    resolved: ResolvedRef
    doc: D
    own: Record[D] | None

    @property
    def entry(self) -> Entry[D]:
        """The same as an entry that may be missing."""
        return Entry(self.doc, self.own)


def get(store: ScopedStore, resolved: ResolvedRef, entry_kind: EntryKind[D], name: Key) -> Entry[D]:
    """Read what a ref shows under a name."""
    return get_many(store, resolved, entry_kind, [name])[0]


def get_many(
    store: ScopedStore, resolved: ResolvedRef, entry_kind: EntryKind[D], names: Sequence[Key]
) -> list[Entry[D]]:
    """Read what a ref shows under names, in one round trip if no past version is needed."""
    lines = [line for line, _ in resolved.lineage]
    rows = store.get_many(
        [(entry_kind.live, (resolved.catalog_id, line, *name)) for name in names for line in lines]
    )
    width = len(lines)
    return [
        visible_entry(store, resolved, entry_kind, name, rows[at * width : (at + 1) * width])
        for at, name in enumerate(names)
    ]


def visible_entry(
    store: ScopedStore, resolved: ResolvedRef, entry_kind: EntryKind[D], name: Key, rows: Rows
) -> Entry[D]:
    """Choose among the rows of each line of the chain, reading past versions where needed."""
    for (line, epoch), row in zip(resolved.lineage, rows, strict=True):
        doc = _as_of(store, entry_kind, (resolved.catalog_id, line, *name), row, epoch)
        if doc is not None:
            return Entry(None if doc.get("dead") else doc, rows[0])
    return Entry(None, rows[0])


def _as_of(
    store: ScopedStore, entry_kind: EntryKind[D], key: Key, row: Record[D] | None, epoch: int | None
) -> D | None:
    if row is None or epoch is None or row.doc["epoch"] <= epoch:
        return row.doc if row else None
    if not row.doc.get("past"):
        return None
    older = store.page(entry_kind.past, key, after=(epoch + 1,), limit=1, reverse=True).records
    return older[0].doc if older else None


def is_shared(resolved: ResolvedRef, entry: Entry) -> bool:
    """Return whether another ref, or the past, still shows a version that the ref overwrites."""
    if entry.own is None or not entry.is_own:
        return True
    return bool(entry.own.doc["epoch"] < resolved.branch_line().doc["epoch"])


def write(
    resolved: ResolvedRef, entry_kind: EntryKind[D], doc: D, own: Record[D] | None
) -> list[Change]:
    """List the changes that put `doc` on the ref's line over `own`; add `resolved.hold()` once."""
    now = resolved.branch_line().doc["epoch"]
    changes, past = _keep(resolved, entry_kind, own)
    fields = {"catalog": resolved.catalog_id, "line": resolved.line_id, "epoch": now}
    fresh = {key: value for key, value in doc.items() if key not in ("past", "dead", "epoch")}
    if past:
        fields["past"] = True
    put = Put(entry_kind.live, cast(D, fresh | fields), own.version if own else ABSENT)
    return [*changes, put]


def drop(
    resolved: ResolvedRef, entry_kind: EntryKind, name: Key, own: Record | None
) -> list[Change]:
    """List the changes that remove a visible entry: a delete, or a tombstone that hides it."""
    changes, past = _keep(resolved, entry_kind, own)
    if own is not None and not past and len(resolved.lineage) == 1:
        return [Delete(entry_kind.live, resolved.key(*map(str, name)), own.version)]
    dead: Doc = dict(zip(entry_kind.name, name, strict=True))
    dead |= {"catalog": resolved.catalog_id, "line": resolved.line_id, "dead": True}
    dead |= {"epoch": resolved.branch_line().doc["epoch"], "past": past}
    if entry_kind is NAMESPACES:
        dead["parent"] = parent_of(str(name[0]))
    return [*changes, Put(entry_kind.live, dead, own.version if own else ABSENT)]


def _keep(
    resolved: ResolvedRef, entry_kind: EntryKind, own: Record | None
) -> tuple[list[Change], bool]:
    if own is None:
        return [], False
    past = bool(own.doc.get("past"))
    if own.doc["epoch"] >= resolved.branch_line().doc["epoch"]:
        return [], past
    return [Put(entry_kind.past, own.doc, ABSENT)], True


TYPES: Sequence[str] = ("table", "view", "asset")


def rows_of(ctx: Context, assets: Iterable[str]) -> Iterator[AssetDoc]:
    """Iterate over the entries of assets, given by id, on all lines, past versions included."""
    ids = list(assets)
    for kind in (ASSETS.live, ASSETS.past):
        for record in find_many.find_many(ctx.store, kind, "id", ids):
            yield record.doc
