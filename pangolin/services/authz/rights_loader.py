"""Loading the rights of a principal: its grants and its roles', read once and cached.

A grant covers its scope and everything below. Grants on a tag become grants on the assets that
carry it. Single checks, lists and searches use the same rights.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pangolin.services.authn import principals
from pangolin.services.authz import actions
from pangolin.services.authz.rights import Granted, Rights
from pangolin.services.context.context import Context
from pangolin.services.context.runtime import Part
from pangolin.store import find_many
from pangolin.store.api import Version
from pangolin.store.identity_documents import GrantDoc
from pangolin.store.kinds import ASSET_TAG, CATALOG, GRANT, MEMBERSHIP, ROLE
from pangolin.store.lru import Lru

# How deep roles may be nested.
MOST_DEPTH: Final = 8
# Rights that this process has read, by tenant, principal and the roles of its token.
KNOWN: Final = Part(lambda runtime: Lru[tuple[str, str, tuple[str, ...]], Rights]())


def of(ctx: Context) -> Rights:
    """Return the rights of the request's principal, cached while its stamp is unchanged."""
    principal = ctx.principal
    home = principals.home_of(principal)
    stamp = principal.stamp or principals.read_stamp(ctx.runtime, home, principal.id)
    name = (ctx.tenant, principal.id, principal.roles)
    remembered = ctx.runtime.part(KNOWN)
    known = remembered.get(name)
    if known is not None and known.version == stamp.version:
        return known
    fresh = load(ctx, principal.id, principal.roles, stamp.version)
    remembered.put(name, fresh)
    return fresh


def load(
    ctx: Context, principal: str, roles: Iterable[str] = (), version: Version | None = None
) -> Rights:
    """Read the rights of a principal of the request's tenant."""
    held = grantees(ctx, principal, roles)
    found = find_many.find_many(ctx.store, GRANT, "grantee", held)
    grants = [(record.doc, held[record.doc["grantee"]]) for record in found]
    catalogs = catalog_names(ctx, (doc["scope"].get("catalog_id", "") for doc, _ in grants))
    rights = Rights(version)
    for doc, role in grants:
        _add(rights, catalogs, doc, role)
    for record in find_many.find_many(ctx.store, ASSET_TAG, None, rights.tags):
        tag, asset = record.doc["tag"], record.doc["asset"]
        rights.assets.setdefault(asset, []).extend(rights.tags[tag])
    return rights


def grantees(ctx: Context, principal: str, roles: Iterable[str] = ()) -> dict[str, str]:
    """Map a principal and every role it has, also through other roles, to the role's name."""
    found, level = {principal: ""}, [*_roles_of(ctx, [principal]), *roles]
    for _ in range(MOST_DEPTH):
        fresh = [role for role in dict.fromkeys(level) if role not in found]
        if not fresh:
            break
        records = ctx.store.get_many([(ROLE, (role,)) for role in fresh])
        names = {record.doc["id"]: record.doc["name"] for record in records if record is not None}
        found |= names
        level = list(_roles_of(ctx, names))
    return found


def catalog_names(ctx: Context, ids: Iterable[str]) -> dict[str, str]:
    """Map the ids of existing catalogs to their names."""
    found = find_many.find_many(ctx.store, CATALOG, "id", ids)
    return {record.doc["id"]: record.doc["name"] for record in found}


def _roles_of(ctx: Context, members: Iterable[str]) -> Iterator[str]:
    found = find_many.find_many(ctx.store, MEMBERSHIP, None, members)
    return (str(record.doc["role"]) for record in found)


def _add(rights: Rights, catalogs: Mapping[str, str], doc: GrantDoc, role: str) -> None:
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
