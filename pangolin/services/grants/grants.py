"""Grants: who may do what where; created and revoked by those who may."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import uuid4

from pangolin.errors import BadRequest, NotFound
from pangolin.interfaces.authentication import Stamped
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import principals, security_stamps
from pangolin.services.authz import actions, rights_loader
from pangolin.services.authz.access import denial, is_admin
from pangolin.services.authz.actions import MANAGE_GRANTS
from pangolin.services.authz.rights import Target
from pangolin.services.changes import batch
from pangolin.services.changes.attempts import write
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.pages import cut
from pangolin.services.context.resource import Resource, ResourceType
from pangolin.services.context.times import rfc3339
from pangolin.services.grants import scopes
from pangolin.services.grants.scopes import Resolved
from pangolin.store import find_many
from pangolin.store.api import ABSENT, Change, Delete, Kind, Put, Record, Require
from pangolin.store.identity_documents import GrantDoc, StampDoc
from pangolin.store.kinds import GRANT, PRINCIPAL, ROLE, STAMP


def create(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Grant `actions` on a `scope` to the principal `user_id` or to the role `role_id`.

    Non-admins may grant only actions that they hold themselves, and only where they may manage
    grants. Raises `Denied`, `NotFound` for an unknown grantee, catalog or asset, and `BadRequest`.
    """
    kind, grantee = _grantee(fields)
    wanted = actions.check(fields["actions"])

    def attempt() -> Json:
        now = _present(ctx)
        resolved = _resolved(now, fields["scope"])
        require_giving(now, wanted, resolved.doc["type"], resolved.targets)
        doc = build(now, grantee, kind, resolved, wanted)
        held = [_hold(now, kind, grantee), *resolved.held]
        changes = [Put(GRANT, doc, ABSENT), *held, *_raising(now, kind, grantee)]
        what, details = _resource(doc["id"]), _described(doc)
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.GRANT_PERMISSION, what, after=doc, details=details),
            outcome=doc,
        )
        return to_json(ctx, doc)

    return write(ctx, "grant", attempt, lambda doc: to_json(ctx, doc))


def page(
    ctx: Context,
    user: str | None = None,
    role: str | None = None,
    *,
    limit: int = 100,
    after: str | None = None,
) -> tuple[list[Json], str | None]:
    """List grants in the order of their ids: all, or the direct ones of a principal or a role.

    Non-admins see their own and those of their roles; raises `Denied` if they ask for more.
    """
    if user and role:
        raise BadRequest("user and role both select whose grants to list; send only one")
    wanted = user or role
    own = not is_admin(ctx)
    docs = _own(ctx, wanted, after) if own else _listed(ctx, wanted, limit, after)
    rows, more = cut(docs, limit, lambda doc: str(doc["id"]))
    return [to_json(ctx, doc) for doc in rows], more


def revoke(ctx: Context, grant: str) -> None:
    """Revoke a grant; raise `Denied` or, for callers that may manage all grants, `NotFound`."""

    def attempt() -> None:
        now = _present(ctx)
        record = ctx.store.get(GRANT, (grant,))
        _require_revoking(now, record)
        if record is None:
            raise NotFound(f"Permission does not exist: {grant}")
        doc = record.doc
        gone = Delete(GRANT, (grant,), record.version)
        changes = [gone, *_raising(now, doc["grantee_type"], doc["grantee"])]
        what, details = _resource(grant), _described(doc)
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.REVOKE_PERMISSION, what, before=doc, details=details),
        )

    write(ctx, "revoke", attempt)


def build(
    ctx: Context, grantee: str, kind: str, resolved: Resolved, wanted: Sequence[str]
) -> GrantDoc:
    """Build the record of a grant to a `user` or a `role`."""
    doc: GrantDoc = {
        "id": str(uuid4()),
        "grantee": grantee,
        "grantee_type": kind,
        "scope": resolved.doc.copy(),
        "actions": list(wanted),
        "granted_by": ctx.principal.id,
        "granted_at_ms": ctx.now(),
    }
    if asset := resolved.doc.get("asset_id"):
        doc["asset_id"] = asset
    return doc


def of(ctx: Context, grantees: Iterable[str]) -> Iterator[Record[GrantDoc]]:
    """Return the direct grants of principals or roles."""
    return find_many.find_many(ctx.store, GRANT, "grantee", grantees)


def require_giving(
    ctx: Context, wanted: Iterable[str], kind: ResourceType, targets: Sequence[Target]
) -> None:
    """Raise `Denied` unless the principal may grant these actions on all the targets."""
    if is_admin(ctx):
        return
    held = rights_loader.of(ctx)
    for action in (MANAGE_GRANTS, *sorted(actions.closure(wanted))):
        if not targets or not all(held.find(action, target) for target in targets):
            # Name only the type: the principal may not be allowed to know the resource's name.
            raise denial(ctx, action, Resource(kind))


