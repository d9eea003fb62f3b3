"""Lists of which only a part is visible: pages are full, and only that part is read."""

from collections.abc import Mapping
from typing import Any

from pangolin.services.authz import rights_loader
from pangolin.services.authz.rights import Rights, Target
from pangolin.services.authz.visible_tree import VisibleTree
from pangolin.services.context.context import Context
from pangolin.services.versioned import entries
from pangolin.services.versioned.listing import Visible


def tree_of(ctx: Context, held: Rights) -> VisibleTree:
    """Return the tree that rights make visible, built the first time."""
    if held.visible_tree is None:
        held.visible_tree = _build(ctx, held)
    return held.visible_tree


def visible(ctx: Context, held: Rights, catalog: str, path: str, ref: str) -> Visible:
    """Return the visible part of a container that may not be listed as a whole."""
    seen, spot = tree_of(ctx, held), (catalog, path)

    def keep(doc: Mapping[str, Any]) -> bool:
        if "namespace" in doc:
            target = Target(catalog, ref, doc["namespace"], doc["id"])
            return held.find("list", target) is not None
        if seen.contains_visible(catalog, doc["path"], ref):
            return True
        return held.find("list", Target(catalog, ref, doc["path"])) is not None

    spaces, assets = seen.namespaces.get(spot, ()), seen.assets.get(spot, ())
    return Visible(sorted(spaces), sorted(assets), keep)


def _build(ctx: Context, held: Rights) -> VisibleTree:
    seen = VisibleTree()
    for catalog, granted in held.catalogs.items():
        seen.add(catalog, "", (each.ref for each in granted))
    for catalog, below in held.namespaces.items():
        for path, granted in below.items():
            seen.add(catalog, path, (each.ref for each in granted))
    rows = list(entries.rows_of(ctx, held.assets))
    names = rights_loader.catalog_names(ctx, (row["catalog"] for row in rows))
    for row in rows:
        if row["catalog"] in names:
            refs = (each.ref for each in held.assets[row["id"]])
            seen.add_asset(names[row["catalog"]], row["namespace"], row["name"], refs)
    return seen
