"""Pages of which only a part may be seen: they come back full, and only that part is read."""

from pangolin.services.authz import rights_loader
from pangolin.services.authz.rights import Rights, Target
from pangolin.services.authz.visible_tree import Sights
from pangolin.services.context.scope import Scope
from pangolin.services.versioned import entries
from pangolin.services.versioned.listing import Visible
from pangolin.store.api import Doc


def sights_of(scope: Scope, held: Rights) -> Sights:
    """Give what rights let their holder see, reading it the first time."""
    if held.sights is None:
        held.sights = _build(scope, held)
    return held.sights


def visible(scope: Scope, held: Rights, catalog: str, path: str, ref: str) -> Visible:
    """Give what may be seen of a container that may not be listed as a whole."""
    seen, spot = sights_of(scope, held), (catalog, path)

    def keep(doc: Doc) -> bool:
        if "namespace" in doc:
            target = Target(catalog, ref, doc["namespace"], doc["id"])
            return held.find("list", target) is not None
        if seen.leads(catalog, doc["path"], ref):
            return True
        return held.find("list", Target(catalog, ref, doc["path"])) is not None

    spaces, assets = seen.namespaces.get(spot, ()), seen.assets.get(spot, ())
    return Visible(sorted(spaces), sorted(assets), keep)


def _build(scope: Scope, held: Rights) -> Sights:
    seen = Sights()
    for catalog, granted in held.catalogs.items():
        seen.note(catalog, "", (each.ref for each in granted))
    for catalog, below in held.namespaces.items():
        for path, granted in below.items():
            seen.note(catalog, path, (each.ref for each in granted))
    rows = list(entries.rows_of(scope, held.assets))
    names = rights_loader.catalog_names(scope, (row["catalog"] for row in rows))
    for row in rows:
        if row["catalog"] in names:
            refs = (each.ref for each in held.assets[row["id"]])
            seen.note_asset(names[row["catalog"]], row["namespace"], row["name"], refs)
    return seen
