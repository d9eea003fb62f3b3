"""Roles: named sets of grants for their members; managed by a tenant's admins."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from pangolin.errors import AlreadyExists, BadRequest, NotFound
from pangolin.interfaces.authentication import ROLES
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import security_stamps
from pangolin.services.authz import rights_loader
from pangolin.services.authz.access import denial, is_admin, require
from pangolin.services.changes import batch
from pangolin.services.changes.attempts import write
from pangolin.services.changes.guards import hold as hold_tenant
from pangolin.services.context import pages
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.context.times import rfc3339
from pangolin.services.grants import grants, role_grants, scopes
from pangolin.store.api import ABSENT, Change, Delete, Put, Record
from pangolin.store.identity_documents import GrantDoc, RoleDoc
from pangolin.store.kinds import GRANT, MEMBERSHIP, ROLE

MOST_NAME, MOST_DESCRIPTION, MOST_PERMISSIONS = 128, 1024, 500


def create(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Create a role from `name`, `description` and `permissions`.

    Raises `Denied`, `AlreadyExists`, `NotFound` for a permission's target, and `BadRequest`.
    """
    require(ctx, "create", resource(fields["name"]))
    _check(ctx, fields)

    def attempt() -> Json:
        _refuse_taken(ctx, fields["name"])
        role = _new(ctx, fields)
        added = role_grants.first(ctx, role, fields)
        changes: list[Change] = [hold_tenant(ctx), Put(ROLE, role, ABSENT), *added]
        made = to_json(ctx, role, [put.doc for put in added])
        what, details = resource(role["name"]), {"permissions": made["permissions"]}
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.CREATE_ROLE, what, after=made, details=details),
            outcome=role,
        )
        return made

    return write(ctx, "create role", attempt, lambda doc: _with_grants(ctx, doc))


def page(
    ctx: Context, *, limit: int = 100, after: str | None = None
) -> tuple[list[Json], str | None]:
    """List roles in name order; non-admins see only their own."""
    docs = _listed(ctx, limit, after) if is_admin(ctx) else _own(ctx, after)
    rows, more = pages.cut(docs, limit, lambda doc: str(doc["name"]))
    held: dict[str, list[GrantDoc]] = {doc["id"]: [] for doc in rows}
    for record in grants.of(ctx, held):
        held[record.doc["grantee"]].append(record.doc)
    return [to_json(ctx, doc, held[doc["id"]]) for doc in rows], more


def get(ctx: Context, role: str) -> Json:
    """Return one of the caller's roles or, for admins, any role; raise `Denied` or `NotFound`."""
    principal = ctx.principal
    if not is_admin(ctx) and role not in rights_loader.grantees(
        ctx, principal.id, principal.roles
    ).keys() - {principal.id}:
        raise denial(ctx, "read", resource(role))
    return _with_grants(ctx, find(ctx, role).doc)


def update(ctx: Context, role: str, fields: Mapping[str, Any]) -> Json:
    """Replace `name`, `description` and, if given, `permissions`.

    Only differences are granted or revoked, all in one batch; raises like `create`.
    """
    require(ctx, "update", resource(role))
    _check(ctx, fields)
    if fields.get("id") not in (None, role):
        raise BadRequest(f"id must be the role's own, {role}")

    def attempt() -> Json:
        record = find(ctx, role)
        doc: RoleDoc = {
            **record.doc,
            "name": fields["name"],
            "description": fields.get("description"),
            "updated_at_ms": ctx.now(),
        }
        if doc["name"] != record.doc["name"]:
            _refuse_taken(ctx, doc["name"])
        kept, changes = role_grants.difference(ctx, doc, fields)
        changes += [Put(ROLE, doc, record.version), *security_stamps.invalidate_all(ctx.tenant)]
        before, made = _with_grants(ctx, record.doc), to_json(ctx, doc, kept)
        what, details = resource(doc["name"]), {"permissions": made["permissions"]}
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.UPDATE_ROLE, what, before=before, after=made, details=details),
            outcome=doc,
        )
        return made

    return write(ctx, "update role", attempt, lambda doc: _with_grants(ctx, doc))


