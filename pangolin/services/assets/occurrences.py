"""Assets by their id: where one is visible, and whether a principal may act on it everywhere.

An asset keeps its id on every ref and through every rename, so what belongs to the id (a grant, a
tag) applies everywhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pangolin.errors import NoSuchAsset, NotFound
from pangolin.services.authz.access import allows_asset, require_target
from pangolin.services.authz.actions import Action
from pangolin.services.authz.rights import Target
from pangolin.services.authz.rights_loader import catalog_names
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.versioned import entries
from pangolin.services.versioned.entries import ASSETS
from pangolin.services.versioned.resolution import MAIN, resolve
from pangolin.store.documents import AssetDoc
from pangolin.store.kinds import ASSET, REF, SEPARATOR


@dataclass(frozen=True, slots=True)
class AssetOccurrence:
    """An asset as one ref of a catalog shows it."""

    catalog: str
    ref: str
    doc: AssetDoc

    @property
    def levels(self) -> list[str]:
        """The levels of its namespace."""
        return list(self.doc["namespace"].split(SEPARATOR))

    @property
    def resource(self) -> Resource:
        """The asset as a resource, for access decisions and events."""
        path = (f"{self.catalog}@{self.ref}", *self.levels, self.doc["name"])
        return Resource("asset", path)


def readable(ctx: Context, asset_id: str) -> AssetOccurrence:
    """Find an asset, table or view where it may be read, preferably on main.

    Raises `NoSuchAsset`, also if it may not be read.
    """
    for occurrence in _sightings(ctx, asset_id):
        if allows_asset(ctx, "read", occurrence.resource, asset_id):
            return occurrence
    raise NoSuchAsset(f"Asset does not exist: {asset_id}")


def require_everywhere(
    ctx: Context, actions: Iterable[Action], occurrence: AssetOccurrence
) -> None:
    """Raise `Denied` unless all the actions are allowed wherever the asset is or was."""
    wanted, where = sorted(actions), targets(ctx, occurrence.doc["id"])
    for action in wanted:
        for target in where:
            require_target(ctx, action, target, occurrence.resource)


def targets(ctx: Context, asset_id: str) -> list[Target]:
    """List an asset's targets, one for each namespace it is or was in; each with all refs."""
    rows = list(entries.rows_of(ctx, [asset_id]))
    names = catalog_names(ctx, (row["catalog"] for row in rows))
    found = {(names[row["catalog"]], row["namespace"]) for row in rows if row["catalog"] in names}
    return [Target(catalog, None, path, asset_id) for catalog, path in sorted(found)]


def _sightings(ctx: Context, asset_id: str) -> Iterator[AssetOccurrence]:
    """Find the asset under every name it has or had, on every ref of its catalog, main first."""
    rows = list(entries.rows_of(ctx, [asset_id]))
    names = catalog_names(ctx, (row["catalog"] for row in rows))
    keys = dict.fromkeys((row["catalog"], row["namespace"], row["name"]) for row in rows)
    for catalog, path, name in keys:
        if catalog not in names:
            continue
        refs = [str(record.doc["name"]) for record in ctx.store.scan(REF, (catalog,))]
        for ref in sorted(refs, key=lambda ref: ref != MAIN):
            doc = _seen(ctx, f"{names[catalog]}@{ref}", (path, name))
            if doc is not None and doc["id"] == asset_id:
                yield AssetOccurrence(names[catalog], ref, doc)


def _seen(ctx: Context, prefix: str, key: tuple[str, str]) -> AssetDoc | None:
    try:
        resolved, (rows,) = resolve(ctx, prefix, [(ASSET, key)])
    except NotFound:
        return None
    return entries.visible_entry(ctx.store, resolved, ASSETS, key, rows).doc
