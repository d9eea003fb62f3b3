"""Ordered pages of what a ref shows, merged from its line and its bases, nearest first."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, Final, Generic

from pangolin.services.context import pages
from pangolin.services.versioned import entries
from pangolin.services.versioned.entries import ASSETS, NAMESPACES, TYPES, EntryKind
from pangolin.services.versioned.resolution import ResolvedRef
from pangolin.store.api import D, Key, Kind
from pangolin.store.kinds import ASSET
from pangolin.store.scoped import ScopedStore

Row = tuple[Key, D]
BATCH: Final = 250


@dataclass(frozen=True, slots=True)
class Visible:
    """What may be seen of a container: names that come into question, and what to keep of them.

    `namespaces` are paths, `assets` are names; both in order.
    """

    namespaces: Sequence[str]
    assets: Sequence[str]
    keep: Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Query(Generic[D]):
    """The entries of one kind directly in `parent`, in name order, beyond `after`.

    `type` narrows assets to `table`, `view` or `asset`. Without a limit everything is read.
    """

    resolved: ResolvedRef
    kind: EntryKind[D]
    parent: str
    type: str | None = None
    after: str | None = None
    limit: int | None = None

    @property
    def is_of_namespaces(self) -> bool:
        """Whether namespaces are asked for, and not assets."""
        return self.kind is NAMESPACES

    @property
    def batch(self) -> int:
        """How many rows to read at a time."""
        return BATCH if self.limit is None else min(self.limit + 1, 1000)

    @property
    def beyond(self) -> Key | None:
        """Where reading begins, as a store takes it."""
        return None if self.after is None else (self.after,)

    def is_wanted(self, doc: Mapping[str, Any]) -> bool:
        """Return whether an entry is of the type that is asked for."""
        return self.type is None or bool(doc["type"] == self.type)


def page(
    store: ScopedStore, query: Query[D], visible: Visible | None = None
) -> tuple[list[D], str | None]:
    """Read a page, of those that are `visible` if given, and the `after` of the next page.

    Pages are full also where only a part may be seen.
    """
    rows = _in_parent(store, query) if visible is None else _visible(store, query, visible)
    return pages.cut(rows, query.limit, lambda doc: str(query.kind.name_of(doc)[-1]))


def everything(
    store: ScopedStore, resolved: ResolvedRef, kind: EntryKind[D], after: Key | None = None
) -> Iterator[D]:
    """Iterate over all live entries of a ref in name order."""
    return _Merge(store, resolved, kind).entries(after=after)


def is_empty(store: ScopedStore, resolved: ResolvedRef, path: str) -> bool:
    """Return whether a namespace holds no child namespace and no asset."""
    children = _Merge(store, resolved, NAMESPACES, (path,), "children").entries()
    return not any(chain(children, _Merge(store, resolved, ASSETS, (path,)).entries()))


def live_counts(store: ScopedStore, resolved: ResolvedRef) -> dict[str, int]:
    """Count a ref's tables, views, assets and namespaces."""
    if _is_plain(resolved):
        counts = {name: store.count(ASSET, resolved.key(name), index="listed") for name in TYPES}
    else:
        counts = dict.fromkeys(TYPES, 0)
        for doc in everything(store, resolved, ASSETS):
            counts[doc["type"]] += 1
    return counts | {"namespace": sum(1 for _ in everything(store, resolved, NAMESPACES))}


def _in_parent(store: ScopedStore, query: Query[D]) -> Iterator[D]:
    if _is_plain(query.resolved):
        return _plain(store, query)
    index = "children" if query.is_of_namespaces else None
    merge = _Merge(store, query.resolved, query.kind, (query.parent,), index)
    return filter(query.is_wanted, merge.entries(query.beyond))


def _visible(store: ScopedStore, query: Query[D], visible: Visible) -> Iterator[D]:
    spaces = query.is_of_namespaces
    names = visible.namespaces if spaces else visible.assets

    def read(batch: Sequence[str]) -> list[D | None]:
        keys = [(name,) if spaces else (query.parent, name) for name in batch]
        found = entries.get_many(store, query.resolved, query.kind, keys)
        return [entry.doc for entry in found]

    docs = pages.chosen(names, query.after, query.limit, read)
    return filter(query.is_wanted, filter(visible.keep, docs))


def _is_plain(resolved: ResolvedRef) -> bool:
    return len(resolved.lineage) == 1 and not resolved.is_tag


def _plain(store: ScopedStore, query: Query[D]) -> Iterator[D]:
    """Read from the one line there is, whose index skips tombstones."""
    if query.is_of_namespaces:
        return (doc for _, doc in _listed(store, query, query.parent))
    types = TYPES if query.type is None else (query.type,)
    streams = [_listed(store, query, type_, query.parent) for type_ in types]
    return (doc for _, doc in heapq.merge(*streams, key=itemgetter(0)))


def _listed(store: ScopedStore, query: Query[D], *prefix: str) -> Iterator[Row[D]]:
    key = query.resolved.key(*prefix)
    return _rows(store, query.kind.live, key, "listed", query.beyond, query.batch)


@dataclass(frozen=True, slots=True)
class _Merge(Generic[D]):
    """The entries under a prefix as a ref shows them: of each name, the version nearest to it."""

    store: ScopedStore
    resolved: ResolvedRef
    kind: EntryKind[D]
    prefix: Key = ()
    index: str | None = None

    def entries(self, after: Key | None = None) -> Iterator[D]:
        """Iterate over what is live, in name order."""
        levels = [self._level(line, epoch, after) for line, epoch in self.resolved.lineage]
        # heapq.merge is stable: among equal names the nearest line comes first.
        for _, same in groupby(heapq.merge(*levels, key=itemgetter(0)), key=itemgetter(0)):
            doc = next(same)[1]
            if not doc.get("dead"):
                yield doc

    def _level(self, line: str, epoch: int | None, after: Key | None) -> Iterator[Row[D]]:
        """Iterate over one line as it was in an epoch (None: as it is now)."""
        live = self._named(self.kind.live, line, after)
        if epoch is None:
            yield from live
            return
        past = self._named(self.kind.past, line, after)
        both = heapq.merge(live, past, key=itemgetter(0))
        seen = (row for row in both if row[1]["epoch"] <= epoch)
        for name, same in groupby(seen, key=itemgetter(0)):
            yield name, max((doc for _, doc in same), key=itemgetter("epoch"))

    def _named(self, kind: Kind[D], line: str, after: Key | None) -> Iterator[Row[D]]:
        prefix = (self.resolved.catalog_id, line, *self.prefix)
        rows = _rows(self.store, kind, prefix, self.index, after)
        return ((self.kind.name_of(doc), doc) for _, doc in rows)


def _rows(
    store: ScopedStore,
    kind: Kind[D],
    prefix: Key,
    index: str | None,
    after: Key | None,
    batch: int = BATCH,
) -> Iterator[Row[D]]:
    order = kind.order(index)[1 + len(prefix) :]
    # A past kind's order ends in the epoch: skip every version of the name `after`.
    if after is not None and "epoch" in order:
        after = (*after, 2**62)
    while True:
        found = store.page(kind, prefix, index=index, after=after, limit=batch)
        for record in found.records:
            yield tuple(record.doc[field] for field in order), record.doc
        if found.after is None:
            return
        after = found.after
