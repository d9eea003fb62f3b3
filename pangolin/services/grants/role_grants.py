"""The grants of a role, as its whole document lists them."""

from collections.abc import Mapping, Sequence
from typing import Any

from pangolin.services.authz import actions
from pangolin.services.authz.actions import Action
from pangolin.services.context.context import Context
from pangolin.services.grants import grants, scopes
from pangolin.services.grants.scopes import Resolved
from pangolin.store.api import ABSENT, Change, Delete, Put
from pangolin.store.identity_documents import GrantDoc, RoleDoc
from pangolin.store.kinds import GRANT

Wanted = tuple[Resolved, list[Action]]
Mark = tuple[str, ...]


def first(ctx: Context, role: RoleDoc, fields: Mapping[str, Any]) -> list[Put[GrantDoc]]:
    """List the puts of a new role's `permissions`; raise like `grants.create`."""
    return [_put(ctx, role, wanted) for wanted in _wanted(ctx, fields).values()]


def difference(
    ctx: Context, role: RoleDoc, fields: Mapping[str, Any]
) -> tuple[list[GrantDoc], list[Change]]:
    """Return the grants that a role will have, and the changes from those that it has.

    Without `permissions` it keeps its grants; raises like `grants.create`.
    """
    held = [record.doc for record in grants.of(ctx, [role["id"]])]
    if fields.get("permissions") is None:
        return held, []
    missing = _wanted(ctx, fields)
    kept: list[GrantDoc] = []
    batch: list[Change] = []
    for doc in held:
        if missing.pop(_mark(doc["scope"], doc["actions"]), None):
            kept.append(doc)
        else:
            batch.append(Delete(GRANT, (doc["id"],)))
    added = [_put(ctx, role, wanted) for wanted in missing.values()]
    return [*kept, *(put.doc for put in added)], [*batch, *added]


def _wanted(ctx: Context, fields: Mapping[str, Any]) -> dict[Mark, Wanted]:
    found: dict[Mark, Wanted] = {}
    for at, each in enumerate(fields.get("permissions") or ()):
        names = actions.check(each["actions"], f"permissions.{at}.actions")
        resolved = scopes.resolve(ctx, each["scope"])
        found[_mark(resolved.doc, names)] = (resolved, names)
    return found


def _put(ctx: Context, role: RoleDoc, wanted: Wanted) -> Put[GrantDoc]:
    resolved, names = wanted
    return Put(GRANT, grants.build(ctx, role["id"], "role", resolved, names), ABSENT)


def _mark(where: Mapping[str, Any], names: Sequence[str]) -> Mark:
    return (*(f"{key}={value}" for key, value in sorted(where.items())), *names)
