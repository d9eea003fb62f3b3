"""Pages of which only a part may be seen: they come back full, and only that part is read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pangolin.services.authz import rights_loader, visible_tree
from pangolin.services.authz.rights_loader import Rights, Target
from pangolin.services.authz.visible_tree import Sights
from pangolin.services.context.scope import Scope
from pangolin.store.api import Doc

BATCH = 250


@dataclass(frozen=True, slots=True)
class Visible:
    """What may be seen of a container: names that come into question, and what to keep of them.

    `namespaces` are paths, `assets` are names; both in order.
    """

    namespaces: Sequence[str]
    assets: Sequence[str]
    keep: Callable[[Doc], bool]


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


def chosen(
    names: Sequence[str],
    after: str | None,
    limit: int | None,
    read: Callable[[Sequence[str]], Iterable[Doc | None]],
) -> Iterator[Doc]:
    """Read the named records that exist, in the order of their names, a batch at a time."""
    rest = iter(names if after is None else [name for name in names if name > after])
    size = BATCH if limit is None else min(limit + 1, BATCH)
    while batch := list(islice(rest, size)):
        yield from (doc for doc in read(batch) if doc is not None)


def cut(
    docs: Iterable[Doc], limit: int | None, name_of: Callable[[Doc], str]
) -> tuple[list[Doc], str | None]:
    """Take a page of documents, and the `after` of the next page if there is one."""
    page: list[Doc] = []
    for doc in docs:
        if limit is not None and len(page) == limit:
            return page, name_of(page[-1])
        page.append(doc)
    return page, None


def _build(scope: Scope, held: Rights) -> Sights:
    seen = Sights()
    for catalog, granted in held.catalogs.items():
        seen.note(catalog, "", (each.ref for each in granted))
    for catalog, below in held.namespaces.items():
        for path, granted in below.items():
            seen.note(catalog, path, (each.ref for each in granted))
    rows = list(visible_tree.rows_of(scope, held.assets))
    names = rights_loader.catalog_names(scope, (row["catalog"] for row in rows))
    for row in rows:
        if row["catalog"] in names:
            refs = (each.ref for each in held.assets[row["id"]])
            seen.note_asset(names[row["catalog"]], row["namespace"], row["name"], refs)
    return seen
