"""Grants: who may do what where, given by those who may give it, and taken back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import uuid4

from pangolin.errors import BadRequest, NotFound
from pangolin.interfaces.authentication import Stamped
from pangolin.services.authn import principals, security_stamps
from pangolin.services.authz import actions, rights_loader
from pangolin.services.authz.access import denial, is_admin
from pangolin.services.authz.actions import MANAGE_GRANTS
from pangolin.services.authz.rights import Target
from pangolin.services.changes import batch
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import until_settled
from pangolin.services.context.pages import cut
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.services.context.times import rfc3339
from pangolin.services.grants import scopes
from pangolin.services.grants.scopes import Resolved
from pangolin.store import find_many
from pangolin.store.api import ABSENT, Change, Delete, Doc, Put, Record, Require
from pangolin.store.kinds import GRANT, PRINCIPAL, ROLE, STAMP

Wire = dict[str, Any]


def create(scope: Scope, fields: Mapping[str, Any]) -> Wire:
    """Grant `actions` on a `scope` to the principal `user_id` or to the role `role_id`.

    Whoever is no admin may grant what it holds itself where it may manage grants. Raises
    `Denied`, `NotFound` for an unknown grantee, catalog or asset, and `BadRequest`.
    """
    kind, grantee = _grantee(fields)
    wanted = actions.check(fields["actions"])

    def attempt() -> Wire:
        now = _present(scope)
        resolved = _resolved(now, fields["scope"])
        require_giving(now, wanted, resolved.doc["type"], resolved.targets)
        doc = build(now, grantee, kind, resolved, wanted)
        held = [_hold(now, kind, grantee), *resolved.held]
        changes = [Put(GRANT, doc, ABSENT), *held, *_raising(now, kind, grantee)]
        what, details = _resource(doc["id"]), _told(doc)
        batch.commit(scope, "grant_permission", what, changes, doc, after=doc, details=details)
        return wire(scope, doc)

    again = until_settled
    return once(scope, lambda: again(scope, attempt, "grant"), lambda doc: wire(scope, doc))


def page(
    scope: Scope,
    user: str | None = None,
    role: str | None = None,
    *,
    limit: int = 100,
    after: str | None = None,
) -> tuple[list[Wire], str | None]:
    """List grants in the order of their ids: all, or those of a principal or a role itself.

    Others than admins see their own and their roles'; raises `Denied` if they ask for more.
    """
    if user and role:
        raise BadRequest("user and role both say whose grants to list; send one")
    wanted = user or role
    own = not is_admin(scope)
    docs = _own(scope, wanted, after) if own else _listed(scope, wanted, limit, after)
    rows, more = cut(docs, limit, lambda doc: str(doc["id"]))
    return [wire(scope, doc) for doc in rows], more


def revoke(scope: Scope, grant: str) -> None:
    """Take a grant back; raise `Denied` or, to those who may manage all grants, `NotFound`."""

    def attempt() -> None:
        now = _present(scope)
        record = scope.store.get(GRANT, (grant,))
        _require_revoking(now, record)
        if record is None:
            raise NotFound(f"Permission does not exist: {grant}")
        doc = record.doc
        gone = Delete(GRANT, (grant,), record.version)
        changes = [gone, *_raising(now, doc["grantee_type"], doc["grantee"])]
        what, details = _resource(grant), _told(doc)
        batch.commit(scope, "revoke_permission", what, changes, before=doc, details=details)

    once(scope, lambda: until_settled(scope, attempt, "revoke"), lambda _: None)


def build(scope: Scope, grantee: str, kind: str, resolved: Resolved, wanted: Sequence[str]) -> Doc:
    """Build the record of a grant to a `user` or a `role`."""
    asset = resolved.doc.get("asset_id")
    return {
        "id": str(uuid4()),
        "grantee": grantee,
        "grantee_type": kind,
        "scope": dict(resolved.doc),
        "actions": list(wanted),
        "granted_by": scope.principal.id,
        "granted_at_ms": scope.now(),
        **({"asset_id": asset} if asset else {}),
    }


def of(scope: Scope, grantees: Iterable[str]) -> Iterator[Record]:
    """Read the grants of principals or roles themselves."""
    return find_many.find_all(scope.store, GRANT, "grantee", grantees)


def require_giving(
    scope: Scope, wanted: Iterable[str], kind: str, targets: Sequence[Target]
) -> None:
    """Raise `Denied` unless the principal may give others these actions on all the targets."""
    if is_admin(scope):
        return
    held = rights_loader.of(scope)
    for action in (MANAGE_GRANTS, *sorted(actions.closure(wanted))):
        if not targets or not all(held.find(action, target) for target in targets):
            # By the type alone: the name of what lies there may not be for them to know.
            raise denial(scope, action, Resource(kind))


def wire(scope: Scope, doc: Doc) -> Wire:
    """Show a grant."""
    return {
        "id": doc["id"],
        f"{doc['grantee_type']}_id": doc["grantee"],
        "tenant_id": scope.tenant,
        "scope": scopes.wire(doc["scope"]),
        "actions": doc["actions"],
        "granted_by": doc["granted_by"],
        "granted_at": rfc3339(doc["granted_at_ms"]),
    }


def _grantee(fields: Mapping[str, Any]) -> tuple[str, str]:
    given = [(kind, fields.get(f"{kind}_id")) for kind in ("user", "role")]
    named = [(kind, id_) for kind, id_ in given if id_]
    if len(named) != 1:
        raise BadRequest("exactly one of user-id and role-id must say to whom it is granted")
    return named[0]


def _present(scope: Scope) -> Scope:
    """Give the scope with the rights as they are now, which `_raising` holds."""
    if is_admin(scope):
        return scope
    principal = scope.principal
    scope.settle()
    stamp = principals.read_stamp(scope.runtime, principals.home_of(principal), principal.id)
    return replace(scope, principal=replace(principal, stamp=stamp))


def _resolved(scope: Scope, given: Mapping[str, Any]) -> Resolved:
    try:
        return scopes.resolve(scope, given)
    except NotFound:
        # Whether it exists is only told to those who could grant it.
        require_giving(scope, (), given["type"], [Target()])
        raise


def _require_revoking(scope: Scope, record: Record | None) -> None:
    if record is None:
        require_giving(scope, (), "permission", [Target()])
        return
    targets = scopes.covered(scope, record.doc["scope"]) or [Target()]
    require_giving(scope, (), "permission", targets)


def _hold(scope: Scope, kind: str, grantee: str) -> Change:
    """Keep the grantee until the batch is in; raise `NotFound` if there is none."""
    record_kind = ROLE if kind == "role" else PRINCIPAL
    if scope.store.get(record_kind, (grantee,)) is None:
        raise NotFound(f"{kind.capitalize()} does not exist: {grantee}")
    return Require(record_kind, (grantee,))


def _raising(scope: Scope, kind: str, grantee: str) -> list[Change]:
    """List the changes that raise the grantee's stamp and hold the one the decision stood on."""
    if kind == "role":
        raised = security_stamps.raise_all(scope.tenant)
    else:
        raised = [security_stamps.raise_one(scope.tenant, grantee)]
    stamp = None if is_admin(scope) else scope.principal.stamp
    # What a principal of another tenant may do here does not change with its own stamp.
    is_own = stamp is not None and stamp.key[0] == scope.tenant
    return _holding(raised, stamp) if stamp is not None and is_own else [*raised]


