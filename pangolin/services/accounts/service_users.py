"""Service users: engines and scripts that sign in with API keys."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast
from uuid import uuid4

from pangolin.services.accounts import account, removal
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import api_keys, security_stamps
from pangolin.services.authn.api_keys import MadeKey
from pangolin.services.authn.principals import SERVICE
from pangolin.services.authz.access import require
from pangolin.services.changes import batch, guards
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.context.times import rfc3339
from pangolin.store.api import ABSENT, Change, Put, Record
from pangolin.store.identity_documents import ApiKeyDoc, LastUsedDoc, PrincipalDoc
from pangolin.store.kinds import API_KEY, LAST_USED, PRINCIPAL

DAY_MS = 86_400_000
TYPE: Final = "service_user"
CHANGEABLE = ("name", "description", "active")


def create(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Create a service user with its first key, which is shown only here.

    `fields` has `name`, `role`, and optionally `description` and `expires_in_days`, after which the
    user and all its keys expire. Raises `BadRequest` naming a field, `Denied` and `AlreadyExists`.
    """
    ctx, name = plain(ctx), fields["name"]
    require(ctx, "create", resource(name))
    account.check_name(name, "name")
    account.check_role(ctx, fields["role"])
    doc = _new(ctx, fields)
    made = _first_key(ctx, doc)

    def attempt() -> Json:
        account.refuse_taken(ctx, SERVICE, name)
        puts: list[Change] = [Put(PRINCIPAL, doc, ABSENT), Put(API_KEY, made.record, ABSENT)]
        changes = [guards.hold(ctx), *puts]
        batch.apply(
            ctx, changes, AuditEvent(AuditAction.CREATE_SERVICE_USER, resource(name), after=doc)
        )
        return key_to_json(doc, made)

    return retry_conflicts(ctx, "create service user", attempt)


def page(
    ctx: Context, *, limit: int = 100, after: str | None = None
) -> tuple[list[Json], str | None]:
    """List the tenant's service users in name order."""
    require(ctx, "list", Resource(TYPE))
    beyond = None if after is None else (after,)
    found = ctx.store.page(PRINCIPAL, (SERVICE,), index="name", after=beyond, limit=limit)
    more = str(found.after[0]) if found.after else None
    return _list_to_json(ctx, [record.doc for record in found.records]), more


def get(ctx: Context, service: str) -> Json:
    """Return a service user; raise `NotFound`."""
    require(ctx, "read", resource(service))
    return _list_to_json(ctx, [account.find(ctx, ctx.tenant, service, SERVICE).doc])[0]


def update(ctx: Context, service: str, fields: Mapping[str, Any]) -> None:
    """Change `name`, `description`, `active` or `expires_in_days`, which is counted from now.

    `active=false` disables its keys and ends its tokens. Raises `BadRequest`, `NotFound` and
    `AlreadyExists`.
    """
    ctx = plain(ctx)
    require(ctx, "update", resource(service))
    given = {name: value for name, value in fields.items() if value is not None}
    if "name" in given:
        account.check_name(given["name"], "name")

    def attempt() -> None:
        record = account.find(ctx, ctx.tenant, service, SERVICE)
        account.require_reach(ctx, "update", resource(service), record.doc["role"])
        doc, changes = _changed(ctx, record, given)
        changes.append(Put(PRINCIPAL, doc, record.version))
        what = resource(record.doc["name"])
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.UPDATE_SERVICE_USER, what, before=record.doc, after=doc),
            store=ctx.unscoped,
        )

    retry_conflicts(ctx, "update service user", attempt)


def delete(ctx: Context, service: str) -> None:
    """Delete a service user with its keys and grants; raise `NotFound`."""
    require(ctx, "delete", resource(service))

    def attempt() -> None:
        record = account.find(ctx, ctx.tenant, service, SERVICE)
        what = resource(record.doc["name"])
        removal.remove(ctx, AuditAction.DELETE_SERVICE_USER, what, record)

    retry_conflicts(ctx, "delete service user", attempt)


def plain(ctx: Context) -> Context:
    """Return the context without its Idempotency-Key: a key is shown once and never cached."""
    return replace(ctx, idempotency=None)


def end_of(ctx: Context, days: int | None) -> int | None:
    """Return the expiry of what is valid for some days; None if it does not expire."""
    return None if days is None else ctx.now() + days * DAY_MS


def key_end(owner: PrincipalDoc, key: ApiKeyDoc) -> int | None:
    """Return the expiry of a key, or of its owner if that comes first."""
    ends = [end for end in (owner["expires_at_ms"], key["expires_at_ms"]) if end is not None]
    return min(ends) if ends else None


def resource(name: str) -> Resource:
    """Return a service user as a resource for decisions and audit records."""
    return Resource(TYPE, (name,))


def key_to_json(doc: PrincipalDoc, made: MadeKey) -> Json:
    """Return a service user as JSON, with the key that was just created."""
    return {
        "id": doc["id"],
        "name": doc["name"],
        "description": doc["description"],
        "tenant_id": doc["tenant"],
        "role": doc["role"],
        "api_key": made.text,
        "key_id": made.record["id"],
        "created_at": rfc3339(made.record["created_at_ms"]),
        "created_by": made.record["created_by"],
        "expires_at": rfc3339(key_end(doc, made.record)),
        "active": doc["active"],
    }


def _new(ctx: Context, fields: Mapping[str, Any]) -> PrincipalDoc:
    return {
        "tenant": ctx.tenant,
        "id": str(uuid4()),
        "type": SERVICE,
        "name": fields["name"],
        "description": fields.get("description"),
        "email": None,
        "role": fields["role"],
        "password_hash": None,
        "active": True,
        "created_at_ms": ctx.now(),
        "created_by": ctx.principal.id,
        "expires_at_ms": end_of(ctx, fields.get("expires_in_days")),
        "last_login_ms": None,
    }


def _first_key(ctx: Context, doc: PrincipalDoc) -> MadeKey:
    end, by = doc["expires_at_ms"], ctx.principal.id
    return api_keys.make(ctx.runtime, doc, created_by=by, expires_at_ms=end)


def _changed(
    ctx: Context, record: Record[PrincipalDoc], given: Mapping[str, Any]
) -> tuple[PrincipalDoc, list[Change]]:
    changed = {name: given[name] for name in CHANGEABLE if name in given}
    doc = cast(PrincipalDoc, record.doc | changed)
    if doc["name"] != record.doc["name"]:
        account.refuse_taken(ctx, SERVICE, doc["name"])
    if "expires_in_days" in given:
        doc["expires_at_ms"] = end_of(ctx, given["expires_in_days"])
    if given.get("active") is False:
        return account.ended(ctx, doc)
    return doc, [security_stamps.invalidate(ctx.tenant, doc["id"])]


def _list_to_json(ctx: Context, docs: list[PrincipalDoc]) -> list[Json]:
    seen = ctx.store.get_many([(LAST_USED, (doc["id"],)) for doc in docs])
    return [_to_json(doc, used) for doc, used in zip(docs, seen, strict=True)]


def _to_json(doc: PrincipalDoc, used: Record[LastUsedDoc] | None) -> Json:
    return {
        "id": doc["id"],
        "name": doc["name"],
        "description": doc["description"],
        "tenant_id": doc["tenant"],
        "role": doc["role"],
        "created_at": rfc3339(doc["created_at_ms"]),
        "created_by": doc["created_by"],
        "last_used": rfc3339(used.doc["at_ms"]) if used else None,
        "expires_at": rfc3339(doc["expires_at_ms"]),
        "active": doc["active"],
    }
