"""What one principal may do in a tenant: its grants and its roles', read once and kept in memory.

A grant covers its scope and all that lies below. Grants on a tag become grants on the assets that
carry it. The engine here answers single checks, lists and searches alike.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pangolin.services.authn import principals
from pangolin.services.authz import actions
from pangolin.services.authz.visible_tree import Sights
from pangolin.services.context.scope import Scope
from pangolin.services.versioned.entries import parent_of
from pangolin.store import find_many
from pangolin.store.api import Doc, Version
from pangolin.store.kinds import ASSET_TAG, CATALOG, GRANT, MEMBERSHIP, ROLE

# How deep roles may be in roles.
MOST_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant as it counts: its actions with what they imply, and the role it came through."""

    id: str
    scope: Mapping[str, str]
    actions: frozenset[str]
    role: str = ""

    @property
    def ref(self) -> str | None:
        """The branch or tag it is limited to."""
        return self.scope.get("ref")

    def allows(self, action: str, ref: str | None) -> bool:
        """Say whether it allows an action on a ref (None: on all of them at once)."""
        return action in self.actions and self.ref in (None, ref)


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked about: a catalog's name at a ref, a namespace's path, an asset's id, a tag.

    Each is None where the question is about what lies above; a `ref` of None is about all refs.
    """

    catalog: str | None = None
    ref: str | None = None
    path: str | None = None
    asset: str | None = None
    tag: str | None = None


@dataclass(slots=True)
class Rights:
    """Grants by what they are on: a catalog's name, a namespace's path in it, an asset's id."""

    version: Version | None
    tenant: list[Granted] = field(default_factory=list)
    catalogs: dict[str, list[Granted]] = field(default_factory=dict)
    namespaces: dict[str, dict[str, list[Granted]]] = field(default_factory=dict)
    assets: dict[str, list[Granted]] = field(default_factory=dict)
    tags: dict[str, list[Granted]] = field(default_factory=dict)
    # What lists show of them; read when a list first needs it.
    sights: Sights | None = None

    def find(self, action: str, target: Target) -> Granted | None:
        """Find a grant that allows an action, the widest first."""
        for granted in self._covering(target):
            if granted.allows(action, target.ref):
                return granted
        return None

    def mentions(self, catalog: str, ref: str) -> bool:
        """Say whether any grant is limited to a branch or tag of this name."""
        below = self.namespaces.get(catalog, {}).values()
        found = (self.catalogs.get(catalog, ()), *below, *self.assets.values())
        return any(granted.ref == ref for held in found for granted in held)

    def _covering(self, target: Target) -> Iterator[Granted]:
        yield from self.tenant
        if target.catalog is not None:
            yield from self.catalogs.get(target.catalog, ())
            if target.path is not None:
                yield from self._above(target.catalog, target.path)
        if target.asset is not None:
            yield from self.assets.get(target.asset, ())
        if target.tag is not None:
            yield from self.tags.get(target.tag, ())

    def _above(self, catalog: str, path: str) -> Iterator[Granted]:
        held = self.namespaces.get(catalog, {})
        for above in reversed(list(upwards(path))) if held else ():
            yield from held.get(above, ())


def upwards(path: str) -> Iterator[str]:
    """List a namespace's path and those of the namespaces it lies in."""
    while path:
        yield path
        path = parent_of(path)


def of(scope: Scope) -> Rights:
    """Give the rights of the request's principal, from memory while its stamp is as it was."""
    principal = scope.principal
    home = principals.home_of(principal)
    stamp = principal.stamp or principals.read_stamp(scope.runtime, home, principal.id)
    name = (scope.tenant, principal.id, principal.roles)
    known = scope.runtime.rights.get(name)
    if known is not None and known.version == stamp.version:
        return known
    fresh = load(scope, principal.id, principal.roles, stamp.version)
    scope.runtime.rights.put(name, fresh)
    return fresh


def load(
    scope: Scope, principal: str, roles: Iterable[str] = (), version: Version | None = None
) -> Rights:
    """Read the rights of a principal of the request's tenant."""
    held = grantees(scope, principal, roles)
    found = find_many.find_all(scope.store, GRANT, "grantee", held)
    grants = [(record.doc, held[record.doc["grantee"]]) for record in found]
    catalogs = catalog_names(scope, (doc["scope"].get("catalog_id", "") for doc, _ in grants))
    rights = Rights(version)
    for doc, role in grants:
        _add(rights, catalogs, doc, role)
    for record in find_many.find_all(scope.store, ASSET_TAG, None, rights.tags):
        tag, asset = record.doc["tag"], record.doc["asset"]
        rights.assets.setdefault(asset, []).extend(rights.tags[tag])
    return rights


def grantees(scope: Scope, principal: str, roles: Iterable[str] = ()) -> dict[str, str]:
    """Map a principal and every role it has, also through other roles, to the role's name."""
    found, level = {principal: ""}, [*_roles_of(scope, [principal]), *roles]
    for _ in range(MOST_DEPTH):
        fresh = [role for role in dict.fromkeys(level) if role not in found]
        if not fresh:
            break
        records = scope.store.get_many([(ROLE, (role,)) for role in fresh])
        names = {record.doc["id"]: record.doc["name"] for record in records if record is not None}
        found |= names
        level = list(_roles_of(scope, names))
    return found


def catalog_names(scope: Scope, ids: Iterable[str]) -> dict[str, str]:
    """Name catalogs by id; one that is gone is left out, so that no other counts for it."""
    found = find_many.find_all(scope.store, CATALOG, "id", ids)
    return {record.doc["id"]: record.doc["name"] for record in found}


def _roles_of(scope: Scope, members: Iterable[str]) -> Iterator[str]:
    found = find_many.find_all(scope.store, MEMBERSHIP, None, members)
    return (str(record.doc["role"]) for record in found)


def _add(rights: Rights, catalogs: Mapping[str, str], doc: Doc, role: str) -> None:
    where = doc["scope"]
    granted = Granted(doc["id"], where, actions.closure(doc["actions"]), role)
    name = catalogs.get(where.get("catalog_id", ""))
    kind = where["type"]
    if kind == "tenant":
        rights.tenant.append(granted)
    elif kind == "tag":
        rights.tags.setdefault(where["tag_name"], []).append(granted)
    elif name is None:
        return
    elif kind == "catalog":
        rights.catalogs.setdefault(name, []).append(granted)
    elif kind == "namespace":
        below = rights.namespaces.setdefault(name, {})
        below.setdefault(where["namespace"], []).append(granted)
    else:
        rights.assets.setdefault(where["asset_id"], []).append(granted)
