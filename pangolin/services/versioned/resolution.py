"""A catalog at a ref, resolved and read in one round trip when warm.

Names are resolved to ids once and remembered as hints. A hint is never trusted: the records it
came from are read again together with what the request wants, and a hint that no longer fits is
dropped. So a warm read is one round trip and still never stale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from pangolin.errors import BadRequest, NoSuchCatalog, NoSuchRef, Unavailable
from pangolin.services.context.context import Context
from pangolin.services.context.runtime import Part
from pangolin.store.api import (
    Key,
    Kind,
    Record,
    Require,
)
from pangolin.store.documents import CatalogDoc, LineDoc, RefDoc, WarehouseDoc
from pangolin.store.kinds import CATALOG, LINE, REF, WAREHOUSE
from pangolin.store.lru import Lru

MAIN = "main"
Lineage = tuple[tuple[str, int | None], ...]
Rows = list[Record | None]


@dataclass(frozen=True)
class ResolvedRef:
    """A catalog at a ref: the records that define it.

    `lineage` lists (line, epoch) from the ref's own line down to its oldest base; the epoch is None
    on a branch's own line, which is read in its current state. `line` is a branch's own line; a
    tag needs none, and may outlive the branch it was made on.
    """

    catalog: Record[CatalogDoc]
    ref: Record[RefDoc]
    line: Record[LineDoc] | None
    warehouse: Record[WarehouseDoc]
    lineage: Lineage

    @cached_property
    def catalog_id(self) -> str:
        """The catalog's id, the second part of every key below it."""
        return str(self.catalog.doc["id"])

    @cached_property
    def line_id(self) -> str:
        """The id of the ref's own line."""
        return self.lineage[0][0]

    @property
    def is_tag(self) -> bool:
        """Whether the ref is a tag, and so read-only."""
        return bool(self.ref.doc["type"] == "tag")

    @property
    def prefix(self) -> str:
        """The ref as an Iceberg prefix: `catalog` or `catalog@ref`."""
        name, ref = str(self.catalog.doc["name"]), str(self.ref.doc["name"])
        return name if ref == MAIN else f"{name}@{ref}"

    def key(self, *rest: str) -> Key:
        """Build the key of an entry on the ref's own line."""
        return (self.catalog_id, self.line_id, *rest)

    def branch_line(self) -> Record[LineDoc]:
        """Return the line that a write changes; raise `BadRequest` on a tag."""
        if self.line is None:
            raise BadRequest(f"{self.ref.doc['name']} is a tag, and a tag is read-only")
        return self.line

    def hold(self) -> Require:
        """Return the change that keeps the line unforked and undeleted until a batch is in."""
        return Require(LINE, (self.catalog_id, self.line_id), self.branch_line().version)


@dataclass(frozen=True, slots=True)
class _Resolution:
    catalog_id: str
    warehouse: str
    lineage: Lineage


# What names were resolved to, by tenant, catalog and ref.
RESOLUTIONS: Final = Part(lambda runtime: Lru[tuple[str, str, str], _Resolution]())


@lru_cache(maxsize=4096)
def split_prefix(prefix: str) -> tuple[str, str]:
    """Split `catalog` or `catalog@ref` into the two names."""
    catalog, _, ref = prefix.partition("@")
    return catalog, ref or MAIN


def lineage_of(ref: RefDoc) -> Lineage:
    """List the (line, epoch) pairs that a ref reads, nearest first."""
    own = (ref["line"], ref["epoch"] if ref["type"] == "tag" else None)
    return (own, *((line, epoch) for line, epoch in ref["bases"]))


def resolve(
    ctx: Context, prefix: str, wanted: Sequence[tuple[Kind, Key]] = ()
) -> tuple[ResolvedRef, list[Rows]]:
    """Resolve a prefix and read entries (kind, names below the line) on each line of its chain.

    Raises `NoSuchCatalog` and `NoSuchRef`.
    """
    catalog, ref = split_prefix(prefix)
    hints, name = ctx.runtime.part(RESOLUTIONS), (ctx.tenant, catalog, ref)
    for _ in range(4):
        hint = hints.get(name) or _resolve(ctx, catalog, ref)
        found = _read(ctx, catalog, ref, hint, wanted)
        if found is not None:
            hints.put(name, hint)
            return found
        hints.drop(name)
    raise Unavailable(f"{prefix} is being renamed or replaced; try again")


def _resolve(ctx: Context, catalog: str, ref: str) -> _Resolution:
    found = find_catalog(ctx, catalog)
    record = ctx.store.get(REF, (found.doc["id"], ref))
    if record is None:
        raise NoSuchRef(f"Branch or tag does not exist: {ref} in catalog {catalog}")
    warehouse = ctx.store.find(WAREHOUSE, "id", (found.doc["warehouse_id"],))
    if warehouse is None:
        raise Unavailable(f"the warehouse of catalog {catalog} is being removed")
    return _Resolution(found.doc["id"], warehouse.doc["name"], lineage_of(record.doc))


def find_catalog(ctx: Context, name: str) -> Record[CatalogDoc]:
    """Read a catalog by name; raise `NoSuchCatalog`."""
    found = ctx.store.get(CATALOG, (name,))
    if found is None:
        raise NoSuchCatalog(f"Catalog does not exist: {name}")
    return found


def _read(
    ctx: Context, catalog: str, ref: str, hint: _Resolution, wanted: Sequence[tuple[Kind, Key]]
) -> tuple[ResolvedRef, list[Rows]] | None:
    lines = [line for line, _ in hint.lineage]
    records = ctx.store.get_many(
        [
            (CATALOG, (catalog,)),
            (REF, (hint.catalog_id, ref)),
            (LINE, (hint.catalog_id, lines[0])),
            (WAREHOUSE, (hint.warehouse,)),
            *((kind, (hint.catalog_id, line, *key)) for kind, key in wanted for line in lines),
        ]
    )
    resolved = _verified(hint, records[:4])
    if resolved is None:
        return None
    rest, width = records[4:], len(lines)
    return resolved, [rest[at : at + width] for at in range(0, len(rest), width)]


def _verified(hint: _Resolution, records: Rows) -> ResolvedRef | None:
    catalog, ref, line, warehouse = records
    if catalog is None or ref is None or warehouse is None:
        return None
    if ref.doc["type"] == "tag":
        line = None
    elif line is None:
        return None
    fits = (
        catalog.doc["id"] == hint.catalog_id
        and lineage_of(ref.doc) == hint.lineage
        and warehouse.doc["id"] == catalog.doc["warehouse_id"]
    )
    return ResolvedRef(catalog, ref, line, warehouse, hint.lineage) if fits else None


def exists(ctx: Context, catalog_id: str, name: str) -> bool:
    """Return whether a catalog (by id) has a ref of this name."""
    return ctx.store.get(REF, (catalog_id, name)) is not None
