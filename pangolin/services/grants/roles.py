"""Roles: grants under a name, for whoever is a member; managed by a tenant's admins."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from pangolin.errors import AlreadyExists, BadRequest, NotFound
from pangolin.interfaces.authentication import ROLES
from pangolin.services.authn import security_stamps
from pangolin.services.authz import rights_loader
from pangolin.services.authz.access import denial, is_admin, require
from pangolin.services.changes import batch
from pangolin.services.changes.guards import hold as hold_tenant
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import until_settled
from pangolin.services.context import pages
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.services.context.times import rfc3339
from pangolin.services.grants import grants, role_grants, scopes
from pangolin.store.api import ABSENT, Change, Delete, Doc, Put, Record
from pangolin.store.kinds import GRANT, MEMBERSHIP, ROLE

Wire = dict[str, Any]
MOST_NAME, MOST_DESCRIPTION, MOST_PERMISSIONS = 128, 1024, 500


def create(scope: Scope, fields: Mapping[str, Any]) -> Wire:
    """Create a role from `name`, `description` and `permissions`.

    Raises `Denied`, `AlreadyExists`, `NotFound` for what a permission is on, and `BadRequest`.
    """
    require(scope, "create", resource(fields["name"]))
    _check(scope, fields)

    def attempt() -> Wire:
        _refuse_taken(scope, fields["name"])
        role = _new(scope, fields)
        added = role_grants.first(scope, role, fields)
        changes: list[Change] = [hold_tenant(scope), Put(ROLE, role, ABSENT), *added]
        made = wire(scope, role, [put.doc for put in added])
        what, details = resource(role["name"]), {"permissions": made["permissions"]}
        batch.commit(scope, "create_role", what, changes, role, after=made, details=details)
        return made

    again = until_settled
    return once(scope, lambda: again(scope, attempt, "create role"), lambda doc: _shown(scope, doc))


def page(
    scope: Scope, *, limit: int = 100, after: str | None = None
) -> tuple[list[Wire], str | None]:
    """List roles in name order; who is no admin sees those it has."""
    docs = _listed(scope, limit, after) if is_admin(scope) else _own(scope, after)
    rows, more = pages.cut(docs, limit, lambda doc: str(doc["name"]))
    held: dict[str, list[Doc]] = {doc["id"]: [] for doc in rows}
    for record in grants.of(scope, held):
        held[record.doc["grantee"]].append(record.doc)
    return [wire(scope, doc, held[doc["id"]]) for doc in rows], more


def get(scope: Scope, role: str) -> Wire:
    """Read a role that is one's own, or for admins any; raise `Denied` or `NotFound`."""
    principal = scope.principal
    if not is_admin(scope) and role not in rights_loader.grantees(
        scope, principal.id, principal.roles
    ).keys() - {principal.id}:
        raise denial(scope, "read", resource(role))
    return _shown(scope, find(scope, role).doc)


def update(scope: Scope, role: str, fields: Mapping[str, Any]) -> Wire:
    """Replace `name`, `description` and, if they are given, `permissions`.

    Only what differs is granted or taken back, and all of it at once; raises as `create`.
    """
    require(scope, "update", resource(role))
    _check(scope, fields)
    if fields.get("id") not in (None, role):
        raise BadRequest(f"id must be the role's own, {role}")

    def attempt() -> Wire:
        record = find(scope, role)
        doc = record.doc | _given(fields) | {"updated_at_ms": scope.now()}
        if doc["name"] != record.doc["name"]:
            _refuse_taken(scope, doc["name"])
        kept, changes = role_grants.difference(scope, doc, fields)
        changes += [Put(ROLE, doc, record.version), *security_stamps.raise_all(scope.tenant)]
        before, made = _shown(scope, record.doc), wire(scope, doc, kept)
        what, details = resource(doc["name"]), {"permissions": made["permissions"]}
        batch.commit(scope, "update_role", what, changes, doc, before, made, details=details)
        return made

    again = until_settled
    return once(scope, lambda: again(scope, attempt, "update role"), lambda doc: _shown(scope, doc))


