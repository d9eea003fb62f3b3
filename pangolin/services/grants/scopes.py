"""The scope of a grant: read from a request, stored with ids, and returned as JSON.

Catalogs and assets are stored by id, so that a grant follows a rename and never applies to another
one of the same name. Namespaces are stored by their path.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pangolin.errors import BadRequest, NoSuchAsset, NoSuchCatalog
from pangolin.services.authz.rights import Target
from pangolin.services.authz.rights_loader import catalog_names
from pangolin.services.branches import refs
from pangolin.services.changes import guards
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.versioned import addressing, entries
from pangolin.store import find_many
from pangolin.store.api import Change, Record
from pangolin.store.documents import CatalogDoc
from pangolin.store.identity_documents import ScopeDoc
from pangolin.store.kinds import CATALOG, SEPARATOR

MOST_TAG: Final = 128
MEMBERS: Final = {
    "tenant": frozenset[str](),
    "catalog": frozenset({"catalog_id", "ref"}),
    "namespace": frozenset({"catalog_id", "namespace", "ref"}),
    "asset": frozenset({"catalog_id", "namespace", "asset_id", "ref"}),
    "tag": frozenset({"tag_name"}),
}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A scope as it is stored, what it covers, and the preconditions of granting it."""

    doc: ScopeDoc
    targets: Sequence[Target]
    held: Sequence[Change] = field(default_factory=tuple)


def resolve(ctx: Context, given: Mapping[str, Any]) -> Resolved:
    """Read a scope; raise `BadRequest` naming a member, `NoSuchCatalog` or `NoSuchAsset`."""
    kind = given["type"]
    where = {name: value for name, value in given.items() if value is not None and name != "type"}
    _check(kind, where)
    return RESOLVERS[kind](ctx, where)


def covered(ctx: Context, doc: ScopeDoc) -> Sequence[Target]:
    """List what a stored scope covers; nothing if its target was deleted."""
    levels = {"namespace": doc["namespace"].split(SEPARATOR)} if "namespace" in doc else {}
    try:
        return resolve(ctx, {**doc, **levels}).targets
    except (NoSuchCatalog, NoSuchAsset):
        return ()


def to_json(doc: ScopeDoc) -> Json:
    """Return a scope as JSON; namespace levels are joined by dots, or listed if one has a dot."""
    shown: Json = {**doc}
    if "namespace" in shown:
        levels = shown["namespace"].split(SEPARATOR)
        shown["namespace"] = levels if "." in shown["namespace"] else ".".join(levels)
    return shown


def check_tag(tag: str, name: str) -> str:
    """Return a tag; raise `BadRequest` unless it is 1 to 128 printable characters."""
    if not 1 <= len(tag) <= MOST_TAG or not tag.isprintable():
        raise BadRequest(f"{name} must be 1 to {MOST_TAG} printable characters, not {tag[:80]!r}")
    return tag


def _check(kind: str, where: Mapping[str, Any]) -> None:
    if kind not in MEMBERS:
        raise BadRequest(f"scope.type must be one of {', '.join(MEMBERS)}, not {kind[:80]!r}")
    extra = sorted(where.keys() - MEMBERS[kind])
    if extra:
        raise BadRequest(f"scope.{extra[0]} does not belong to a scope of the type {kind}")
    # An asset's catalog and namespace are known from its id.
    needed = {"asset_id"} if kind == "asset" else MEMBERS[kind] - {"ref"}
    missing = sorted(needed - where.keys())
    if missing:
        raise BadRequest(f"scope.{missing[0]} is required for a scope of the type {kind}")
    if not refs.NAME.fullmatch(where.get("ref", "main")):
        raise BadRequest(
            f"scope.ref must be the name of a branch or tag, not {where['ref'][:80]!r}"
        )


def _tenant(ctx: Context, where: Mapping[str, Any]) -> Resolved:
    return Resolved({"type": "tenant"}, [Target()])


def _tag(ctx: Context, where: Mapping[str, Any]) -> Resolved:
    name = check_tag(where["tag_name"], "scope.tag_name")
    return Resolved({"type": "tag", "tag_name": name}, [Target(tag=name)])


def _catalog(ctx: Context, where: Mapping[str, Any]) -> Resolved:
    catalog = _find(ctx, where["catalog_id"])
    doc: ScopeDoc = {"type": "catalog", "catalog_id": catalog.doc["id"]}
    return Resolved(
        _at(doc, where),
        [Target(catalog.doc["name"], where.get("ref"))],
        [guards.hold_record(CATALOG, catalog)],
    )


def _namespace(ctx: Context, where: Mapping[str, Any]) -> Resolved:
    catalog, path = _find(ctx, where["catalog_id"]), _path(where["namespace"])
    doc: ScopeDoc = {
        "type": "namespace",
        "catalog_id": catalog.doc["id"],
        "namespace": path,
    }
    target = Target(catalog.doc["name"], where.get("ref"), path)
    return Resolved(_at(doc, where), [target], [guards.hold_record(CATALOG, catalog)])


def _asset(ctx: Context, where: Mapping[str, Any]) -> Resolved:
    asset, ref = where["asset_id"], where.get("ref")
    rows = list(entries.rows_of(ctx, [asset]))
    names = catalog_names(ctx, (row["catalog"] for row in rows))
    rows = [row for row in rows if row["catalog"] in names]
    if not rows or where.get("catalog_id", rows[0]["catalog"]) != rows[0]["catalog"]:
        raise NoSuchAsset(f"Asset does not exist: {asset}")
    catalog, path = rows[0]["catalog"], rows[0]["namespace"]
    doc: ScopeDoc = {
        "type": "asset",
        "catalog_id": catalog,
        "namespace": path,
        "asset_id": asset,
    }
    places = sorted({(names[row["catalog"]], row["namespace"]) for row in rows})
    targets = [Target(name, ref, below, asset) for name, below in places]
    return Resolved(_at(doc, where), targets, [guards.hold_record(CATALOG, _find(ctx, catalog))])


RESOLVERS: Final[Mapping[str, Callable[[Context, Mapping[str, Any]], Resolved]]] = {
    "tenant": _tenant,
    "tag": _tag,
    "catalog": _catalog,
    "namespace": _namespace,
    "asset": _asset,
}


def _at(doc: ScopeDoc, where: Mapping[str, Any]) -> ScopeDoc:
    """Limit a scope to a ref, if one is given."""
    return doc | {"ref": str(where["ref"])} if "ref" in where else doc


def _find(ctx: Context, catalog_id: str) -> Record[CatalogDoc]:
    found = next(find_many.find_many(ctx.store, CATALOG, "id", [catalog_id]), None)
    if found is None:
        raise NoSuchCatalog(f"Catalog does not exist: {catalog_id}")
    return found


def _path(given: str | Sequence[str]) -> str:
    return SEPARATOR.join(addressing.parse_levels(given))
