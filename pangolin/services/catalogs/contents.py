"""The contents of a catalog: its summary, its tree of namespaces, and whether it is empty."""

from pangolin.errors import InUse
from pangolin.services.authz.access import require
from pangolin.services.catalogs import cascade
from pangolin.services.catalogs import namespaces as spaces
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.versioned import listing
from pangolin.services.versioned.entries import TYPES
from pangolin.services.versioned.resolution import MAIN, find_catalog, resolve
from pangolin.store.api import Change, Put, Record, RequireEmpty
from pangolin.store.documents import CatalogDoc
from pangolin.store.kinds import ASSET, LINE, REF


def summary(ctx: Context, name: str) -> Json:
    """Count what a catalog shows on main, and its refs; raise `NoSuchCatalog`."""
    require(ctx, "read", Resource("catalog", (name,)))
    catalog = find_catalog(ctx, name).doc
    resolved, _ = resolve(ctx, name)
    counts = listing.live_counts(ctx.store, resolved)
    return {
        "name": name,
        **{f"{kind}_count": counts[kind] for kind in (*TYPES, "namespace")},
        "branch_count": count_refs(ctx, catalog["id"], "branch"),
        "tag_count": count_refs(ctx, catalog["id"], "tag"),
        "storage_location": catalog["storage_location"],
    }


def tree(ctx: Context, prefix: str) -> Json:
    """Nest the namespaces of a catalog, or of `catalog@ref`, under `root`."""
    return {"root": spaces.tree(ctx, prefix)}


def count_refs(ctx: Context, catalog_id: str, kind: str) -> int:
    """Count a catalog's branches or tags."""
    return ctx.store.count(REF, (catalog_id, kind), index="type")


def require_empty(
    ctx: Context, catalog: Record[CatalogDoc], verdict: str, *, namespaces: bool = False
) -> list[Change]:
    """List the changes that keep a catalog empty until a batch is in.

    Raises `InUse` with the counts of the first non-empty ref; `namespaces` includes namespaces.
    """
    name, catalog_id = catalog.doc["name"], catalog.doc["id"]
    refs = [record.doc for record in ctx.store.scan(REF, (catalog_id,))]
    refs.sort(key=lambda ref: ref["name"] != MAIN)
    batch: list[Change] = []
    for ref in refs:
        resolved, _ = resolve(ctx, f"{name}@{ref['name']}")
        counts = listing.live_counts(ctx.store, resolved)
        if not namespaces:
            del counts["namespace"]
        if any(counts.values()):
            held = cascade.tally(counts)
            raise InUse(
                f"catalog {name} {verdict}: {ref['name']} holds {held}",
                details={key: count for key, count in counts.items() if count},
            )
        if ref["type"] == "branch":
            batch += _empty_line(catalog_id, ref["line"])
            if namespaces:
                # A concurrent creation at the old location fails, and is retried at the new one.
                line = resolved.branch_line()
                batch.append(Put(LINE, line.doc, line.version))
    return batch


def _empty_line(catalog_id: str, line: str) -> list[Change]:
    return [RequireEmpty(ASSET, (catalog_id, line, kind), index="listed") for kind in TYPES]
