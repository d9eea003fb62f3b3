"""Assets by their id: where one is seen, and whether somebody may act on it wherever it is.

An asset keeps its id on every ref and through every rename, so what is said of the id (a grant, a
tag) holds in all these places.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pangolin.errors import NoSuchAsset, NotFound
from pangolin.services.authz.access import allows_asset, require_target
from pangolin.services.authz.rights import Target
from pangolin.services.authz.rights_loader import catalog_names
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.services.versioned import entries
from pangolin.services.versioned.entries import ASSETS
from pangolin.services.versioned.resolution import MAIN, locate
from pangolin.store.api import Doc
from pangolin.store.kinds import ASSET, REF, SEPARATOR


@dataclass(frozen=True, slots=True)
class Sighting:
    """An asset as one ref of a catalog shows it."""

    catalog: str
    ref: str
    doc: Doc

    @property
    def levels(self) -> list[str]:
        """The levels of its namespace."""
        return list(self.doc["namespace"].split(SEPARATOR))

    @property
    def resource(self) -> Resource:
        """The asset for access decisions and events."""
        path = (f"{self.catalog}@{self.ref}", *self.levels, self.doc["name"])
        return Resource("asset", path)


def readable(scope: Scope, asset_id: str) -> Sighting:
    """Find an asset, table or view where it may be read, on main if it is there.

    Raises `NoSuchAsset`, also if it may not be read.
    """
    for sighting in _sightings(scope, asset_id):
        if allows_asset(scope, "read", sighting.resource, asset_id):
            return sighting
    raise NoSuchAsset(f"Asset does not exist: {asset_id}")


def require_everywhere(scope: Scope, actions: Iterable[str], sighting: Sighting) -> None:
    """Raise `Denied` unless all the actions are allowed wherever the asset lies or lay."""
    wanted, where = sorted(actions), targets(scope, sighting.doc["id"])
    for action in wanted:
        for target in where:
            require_target(scope, action, target, sighting.resource)


def targets(scope: Scope, asset_id: str) -> list[Target]:
    """List an asset's places, one for each namespace it lies or lay in; each with all refs."""
    rows = list(entries.rows_of(scope, [asset_id]))
    names = catalog_names(scope, (row["catalog"] for row in rows))
    places = {(names[row["catalog"]], row["namespace"]) for row in rows if row["catalog"] in names}
    return [Target(catalog, None, path, asset_id) for catalog, path in sorted(places)]


def _sightings(scope: Scope, asset_id: str) -> Iterator[Sighting]:
    """Look under every name the asset has or had, on every ref of its catalog, main first."""
    rows = list(entries.rows_of(scope, [asset_id]))
    names = catalog_names(scope, (row["catalog"] for row in rows))
    keys = dict.fromkeys((row["catalog"], row["namespace"], row["name"]) for row in rows)
    for catalog, path, name in keys:
        if catalog not in names:
            continue
        refs = [str(record.doc["name"]) for record in scope.store.scan(REF, (catalog,))]
        for ref in sorted(refs, key=lambda ref: ref != MAIN):
            doc = _seen(scope, f"{names[catalog]}@{ref}", (path, name))
            if doc is not None and doc["id"] == asset_id:
                yield Sighting(names[catalog], ref, doc)


def _seen(scope: Scope, prefix: str, key: tuple[str, str]) -> Doc | None:
    try:
        place, (rows,) = locate(scope, prefix, [(ASSET, key)])
    except NotFound:
        return None
    return entries.pick(scope.store, place, ASSETS, key, rows).doc
