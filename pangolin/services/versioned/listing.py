"""Ordered pages of what a ref shows, merged from its line and its bases, nearest first."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter

from pangolin.services.context import pages
from pangolin.services.versioned import entries
from pangolin.services.versioned.entries import ASSETS, NAMESPACES, TYPES, EntryKind
from pangolin.services.versioned.resolution import ResolvedRef
from pangolin.store.api import Doc, Key, Kind
from pangolin.store.kinds import ASSET, NAMESPACE
from pangolin.store.scoped import ScopedStore


@dataclass(frozen=True, slots=True)
class Visible:
    """What may be seen of a container: names that come into question, and what to keep of them.

    `namespaces` are paths, `assets` are names; both in order.
    """

    namespaces: Sequence[str]
    assets: Sequence[str]
    keep: Callable[[Doc], bool]


Row = tuple[Key, Doc]
BATCH = 250


def page(
    store: ScopedStore,
    resolved: ResolvedRef,
    entry_kind: EntryKind,
    parent: str,
    *,
    type: str | None = None,  # noqa: A002 - the record field's name
    after: str | None = None,
    limit: int | None = None,
    visible: Visible | None = None,
) -> tuple[list[Doc], str | None]:
    """Read the entries directly in `parent` in name order, and the `after` of the next page.

    Of those that are `visible`, if given; pages are full all the same. `type` narrows assets to
    `table`, `view` or `asset`. Without a limit everything is returned.
    """
    if visible is None:
        rows = _in_parent(store, resolved, entry_kind, parent, type, after, limit)
    else:
        rows = _visible(store, resolved, entry_kind, parent, type, after, limit, visible)
    return pages.cut(rows, limit, lambda doc: str(entry_kind.name_of(doc)[-1]))


def everything(
    store: ScopedStore, resolved: ResolvedRef, entry_kind: EntryKind, after: Key | None = None
) -> Iterator[Doc]:
    """Iterate over all live entries of a ref in name order."""
    return _merged(store, resolved, entry_kind, (), None, after)


def is_empty(store: ScopedStore, resolved: ResolvedRef, path: str) -> bool:
    """Say whether a namespace holds no child namespace and no asset."""
    children = _merged(store, resolved, NAMESPACES, (path,), "children", None)
    return not any(chain(children, _merged(store, resolved, ASSETS, (path,), None, None)))


def live_counts(store: ScopedStore, resolved: ResolvedRef) -> dict[str, int]:
    """Count a ref's tables, views, assets and namespaces."""
    if _is_plain(resolved):
        counts = {name: store.count(ASSET, resolved.key(name), index="listed") for name in TYPES}
    else:
        counts = dict.fromkeys(TYPES, 0)
        for doc in everything(store, resolved, ASSETS):
            counts[doc["type"]] += 1
    return counts | {"namespace": sum(1 for _ in everything(store, resolved, NAMESPACES))}


def _in_parent(
    store: ScopedStore,
    resolved: ResolvedRef,
    entry_kind: EntryKind,
    parent: str,
    type_: str | None,
    after: str | None,
    limit: int | None,
) -> Iterator[Doc]:
    beyond = None if after is None else (after,)
    batch = BATCH if limit is None else min(limit + 1, 1000)
    if _is_plain(resolved):
        return _plain(store, resolved, entry_kind, parent, type_, beyond, batch)
    index = "children" if entry_kind is NAMESPACES else None
    merged = _merged(store, resolved, entry_kind, (parent,), index, beyond)
    return (doc for doc in merged if type_ is None or doc["type"] == type_)


def _visible(
    store: ScopedStore,
    resolved: ResolvedRef,
    entry_kind: EntryKind,
    parent: str,
    type_: str | None,
    after: str | None,
    limit: int | None,
    visible: Visible,
) -> Iterator[Doc]:
    spaces = entry_kind is NAMESPACES
    names = visible.namespaces if spaces else visible.assets

    def read(batch: Sequence[str]) -> list[Doc | None]:
        keys = [(name,) if spaces else (parent, name) for name in batch]
        return [entry.doc for entry in entries.get_many(store, resolved, entry_kind, keys)]

    docs = filter(visible.keep, pages.chosen(names, after, limit, read))
    return (doc for doc in docs if type_ is None or doc["type"] == type_)


def _is_plain(resolved: ResolvedRef) -> bool:
    return len(resolved.lineage) == 1 and not resolved.is_tag


def _plain(
    store: ScopedStore,
    resolved: ResolvedRef,
    entry_kind: EntryKind,
    parent: str,
    type_: str | None,
    after: Key | None,
    batch: int,
) -> Iterator[Doc]:
    if entry_kind is NAMESPACES:
        rows = _rows(store, NAMESPACE, resolved.key(parent), "listed", after, batch)
        return (doc for _, doc in rows)
    types = TYPES if type_ is None else (type_,)
    streams = [_rows(store, ASSET, resolved.key(t, parent), "listed", after, batch) for t in types]
    return (doc for _, doc in heapq.merge(*streams, key=itemgetter(0)))


def _merged(
    store: ScopedStore,
    resolved: ResolvedRef,
    entry_kind: EntryKind,
    prefix: Key,
    index: str | None,
    after: Key | None,
) -> Iterator[Doc]:
    levels = [
        _level(store, entry_kind, (resolved.catalog_id, line, *prefix), epoch, index, after)
        for line, epoch in resolved.lineage
    ]
    # heapq.merge is stable: among equal names the nearest line comes first.
    for _, same in groupby(heapq.merge(*levels, key=itemgetter(0)), key=itemgetter(0)):
        doc = next(same)[1]
        if not doc.get("dead"):
            yield doc


def _level(
    store: ScopedStore,
    entry_kind: EntryKind,
    prefix: Key,
    epoch: int | None,
    index: str | None,
    after: Key | None,
) -> Iterator[Row]:
    live = _named(entry_kind, _rows(store, entry_kind.live, prefix, index, after))
    if epoch is None:
        yield from live
        return
    past = _named(entry_kind, _rows(store, entry_kind.past, prefix, index, after))
    seen = (row for row in heapq.merge(live, past, key=itemgetter(0)) if row[1]["epoch"] <= epoch)
    for name, same in groupby(seen, key=itemgetter(0)):
        yield name, max((doc for _, doc in same), key=itemgetter("epoch"))


def _named(entry_kind: EntryKind, rows: Iterator[Row]) -> Iterator[Row]:
    return ((entry_kind.name_of(doc), doc) for _, doc in rows)


def _rows(
    store: ScopedStore,
    kind: Kind,
    prefix: Key,
    index: str | None,
    after: Key | None,
    batch: int = BATCH,
) -> Iterator[Row]:
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