def delete(ctx: Context, role: str) -> None:
    """Delete a role with its grants and its memberships; raise `Denied` or `NotFound`."""
    require(ctx, "delete", resource(role))

    def attempt() -> None:
        record = find(ctx, role)
        changes: list[Change] = [
            Delete(ROLE, (role,), record.version),
            *(Delete(GRANT, (grant.doc["id"],)) for grant in grants.of(ctx, [role])),
            *(Delete(MEMBERSHIP, key) for key in _memberships(ctx, role)),
            *security_stamps.invalidate_all(ctx.tenant),
        ]
        what = resource(record.doc["name"])
        batch.apply(ctx, changes, AuditEvent(AuditAction.DELETE_ROLE, what, before=record.doc))

    write(ctx, "delete role", attempt)


def find(ctx: Context, role: str) -> Record[RoleDoc]:
    """Return a role's record; raise `NotFound`."""
    record = ctx.store.get(ROLE, (role,))
    if record is None:
        raise NotFound(f"Role does not exist: {role}")
    return record


def resource(name: str) -> Resource:
    """Return a role as a resource for access decisions and events."""
    return Resource("role", (name,))


def to_json(ctx: Context, doc: RoleDoc, held: Iterable[GrantDoc]) -> Json:
    """Return a role as JSON, with its grants."""
    shown = [
        {"scope": scopes.to_json(grant["scope"]), "actions": grant["actions"]}
        for grant in sorted(held, key=lambda grant: str(grant["id"]))
    ]
    return {
        "id": doc["id"],
        "name": doc["name"],
        "description": doc["description"],
        "tenant_id": ctx.tenant,
        "permissions": shown,
        "created_by": doc["created_by"],
        "created_at": rfc3339(doc["created_at_ms"]),
        "updated_at": rfc3339(doc["updated_at_ms"]),
    }


def shown_many(ctx: Context, ids: Sequence[str]) -> list[Json]:
    """Return roles by id as JSON, in name order; deleted ones are left out."""
    records = ctx.store.get_many([(ROLE, (role,)) for role in ids]) if ids else []
    docs = [record.doc for record in records if record is not None]
    return [_with_grants(ctx, doc) for doc in sorted(docs, key=lambda doc: str(doc["name"]))]


def _with_grants(ctx: Context, doc: RoleDoc) -> Json:
    return to_json(ctx, doc, [record.doc for record in grants.of(ctx, [doc["id"]])])


def _check(ctx: Context, fields: Mapping[str, Any]) -> None:
    name, description = fields["name"], fields.get("description") or ""
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable() or name != name.strip():
        raise BadRequest(f"name must be 1 to {MOST_NAME} printable characters, not {name[:80]!r}")
    if name in ROLES:
        raise BadRequest(f"name must not be {name!r}, which is a built-in role")
    if len(description) > MOST_DESCRIPTION:
        raise BadRequest(f"description must have at most {MOST_DESCRIPTION} characters")
    if len(fields.get("permissions") or ()) > MOST_PERMISSIONS:
        raise BadRequest(f"permissions must have at most {MOST_PERMISSIONS} entries")
    if (fields.get("tenant_id") or ctx.tenant).lower() != ctx.tenant:
        raise BadRequest("tenant-id must be the request's tenant, or absent")


def _new(ctx: Context, fields: Mapping[str, Any]) -> RoleDoc:
    now = ctx.now()
    return {
        "id": str(uuid4()),
        "name": fields["name"],
        "description": fields.get("description"),
        "created_by": ctx.principal.id,
        "created_at_ms": now,
        "updated_at_ms": now,
    }


def _memberships(ctx: Context, role: str) -> Iterator[tuple[str, str]]:
    for record in ctx.store.scan(MEMBERSHIP, (role,), index="role"):
        yield record.doc["member"], role
    for record in ctx.store.scan(MEMBERSHIP, (role,)):
        yield role, record.doc["role"]


def _listed(ctx: Context, limit: int, after: str | None) -> Iterator[RoleDoc]:
    beyond = None if after is None else (after,)
    found = ctx.store.page(ROLE, index="name", after=beyond, limit=limit + 1)
    return (record.doc for record in found.records)


def _own(ctx: Context, after: str | None) -> list[RoleDoc]:
    principal = ctx.principal
    mine = rights_loader.grantees(ctx, principal.id, principal.roles)
    ids = [role for role in mine if role != principal.id]
    records = ctx.store.get_many([(ROLE, (role,)) for role in ids]) if ids else []
    docs = [record.doc for record in records if record is not None]
    return sorted((d for d in docs if d["name"] > (after or "")), key=lambda d: str(d["name"]))


def _refuse_taken(ctx: Context, name: str) -> None:
    if ctx.store.find(ROLE, "name", (name,)) is not None:
        raise AlreadyExists(f"Role already exists: {name}")
