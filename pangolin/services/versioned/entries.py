"""Entries (namespaces and assets) on lines: reading at a place, and writing on a branch.

An entry carries the epoch of its line in which it was written. Overwriting one that a fork may
still see first copies it to the past; dropping one leaves a tombstone (`dead`). What a fork sees
therefore never changes, and nothing is copied when the fork is made.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pangolin.services.context.scope import Scope
from pangolin.services.versioned.resolution import Place, Rows
from pangolin.store import find_many
from pangolin.store.api import ABSENT, Change, Delete, Doc, Key, Kind, Put, Record
from pangolin.store.kinds import ASSET, NAMESPACE, PAST_ASSET, PAST_NAMESPACE, parent_of
from pangolin.store.scoped import ScopedStore


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of entry, the kind of its past versions, and the key fields that name it."""

    live: Kind
    past: Kind
    name: tuple[str, ...]

    def name_of(self, doc: Doc) -> Key:
        """Read an entry's name: its key below the line."""
        return tuple(doc[field] for field in self.name)


NAMESPACES = Family(NAMESPACE, PAST_NAMESPACE, ("path",))
ASSETS = Family(ASSET, PAST_ASSET, ("namespace", "name"))


@dataclass(frozen=True, slots=True)
class Entry:
    """What a place shows under a name (`doc`, None if nothing), and its own line's record."""

    doc: Doc | None
    own: Record | None

    @property
    def is_own(self) -> bool:
        """Whether the visible version lies on the place's own line."""
        return self.own is not None and self.doc is self.own.doc


def get(store: ScopedStore, place: Place, family: Family, name: Key) -> Entry:
    """Read what a place shows under a name."""
    return get_many(store, place, family, [name])[0]


def get_many(store: ScopedStore, place: Place, family: Family, names: Sequence[Key]) -> list[Entry]:
    """Read what a place shows under names, in one round trip if none is in the past."""
    lines = [line for line, _ in place.chain]
    rows = store.get_many(
        [(family.live, (place.catalog_id, line, *name)) for name in names for line in lines]
    )
    width = len(lines)
    return [
        pick(store, place, family, name, rows[at * width : (at + 1) * width])
        for at, name in enumerate(names)
    ]


def pick(store: ScopedStore, place: Place, family: Family, name: Key, rows: Rows) -> Entry:
    """Choose among the rows of each line of the chain, looking into the past where needed."""
    for (line, epoch), row in zip(place.chain, rows, strict=True):
        doc = _as_of(store, family, (place.catalog_id, line, *name), row, epoch)
        if doc is not None:
            return Entry(None if doc.get("dead") else doc, rows[0])
    return Entry(None, rows[0])


def _as_of(
    store: ScopedStore, family: Family, key: Key, row: Record | None, epoch: int | None
) -> Doc | None:
    if row is None or epoch is None or row.doc["epoch"] <= epoch:
        return row.doc if row else None
    if not row.doc.get("past"):
        return None
    older = store.page(family.past, key, after=(epoch + 1,), limit=1, reverse=True).records
    return older[0].doc if older else None


def is_shared(place: Place, entry: Entry) -> bool:
    """Say whether another ref, or the past, goes on showing a version that the place overwrites."""
    if entry.own is None or not entry.is_own:
        return True
    return bool(entry.own.doc["epoch"] < place.branch_line().doc["epoch"])


def write(place: Place, family: Family, doc: Doc, own: Record | None) -> list[Change]:
    """List the changes that put `doc` on the place's line over `own`; add `place.hold()` once."""
    now = place.branch_line().doc["epoch"]
    changes, past = _keep(place, family, own)
    fields = {"catalog": place.catalog_id, "line": place.line_id, "epoch": now}
    fresh = {key: value for key, value in doc.items() if key not in ("past", "dead", "epoch")}
    if past:
        fields["past"] = True
    put = Put(family.live, fresh | fields, own.version if own else ABSENT)
    return [*changes, put]


def drop(place: Place, family: Family, name: Key, own: Record | None) -> list[Change]:
    """List the changes that remove a visible entry: a delete, or a tombstone if a fork may look."""
    changes, past = _keep(place, family, own)
    if own is not None and not past and len(place.chain) == 1:
        return [Delete(family.live, place.key(*map(str, name)), own.version)]
    dead: Doc = dict(zip(family.name, name, strict=True))
    dead |= {"catalog": place.catalog_id, "line": place.line_id, "dead": True}
    dead |= {"epoch": place.branch_line().doc["epoch"], "past": past}
    if family is NAMESPACES:
        dead["parent"] = parent_of(str(name[0]))
    return [*changes, Put(family.live, dead, own.version if own else ABSENT)]


def _keep(place: Place, family: Family, own: Record | None) -> tuple[list[Change], bool]:
    if own is None:
        return [], False
    past = bool(own.doc.get("past"))
    if own.doc["epoch"] >= place.branch_line().doc["epoch"]:
        return [], past
    return [Put(family.past, own.doc, ABSENT)], True


TYPES: Sequence[str] = ("table", "view", "asset")


def rows_of(scope: Scope, assets: Iterable[str]) -> Iterator[Doc]:
    """Iterate over the entries of assets, given by id, on all lines and in their pasts."""
    ids = list(assets)
    for kind in (ASSETS.live, ASSETS.past):
        for record in find_many.find_all(scope.store, kind, "id", ids):
            yield record.doc