def delete(scope: Scope, role: str) -> None:
    """Delete a role with its grants and its memberships; raise `Denied` or `NotFound`."""
    require(scope, "delete", resource(role))

    def attempt() -> None:
        record = find(scope, role)
        changes: list[Change] = [
            Delete(ROLE, (role,), record.version),
            *(Delete(GRANT, (grant.doc["id"],)) for grant in grants.of(scope, [role])),
            *(Delete(MEMBERSHIP, key) for key in _memberships(scope, role)),
            *security_stamps.raise_all(scope.tenant),
        ]
        what = resource(record.doc["name"])
        batch.commit(scope, "delete_role", what, changes, before=record.doc)

    once(scope, lambda: until_settled(scope, attempt, "delete role"), lambda _: None)


def find(scope: Scope, role: str) -> Record:
    """Read a role's record; raise `NotFound`."""
    record = scope.store.get(ROLE, (role,))
    if record is None:
        raise NotFound(f"Role does not exist: {role}")
    return record


def resource(name: str) -> Resource:
    """Name a role for access decisions and events."""
    return Resource("role", (name,))


def wire(scope: Scope, doc: Doc, held: Iterable[Doc]) -> Wire:
    """Show a role with its grants."""
    shown = [
        {"scope": scopes.wire(grant["scope"]), "actions": grant["actions"]}
        for grant in sorted(held, key=lambda grant: str(grant["id"]))
    ]
    return {
        "id": doc["id"],
        "name": doc["name"],
        "description": doc["description"],
        "tenant_id": scope.tenant,
        "permissions": shown,
        "created_by": doc["created_by"],
        "created_at": rfc3339(doc["created_at_ms"]),
        "updated_at": rfc3339(doc["updated_at_ms"]),
    }


def shown_many(scope: Scope, ids: Sequence[str]) -> list[Wire]:
    """Show roles by id in name order; those that are gone are left out."""
    records = scope.store.get_many([(ROLE, (role,)) for role in ids]) if ids else []
    docs = [record.doc for record in records if record is not None]
    return [_shown(scope, doc) for doc in sorted(docs, key=lambda doc: str(doc["name"]))]


def _shown(scope: Scope, doc: Doc) -> Wire:
    return wire(scope, doc, [record.doc for record in grants.of(scope, [doc["id"]])])


def _check(scope: Scope, fields: Mapping[str, Any]) -> None:
    name, description = fields["name"], fields.get("description") or ""
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable() or name != name.strip():
        raise BadRequest(f"name must be 1 to {MOST_NAME} printable characters, not {name[:80]!r}")
    if name in ROLES:
        raise BadRequest(f"name must not be {name!r}, which is a role of the server's own")
    if len(description) > MOST_DESCRIPTION:
        raise BadRequest(f"description must have at most {MOST_DESCRIPTION} characters")
    if len(fields.get("permissions") or ()) > MOST_PERMISSIONS:
        raise BadRequest(f"permissions must be at most {MOST_PERMISSIONS}")
    if (fields.get("tenant_id") or scope.tenant).lower() != scope.tenant:
        raise BadRequest("tenant-id must be the request's tenant, or absent")


def _new(scope: Scope, fields: Mapping[str, Any]) -> Doc:
    now = scope.now()
    return {
        "id": str(uuid4()),
        **_given(fields),
        "created_by": scope.principal.id,
        "created_at_ms": now,
        "updated_at_ms": now,
    }


def _given(fields: Mapping[str, Any]) -> Doc:
    return {"name": fields["name"], "description": fields.get("description")}


def _memberships(scope: Scope, role: str) -> Iterator[tuple[str, str]]:
    for record in scope.store.scan(MEMBERSHIP, (role,), index="role"):
        yield record.doc["member"], role
    for record in scope.store.scan(MEMBERSHIP, (role,)):
        yield role, record.doc["role"]


def _listed(scope: Scope, limit: int, after: str | None) -> Iterator[Doc]:
    beyond = None if after is None else (after,)
    found = scope.store.page(ROLE, index="name", after=beyond, limit=limit + 1)
    return (record.doc for record in found.records)


def _own(scope: Scope, after: str | None) -> list[Doc]:
    principal = scope.principal
    mine = rights_loader.grantees(scope, principal.id, principal.roles)
    ids = [role for role in mine if role != principal.id]
    records = scope.store.get_many([(ROLE, (role,)) for role in ids]) if ids else []
    docs = [record.doc for record in records if record is not None]
    return sorted((d for d in docs if d["name"] > (after or "")), key=lambda d: str(d["name"]))


def _refuse_taken(scope: Scope, name: str) -> None:
    if scope.store.find(ROLE, "name", (name,)) is not None:
        raise AlreadyExists(f"Role already exists: {name}")
