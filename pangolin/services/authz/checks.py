"""Access checks for a principal: up to a thousand decisions at once, with their reasons."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from pangolin.errors import BadRequest, NotFound
from pangolin.services.authz import access, actions, rights_loader
from pangolin.services.authz.access import IN_CATALOG, NAMED, REFS, Decision, FindAsset
from pangolin.services.authz.actions import Action
from pangolin.services.authz.rights import Rights
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.versioned import addressing
from pangolin.store.api import Key
from pangolin.store.kinds import PRINCIPAL

MOST: Final = 1000
BATCH: Final = 250
# Resources outside catalogs that can be checked, too.
OTHERS: Final = (
    "audit",
    "installation",
    "permission",
    "plugins",
    "role",
    "service_user",
    "settings",
    "statistics",
    "tenant",
    "token",
    "user",
    "warehouse",
)

TYPES: Final = (*sorted(IN_CATALOG), *OTHERS)


def check(
    ctx: Context, checks: Sequence[Mapping[str, Any]], principal: str | None = None
) -> list[Json]:
    """Answer checks of `action` and `resource` for the caller or, for admins, any principal.

    Each answer has `allowed`, `reason` and `grant_id`. The rights are read once. Raises `Denied`,
    `NotFound` for an unknown principal, and `BadRequest` naming a check.
    """
    if len(checks) > MOST:
        raise BadRequest(f"checks must contain at most {MOST} checks, not {len(checks)}")
    asked = [_read(at, each) for at, each in enumerate(checks)]
    role, held, lacks = _subject(ctx, principal)
    if lacks:
        return [_to_json(Decision(False, lacks)) for _ in asked]
    find = _finding(ctx, held, [resource for _, resource in asked])
    return [_to_json(access.decide(held, role, action, what, find)) for action, what in asked]


def _subject(ctx: Context, principal: str | None) -> tuple[str, Rights, str]:
    """Return a principal's role and rights, and why it may do nothing at all."""
    if principal in (None, ctx.principal.id):
        role = ctx.principal.role
        return role, rights_loader.of(ctx) if role == "tenant-user" else Rights(None), ""
    access.require(ctx, "read", Resource("permission"))
    record = ctx.store.get(PRINCIPAL, (str(principal),))
    if record is None:
        raise NotFound(f"User does not exist: {principal}")
    lacks = "" if record.doc["active"] else "the principal is not active"
    return record.doc["role"], rights_loader.load(ctx, record.doc["id"]), lacks


def _finding(ctx: Context, held: Rights, resources: Iterable[Resource]) -> FindAsset:
    """Look up the ids of all named assets at once, where grants on assets could decide."""
    wanted: dict[str, dict[Key, str | None]] = {}
    for resource in resources:
        if held.assets and resource.type in NAMED:
            wanted.setdefault(resource.path[0], {})[access.key_of(resource)] = None
    for prefix, found in wanted.items():
        keys = iter(list(found))
        while batch := list(islice(keys, BATCH)):
            found.update(zip(batch, access.asset_ids(ctx, prefix, batch), strict=True))
    return lambda resource: wanted[resource.path[0]][access.key_of(resource)]


def _read(at: int, each: Mapping[str, Any]) -> tuple[Action, Resource]:
    where = f"checks.{at}.resource"
    (action,) = actions.check([each["action"]], f"checks.{at}.action")
    given = each["resource"]
    kind = given["type"]
    if kind not in TYPES:
        raise BadRequest(f"{where}.type must be one of {', '.join(TYPES)}, not {kind[:80]!r}")
    if kind in IN_CATALOG:
        return action, Resource(kind, _path(where, kind, given))
    name = given.get("name")
    return action, Resource(kind, (name,) if name else ())


def _path(where: str, kind: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    catalog, ref, name = given.get("catalog"), given.get("ref"), given.get("name")
    levels = _levels(given.get("namespace"))
    if kind == "catalog" and not catalog:
        return ()
    needed = {"catalog": catalog}
    if kind in NAMED or kind == "namespace":
        needed["namespace"] = ".".join(levels)
    if kind in NAMED or kind in REFS:
        needed["name"] = name
    missing = [member for member, value in needed.items() if not value]
    if missing:
        raise BadRequest(f"{where}.{missing[0]} is required for the type {kind}")
    prefix = f"{catalog}@{ref}" if ref else str(catalog)
    if kind in REFS:
        return str(catalog), str(name)
    return (prefix, *levels, str(name)) if kind in NAMED else (prefix, *levels)


def _levels(given: str | Sequence[str] | None) -> tuple[str, ...]:
    return addressing.parse_levels(given) if given else ()


def _to_json(decision: Decision) -> Json:
    granted = decision.granted
    return {
        "allowed": decision.allowed,
        "reason": decision.reason,
        "grant_id": granted.id if granted else None,
    }
