"""Access decisions, which every service asks for before it acts.

Root may do everything, and a tenant's admins everything in their tenant; for all others, grants
decide (see `rights`). A refusal does not reveal whether the resource exists.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pangolin.errors import Forbidden, NotFound
from pangolin.interfaces.authentication import ROOT, TENANT_ADMIN
from pangolin.services.authz import rights_loader, visibility
from pangolin.services.authz.actions import Action, Deed
from pangolin.services.authz.rights import Granted, Rights, Target
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.versioned import entries
from pangolin.services.versioned.entries import ASSETS
from pangolin.services.versioned.listing import Visible
from pangolin.services.versioned.resolution import resolve, split_prefix
from pangolin.store.api import Key
from pangolin.store.kinds import ASSET, SEPARATOR

# Resources with a name in a namespace, and everything else in a catalog.
NAMED: Final = frozenset({"table", "view", "asset"})
REFS: Final = frozenset({"branch", "tag"})
IN_CATALOG: Final = NAMED | REFS | {"catalog", "namespace"}
# What a grant on the whole tenant covers outside catalogs.
READABLE: Final = frozenset({"warehouse", "statistics"})
# What every signed-in principal may see.
OPEN: Final = frozenset({("list", "plugins")})
ROOT_ONLY: Final = frozenset({"installation"})


FindAsset = Callable[[Resource], str | None]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision and its reason: the role that decided, or the grant."""

    allowed: bool
    reason: str
    granted: Granted | None = None


class Denied(Forbidden):
    """The principal may not do this; the request is recorded."""

    def __init__(self, ctx: Context, action: Deed, resource: Resource) -> None:
        super().__init__(f"{ctx.principal.name} may not {action} {_displayed(resource)}")
        self.action = action
        self.resource = resource


def require(ctx: Context, action: Action, resource: Resource) -> None:
    """Raise `Denied` unless the principal may do `action` to `resource`."""
    if not is_allowed(ctx, action, resource):
        raise denial(ctx, action, resource)


def is_allowed(ctx: Context, action: Action, resource: Resource) -> bool:
    """Return whether the principal may do `action` to `resource`."""
    if by_role(ctx, action, resource):
        return True
    look = _asset_finder(ctx)
    return _search(rights_loader.of(ctx), action, resource, look) is not None


def require_asset(ctx: Context, action: Action, resource: Resource, asset: str) -> None:
    """Raise `Denied` unless the principal may do `action` to what was found under a name.

    It reads nothing. Call it for every entry that is read after `require`, because another entry
    may have taken the name since.
    """
    if not allows_asset(ctx, action, resource, asset):
        raise denial(ctx, action, resource)


def allows_asset(ctx: Context, action: Action, resource: Resource, asset: str) -> bool:
    """Return whether the principal may do `action` to an asset, by its name and its id."""
    if by_role(ctx, action, resource):
        return True
    return _search(rights_loader.of(ctx), action, resource, lambda _: asset) is not None


def require_target(ctx: Context, action: Action, target: Target, resource: Resource) -> None:
    """Raise `Denied`, naming `resource`, unless the principal may do `action` to a target."""
    if not by_role(ctx, action, resource) and rights_loader.of(ctx).find(action, target) is None:
        raise denial(ctx, action, resource)


def require_sight(ctx: Context, action: Action, resource: Resource) -> None:
    """Raise `Denied` unless the principal may do `action` to a container, or to anything in it."""
    if is_allowed(ctx, action, resource):
        return
    if not _contains_visible(ctx, rights_loader.of(ctx), target_of(resource)):
        raise denial(ctx, action, resource)


def require_fork(ctx: Context, action: Action, catalog: str, source: str, name: str) -> None:
    """Raise `Denied` unless the principal may fork a ref under a name.

    Holders of grants on that name only must not fill it with what the grants do not cover.
    """
    at = Resource("catalog", (f"{catalog}@{source}",))
    require(ctx, action, at)
    if not by_role(ctx, action, at) and rights_loader.of(ctx).mentions(catalog, name):
        require(ctx, "read", at)


def visible_part(ctx: Context, resource: Resource) -> Visible | None:
    """Return the visible part of a container's list, None for all of it; raise `Denied` for none.

    It includes namespaces that lead to something granted, and tables, views and assets that may be
    listed themselves.
    """
    if by_role(ctx, "list", resource):
        return None
    target, held = _container(resource), rights_loader.of(ctx)
    if held.find("list", target) is not None:
        return None
    if not _contains_visible(ctx, held, target):
        raise denial(ctx, "list", resource)
    return visibility.visible(ctx, held, target.catalog or "", target.path or "", target.ref or "")


