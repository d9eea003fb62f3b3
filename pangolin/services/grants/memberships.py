"""Who has which role: users, service users, and roles themselves."""

from collections.abc import Mapping, Sequence

from pangolin.errors import BadRequest, NotFound
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import security_stamps
from pangolin.services.authz.access import require
from pangolin.services.authz.rights_loader import MOST_DEPTH
from pangolin.services.changes import batch
from pangolin.services.changes.attempts import write
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.context.times import rfc3339
from pangolin.services.grants import roles
from pangolin.store import find_many
from pangolin.store.api import ABSENT, Change, Delete, Key, Kind, Put, Record, Require
from pangolin.store.documents import GuardDoc
from pangolin.store.identity_documents import MembershipDoc, PrincipalDoc, RoleDoc
from pangolin.store.kinds import GUARD, MEMBERSHIP, PRINCIPAL, ROLE

GUARD_NAME = "roles"


def of_principal(ctx: Context, principal: str) -> list[Json]:
    """List the direct roles of a user or service user: the caller or, for admins, anyone.

    Raises `Denied` and `NotFound`.
    """
    if principal != ctx.principal.id:
        require(ctx, "read", Resource("role"))
        _find(ctx, principal)
    return roles.shown_many(ctx, _roles_of(ctx, principal))


def of_role(ctx: Context, role: str) -> list[Json]:
    """List the roles that a role has; raise `Denied` and `NotFound`."""
    require(ctx, "read", Resource("role"))
    roles.find(ctx, role)
    return roles.shown_many(ctx, _roles_of(ctx, role))


def members(
    ctx: Context, role: str, *, limit: int = 100, after: str | None = None
) -> tuple[list[Json], str | None]:
    """List the members of a role: `id`, `type`, `name`, and who assigned it and when."""
    require(ctx, "read", Resource("role"))
    roles.find(ctx, role)
    beyond = None if after is None else (after,)
    page = ctx.store.page(MEMBERSHIP, (role,), index="role", after=beyond, limit=limit)
    docs = [record.doc for record in page.records]
    wanted: list[tuple[Kind, Key]] = [
        (ROLE if doc["type"] == "role" else PRINCIPAL, (doc["member"],)) for doc in docs
    ]
    named = ctx.store.get_many(wanted) if wanted else []
    shown = [
        _to_json(doc, found) for doc, found in zip(docs, named, strict=True) if found is not None
    ]
    return shown, str(docs[-1]["member"]) if page.after else None


def assign(ctx: Context, principal: str, role: str) -> None:
    """Assign a role to a user or service user; raise `Denied` and `NotFound`."""
    require(ctx, "update", Resource("role", (role,)))

    def attempt() -> None:
        found, kind = roles.find(ctx, role), _find(ctx, principal).doc["type"]
        if _is_member(ctx, principal, role):
            return
        held: list[Change] = [Require(PRINCIPAL, (principal,)), Require(ROLE, (role,))]
        put = _put(ctx, principal, kind, role)
        changes = [put, *held, security_stamps.invalidate(ctx.tenant, principal)]
        _commit(ctx, AuditAction.ASSIGN_ROLE, found, principal, changes)

    write(ctx, "assign role", attempt)


def nest(ctx: Context, member: str, role: str) -> None:
    """Assign a role to another role; raise `BadRequest` for a cycle or too many levels."""
    require(ctx, "update", Resource("role", (role,)))

    def attempt() -> None:
        guard = _guard(ctx)
        found = roles.find(ctx, role)
        roles.find(ctx, member)
        if _is_member(ctx, member, role):
            return
        _check_depth(ctx, member, role)
        held: list[Change] = [guard, Require(ROLE, (member,)), Require(ROLE, (role,))]
        changes = [
            _put(ctx, member, "role", role),
            *held,
            *security_stamps.invalidate_all(ctx.tenant),
        ]
        _commit(ctx, AuditAction.ASSIGN_ROLE, found, member, changes)

    write(ctx, "assign role", attempt)