def to_json(ctx: Context, doc: GrantDoc) -> Json:
    """Return a grant as JSON."""
    return {
        "id": doc["id"],
        f"{doc['grantee_type']}_id": doc["grantee"],
        "tenant_id": ctx.tenant,
        "scope": scopes.to_json(doc["scope"]),
        "actions": doc["actions"],
        "granted_by": doc["granted_by"],
        "granted_at": rfc3339(doc["granted_at_ms"]),
    }


def _grantee(fields: Mapping[str, Any]) -> tuple[str, str]:
    given = [(kind, fields.get(f"{kind}_id")) for kind in ("user", "role")]
    named = [(kind, id_) for kind, id_ in given if id_]
    if len(named) != 1:
        raise BadRequest("exactly one of user-id and role-id must name the grantee")
    return named[0]


def _present(ctx: Context) -> Context:
    """Return the context with the current rights, which `_raising` holds."""
    if is_admin(ctx):
        return ctx
    principal = ctx.principal
    ctx.confirm()
    stamp = principals.read_stamp(ctx.runtime, principals.home_of(principal), principal.id)
    return replace(ctx, principal=replace(principal, stamp=stamp))


def _resolved(ctx: Context, given: Mapping[str, Any]) -> Resolved:
    try:
        return scopes.resolve(ctx, given)
    except NotFound:
        # Only principals that could grant on it may learn whether it exists.
        require_giving(ctx, (), given["type"], [Target()])
        raise


def _require_revoking(ctx: Context, record: Record[GrantDoc] | None) -> None:
    if record is None:
        require_giving(ctx, (), "permission", [Target()])
        return
    targets = scopes.covered(ctx, record.doc["scope"]) or [Target()]
    require_giving(ctx, (), "permission", targets)


def _hold(ctx: Context, kind: str, grantee: str) -> Change:
    """Require the grantee until the batch is applied; raise `NotFound` if there is none."""
    record_kind: Kind = ROLE if kind == "role" else PRINCIPAL
    if ctx.store.get(record_kind, (grantee,)) is None:
        raise NotFound(f"{kind.capitalize()} does not exist: {grantee}")
    return Require(record_kind, (grantee,))


def _raising(ctx: Context, kind: str, grantee: str) -> list[Change]:
    """List the changes that raise the grantee's stamp and hold the one that the decision used."""
    if kind == "role":
        raised = security_stamps.invalidate_all(ctx.tenant)
    else:
        raised = [security_stamps.invalidate(ctx.tenant, grantee)]
    stamp = None if is_admin(ctx) else ctx.principal.stamp
    # The rights here of a principal of another tenant do not depend on its own stamp.
    is_own = stamp is not None and stamp.key[0] == ctx.tenant
    return _holding(raised, stamp) if stamp is not None and is_own else [*raised]


def _holding(raised: Sequence[Put[StampDoc]], stamp: Stamped) -> list[Change]:
    expect = ABSENT if stamp.version is None else stamp.version
    others: list[Change] = [put for put in raised if STAMP.key_of(put.doc) != stamp.key]
    if len(others) < len(raised):
        (same,) = (put for put in raised if STAMP.key_of(put.doc) == stamp.key)
        return [*others, replace(same, expect=expect)]
    return [*others, Require(STAMP, stamp.key[1:], expect)]


def _listed(ctx: Context, grantee: str | None, limit: int, after: str | None) -> Iterator[GrantDoc]:
    prefix, index = ((grantee,), "grantee") if grantee else ((), None)
    beyond = None if after is None else (after,)
    page = ctx.store.page(GRANT, prefix, index=index, after=beyond, limit=limit + 1)
    return (record.doc for record in islice(page.records, limit + 1))


def _own(ctx: Context, wanted: str | None, after: str | None) -> Iterator[GrantDoc]:
    principal = ctx.principal
    mine = rights_loader.grantees(ctx, principal.id, principal.roles)
    if wanted is not None and wanted not in mine:
        raise denial(ctx, "read", Resource("permission"))
    docs = [record.doc for record in of(ctx, [wanted] if wanted else mine)]
    beyond = (doc for doc in docs if doc["id"] > (after or ""))
    return iter(sorted(beyond, key=lambda doc: str(doc["id"])))


def _described(doc: GrantDoc) -> Json:
    """Describe a grant for the audit log, where it may be read after the grant is deleted."""
    shown = {"scope": scopes.to_json(doc["scope"]), "actions": doc["actions"]}
    return {doc["grantee_type"]: doc["grantee"], **shown}


def _resource(grant: str) -> Resource:
    return Resource("permission", (grant,))