def visible_catalogs(ctx: Context) -> list[str] | None:
    """List the names of the catalogs in which anything is granted; None for all catalogs."""
    if is_allowed(ctx, "list", Resource("catalog")):
        return None
    return visibility.tree_of(ctx, rights_loader.of(ctx)).catalogs()


def decide(
    held: Rights, role: str, action: Action, resource: Resource, find_asset: FindAsset
) -> Decision:
    """Return the decision for any principal of the tenant, by its role and rights there."""
    if role == ROOT or (role == TENANT_ADMIN and not is_root_only(action, resource)):
        return Decision(True, f"the role {role}")
    if (action, resource.type) in OPEN:
        return Decision(True, "everybody may")
    granted = _search(held, action, resource, find_asset)
    if granted is None:
        return Decision(False, "no grant allows it")
    via = f" of the role {granted.role}" if granted.role else ""
    return Decision(True, f"a grant{via} on {_scope_text(granted)}", granted)


def is_root_only(action: Action, resource: Resource) -> bool:
    """Return whether only root may do this."""
    return resource.type in ROOT_ONLY or (resource.type == "tenant" and action != "read")


def is_admin(ctx: Context) -> bool:
    """Return whether the principal may do everything in the request's tenant."""
    return by_role(ctx, "update", Resource("permission"))


def by_role(ctx: Context, action: Action, resource: Resource) -> bool:
    """Return whether the principal's role alone allows it."""
    role = ctx.principal.role
    if role == ROOT or (action, resource.type) in OPEN:
        return True
    return (
        role == TENANT_ADMIN
        and ctx.principal.tenant == ctx.tenant
        and not is_root_only(action, resource)
    )


def denial(ctx: Context, action: Deed, resource: Resource) -> Denied:
    """Build the refusal, after confirming that the rights it is based on are current."""
    ctx.confirm()
    return Denied(ctx, action, resource)


def target_of(resource: Resource, asset: str | None = None) -> Target:
    """Return the target of a resource of a catalog; the tenant if no catalog is named.

    A catalog without a ref is the catalog itself, with all its refs.
    """
    if not resource.path:
        return Target()
    prefix, *below = resource.path
    catalog, ref = split_prefix(prefix)
    if resource.type in REFS:
        return Target(catalog, below[0])
    if resource.type == "catalog" and "@" not in prefix:
        return Target(catalog)
    levels = below[:-1] if resource.type in NAMED else below
    return Target(catalog, ref, SEPARATOR.join(levels) or None, asset)


def asset_ids(ctx: Context, prefix: str, keys: Sequence[Key]) -> list[str | None]:
    """Find the ids of assets by path and name at a ref; None for one that does not exist."""
    try:
        resolved, rows = resolve(ctx, prefix, [(ASSET, key) for key in keys])
    except NotFound:
        # Refused like one that exists, so that the refusal does not reveal it.
        return [None] * len(keys)
    found = [
        entries.visible_entry(ctx.store, resolved, ASSETS, key, each).doc
        for key, each in zip(keys, rows, strict=True)
    ]
    return [None if doc is None else str(doc["id"]) for doc in found]


def key_of(resource: Resource) -> Key:
    """Return the path and the name of a table, view or asset."""
    _, *levels, name = resource.path
    return SEPARATOR.join(levels), name


def _search(
    held: Rights, action: Action, resource: Resource, find_asset: FindAsset
) -> Granted | None:
    if resource.type in READABLE:
        return held.find(action, Target()) if action in ("read", "list") else None
    if resource.type not in IN_CATALOG:
        return None
    granted = held.find(action, target_of(resource))
    if granted is not None or resource.type not in NAMED or not held.assets:
        return granted
    asset = find_asset(resource)
    return None if asset is None else held.find(action, target_of(resource, asset))


def _asset_finder(ctx: Context) -> FindAsset:
    return lambda resource: asset_ids(ctx, resource.path[0], [key_of(resource)])[0]


def _container(resource: Resource) -> Target:
    """Return the target of a container's list, always at one ref."""
    prefix, *levels = resource.path
    catalog, ref = split_prefix(prefix)
    return Target(catalog, ref, SEPARATOR.join(levels) or None)


def _contains_visible(ctx: Context, held: Rights, target: Target) -> bool:
    if target.catalog is None:
        return False
    seen = visibility.tree_of(ctx, held)
    return seen.contains_visible(target.catalog, target.path or "", target.ref)


def _displayed(resource: Resource) -> str:
    """Return a resource's text, the same whether or not the `@ref` of a name is a ref."""
    names = (name.partition("@")[0] or name for name in resource.path)
    return str(Resource(resource.type, tuple(names)))


def _scope_text(granted: Granted) -> str:
    where = granted.scope
    limit = f", at {granted.ref} only" if granted.ref else ""
    if where["type"] == "tag":
        return f"the tag {where['tag_name']}"
    return f"the {where['type']}{limit}"