def unassign(ctx: Context, member: str, role: str, *, nested: bool = False) -> None:
    """Unassign a role from a principal, or (`nested`) from a role; raise `NotFound`."""
    require(ctx, "update", Resource("role", (role,)))

    def attempt() -> None:
        record = ctx.store.get(MEMBERSHIP, (member, role))
        if record is None or (record.doc["type"] == "role") is not nested:
            raise NotFound(f"{member} does not have the role {role}")
        raised = (
            security_stamps.invalidate_all(ctx.tenant)
            if nested
            else [security_stamps.invalidate(ctx.tenant, member)]
        )
        changes: list[Change] = [Delete(MEMBERSHIP, (member, role), record.version), *raised]
        _commit(ctx, AuditAction.REVOKE_ROLE, roles.find(ctx, role), member, changes)

    write(ctx, "revoke role", attempt)


def _commit(
    ctx: Context, action: AuditAction, role: Record[RoleDoc], member: str, changes: Sequence[Change]
) -> None:
    what, details = roles.resource(role.doc["name"]), {"member": member, "role": role.doc["id"]}
    batch.apply(ctx, changes, AuditEvent(action, what, details=details))


def _put(ctx: Context, member: str, kind: str, role: str) -> Put[MembershipDoc]:
    doc: MembershipDoc = {
        "member": member,
        "role": role,
        "type": kind,
        "assigned_by": ctx.principal.id,
        "assigned_at_ms": ctx.now(),
    }
    return Put(MEMBERSHIP, doc, ABSENT)


def _find(ctx: Context, principal: str) -> Record[PrincipalDoc]:
    record = ctx.store.get(PRINCIPAL, (principal,))
    if record is None:
        raise NotFound(f"User does not exist: {principal}")
    return record


def _is_member(ctx: Context, member: str, role: str) -> bool:
    return ctx.store.get(MEMBERSHIP, (member, role)) is not None


def _roles_of(ctx: Context, member: str) -> list[str]:
    return [str(record.doc["role"]) for record in ctx.store.scan(MEMBERSHIP, (member,))]


def _guard(ctx: Context) -> Put[GuardDoc]:
    """Return the change that serialises the nesting of roles; it is read first."""
    found = ctx.store.get(GUARD, (GUARD_NAME,))
    return Put(GUARD, {"name": GUARD_NAME}, found.version if found else ABSENT)


def _check_depth(ctx: Context, member: str, role: str) -> None:
    above, below = _levels(ctx, role, up=True), _levels(ctx, member, up=False)
    if member in above:
        raise BadRequest(f"role-id {role} already has the role {member}, so this would be a cycle")
    if max(above.values()) + max(below.values()) > MOST_DEPTH:
        raise BadRequest(f"role-id {role} would nest roles more than {MOST_DEPTH} levels deep")


def _levels(ctx: Context, role: str, *, up: bool) -> Mapping[str, int]:
    """Map a role, and the roles above or below it, to the longest path there, in roles."""
    found, level, depth = {role: 1}, {role}, 1
    while level and depth <= MOST_DEPTH:
        depth += 1
        level = set(_next(ctx, level, up))
        found |= dict.fromkeys(level, depth)
    return found


def _next(ctx: Context, level: set[str], up: bool) -> list[str]:
    records = find_many.find_many(ctx.store, MEMBERSHIP, None if up else "role", level)
    if up:
        return [record.doc["role"] for record in records]
    return [record.doc["member"] for record in records if record.doc["type"] == "role"]


def _to_json(doc: MembershipDoc, found: Record) -> Json:
    return {
        "id": doc["member"],
        "type": doc["type"],
        "name": found.doc["name"],
        "assigned_by": doc["assigned_by"],
        "assigned_at": rfc3339(doc["assigned_at_ms"]),
    }