def _holding(raised: Sequence[Put], stamp: Stamped) -> list[Change]:
    expect = ABSENT if stamp.version is None else stamp.version
    others: list[Change] = [put for put in raised if STAMP.key_of(put.doc) != stamp.key]
    if len(others) < len(raised):
        (same,) = (put for put in raised if STAMP.key_of(put.doc) == stamp.key)
        return [*others, replace(same, expect=expect)]
    return [*others, Require(STAMP, stamp.key[1:], expect)]


def _listed(scope: Scope, grantee: str | None, limit: int, after: str | None) -> Iterator[Doc]:
    prefix, index = ((grantee,), "grantee") if grantee else ((), None)
    beyond = None if after is None else (after,)
    page = scope.store.page(GRANT, prefix, index=index, after=beyond, limit=limit + 1)
    return (record.doc for record in islice(page.records, limit + 1))


def _own(scope: Scope, wanted: str | None, after: str | None) -> Iterator[Doc]:
    principal = scope.principal
    mine = rights_loader.grantees(scope, principal.id, principal.roles)
    if wanted is not None and wanted not in mine:
        raise denial(scope, "read", Resource("permission"))
    docs = [record.doc for record in of(scope, [wanted] if wanted else mine)]
    beyond = (doc for doc in docs if doc["id"] > (after or ""))
    return iter(sorted(beyond, key=lambda doc: str(doc["id"])))


def _told(doc: Doc) -> Wire:
    """Say what a grant is, for the log: whoever reads it later may not find it any more."""
    shown = {"scope": scopes.wire(doc["scope"]), "actions": doc["actions"]}
    return {doc["grantee_type"]: doc["grantee"], **shown}


def _resource(grant: str) -> Resource:
    return Resource("permission", (grant,))
