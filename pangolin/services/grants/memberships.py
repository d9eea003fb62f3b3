"""Who has which role: users, service users, and roles themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

from pangolin.errors import BadRequest, NotFound
from pangolin.services.authn import security_stamps
from pangolin.services.authz.access import require
from pangolin.services.authz.rights_loader import MOST_DEPTH
from pangolin.services.changes import batch
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import until_settled
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.services.context.times import rfc3339
from pangolin.services.grants import roles
from pangolin.store import find_many
from pangolin.store.api import ABSENT, Change, Delete, Doc, Put, Record, Require
from pangolin.store.kinds import GUARD, MEMBERSHIP, PRINCIPAL, ROLE

Wire = dict[str, Any]
GUARD_NAME = "roles"


def of_principal(scope: Scope, principal: str) -> list[roles.Wire]:
    """List the roles of a user or service user itself: one's own, or for admins anybody's.

    Raises `Denied` and `NotFound`.
    """
    if principal != scope.principal.id:
        require(scope, "read", Resource("role"))
        _find(scope, principal)
    return roles.shown_many(scope, _roles_of(scope, principal))


def of_role(scope: Scope, role: str) -> list[roles.Wire]:
    """List the roles that a role has; raise `Denied` and `NotFound`."""
    require(scope, "read", Resource("role"))
    roles.find(scope, role)
    return roles.shown_many(scope, _roles_of(scope, role))


def members(
    scope: Scope, role: str, *, limit: int = 100, after: str | None = None
) -> tuple[list[Wire], str | None]:
    """List the members of a role: `id`, `type`, `name` and who assigned it when."""
    require(scope, "read", Resource("role"))
    roles.find(scope, role)
    beyond = None if after is None else (after,)
    page = scope.store.page(MEMBERSHIP, (role,), index="role", after=beyond, limit=limit)
    docs = [record.doc for record in page.records]
    wanted = [(ROLE if doc["type"] == "role" else PRINCIPAL, (doc["member"],)) for doc in docs]
    named = scope.store.get_many(wanted) if wanted else []
    shown = [_wire(doc, found) for doc, found in zip(docs, named, strict=True) if found is not None]
    return shown, str(docs[-1]["member"]) if page.after else None


def assign(scope: Scope, principal: str, role: str) -> None:
    """Give a user or service user a role; raise `Denied` and `NotFound`."""
    require(scope, "update", Resource("role", (role,)))

    def attempt() -> None:
        found, kind = roles.find(scope, role), _find(scope, principal).doc["type"]
        if _is_member(scope, principal, role):
            return
        held: list[Change] = [Require(PRINCIPAL, (principal,)), Require(ROLE, (role,))]
        put = _put(scope, principal, kind, role)
        changes = [put, *held, security_stamps.raise_one(scope.tenant, principal)]
        _commit(scope, "assign_role", found, principal, changes)

    once(scope, lambda: until_settled(scope, attempt, "assign role"), lambda _: None)


def nest(scope: Scope, member: str, role: str) -> None:
    """Give a role another role; raise `BadRequest` for a cycle or too many levels."""
    require(scope, "update", Resource("role", (role,)))

    def attempt() -> None:
        guard = _guard(scope)
        found = roles.find(scope, role)
        roles.find(scope, member)
        if _is_member(scope, member, role):
            return
        _check_depth(scope, member, role)
        held: list[Change] = [guard, Require(ROLE, (member,)), Require(ROLE, (role,))]
        changes = [
            _put(scope, member, "role", role),
            *held,
            *security_stamps.raise_all(scope.tenant),
        ]
        _commit(scope, "assign_role", found, member, changes)

    once(scope, lambda: until_settled(scope, attempt, "assign role"), lambda _: None)


def unassign(scope: Scope, member: str, role: str, *, nested: bool = False) -> None:
    """Take a role from a principal, or (`nested`) from a role; raise `NotFound`."""
    require(scope, "update", Resource("role", (role,)))

    def attempt() -> None:
        record = scope.store.get(MEMBERSHIP, (member, role))
        if record is None or (record.doc["type"] == "role") is not nested:
            raise NotFound(f"{member} does not have the role {role}")
        raised = (
            security_stamps.raise_all(scope.tenant)
            if nested
            else [security_stamps.raise_one(scope.tenant, member)]
        )
        changes: list[Change] = [Delete(MEMBERSHIP, (member, role), record.version), *raised]
        _commit(scope, "revoke_role", roles.find(scope, role), member, changes)

    once(scope, lambda: until_settled(scope, attempt, "revoke role"), lambda _: None)


def _commit(
    scope: Scope, action: str, role: Record, member: str, changes: Sequence[Change]
) -> None:
    what, details = roles.resource(role.doc["name"]), {"member": member, "role": role.doc["id"]}
    batch.commit(scope, action, what, changes, details=details)


def _put(scope: Scope, member: str, kind: str, role: str) -> Put:
    doc = {
        "member": member,
        "role": role,
        "type": kind,
        "assigned_by": scope.principal.id,
        "assigned_at_ms": scope.now(),
    }
    return Put(MEMBERSHIP, doc, ABSENT)


def _find(scope: Scope, principal: str) -> Record:
    record = scope.store.get(PRINCIPAL, (principal,))
    if record is None:
        raise NotFound(f"User does not exist: {principal}")
    return record


def _is_member(scope: Scope, member: str, role: str) -> bool:
    return scope.store.get(MEMBERSHIP, (member, role)) is not None


def _roles_of(scope: Scope, member: str) -> list[str]:
    return [str(record.doc["role"]) for record in scope.store.scan(MEMBERSHIP, (member,))]


def _guard(scope: Scope) -> Put:
    """Give the change that lets one role at a time be put into another; read it first."""
    found = scope.store.get(GUARD, (GUARD_NAME,))
    return Put(GUARD, {"name": GUARD_NAME}, found.version if found else ABSENT)


def _check_depth(scope: Scope, member: str, role: str) -> None:
    above, below = _levels(scope, role, up=True), _levels(scope, member, up=False)
    if member in above:
        raise BadRequest(f"role-id {role} has the role {member} itself, so it would be a cycle")
    if max(above.values()) + max(below.values()) > MOST_DEPTH:
        raise BadRequest(
            f"role-id {role} would make roles lie in each other more than {MOST_DEPTH} deep"
        )


def _levels(scope: Scope, role: str, *, up: bool) -> Mapping[str, int]:
    """Map a role, and the roles above or below it, to the longest way there, in roles."""
    found, level, depth = {role: 1}, {role}, 1
    while level and depth <= MOST_DEPTH:
        depth += 1
        level = set(_next(scope, level, up))
        found |= dict.fromkeys(level, depth)
    return found


def _next(scope: Scope, level: set[str], up: bool) -> list[str]:
    index, field = (None, "role") if up else ("role", "member")
    records = find_many.find_all(scope.store, MEMBERSHIP, index, level)
    return [str(r.doc[field]) for r in records if up or r.doc["type"] == "role"]


def _wire(doc: Doc, found: Record) -> Wire:
    return {
        "id": doc["member"],
        "type": doc["type"],
        "name": found.doc["name"],
        "assigned_by": doc["assigned_by"],
        "assigned_at": rfc3339(doc["assigned_at_ms"]),
    }
