"""Management of the API keys of service users: several per user, each with an optional expiry."""

from collections.abc import Mapping
from typing import Any, Final

from pangolin.errors import Conflicting, NotFound
from pangolin.services.accounts import account, service_users
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import api_keys, security_stamps
from pangolin.services.authn.principals import SERVICE
from pangolin.services.authz.access import require
from pangolin.services.changes import batch
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.context.times import rfc3339
from pangolin.store.api import Change, Delete, Put, Record
from pangolin.store.identity_documents import ApiKeyDoc, LastUsedDoc, PrincipalDoc
from pangolin.store.kinds import API_KEY, LAST_USED, PRINCIPAL

MOST_KEYS: Final = 20
HOUR_MS = 3_600_000


def rotate(ctx: Context, service: str, fields: Mapping[str, Any]) -> Json:
    """Create a new key and end the others: at once, or after `keep_old_for_hours`.

    Raises `NotFound`, and `Conflicting` if too many keys would be kept.
    """
    hours = fields.get("keep_old_for_hours") or 0
    return _made(ctx, service, fields, AuditAction.ROTATE_API_KEY, hours)


def add(ctx: Context, service: str, fields: Mapping[str, Any]) -> Json:
    """Create one more key; raise `NotFound`, and `Conflicting` if there are too many."""
    return _made(ctx, service, fields, AuditAction.CREATE_API_KEY, None)


def page(ctx: Context, service: str) -> list[Json]:
    """List the keys of a service user, oldest first; there are few."""
    require(ctx, "read", service_users.resource(service))
    owner = account.find(ctx, ctx.tenant, service, SERVICE).doc
    keys = [record.doc for record in _keys(ctx, service)]
    seen = ctx.store.get_many([(LAST_USED, (key["id"],)) for key in keys])
    return [_to_json(owner, key, used) for key, used in zip(keys, seen, strict=True)]


def revoke(ctx: Context, service: str, key_id: str) -> None:
    """Revoke a key: it is refused from the next request on; raise `NotFound`."""
    require(ctx, "update", service_users.resource(service))
    record = ctx.store.get(API_KEY, (key_id,))
    if record is None or record.doc["principal"] != service:
        raise NotFound(f"API key does not exist: {key_id}")
    changes = [*_gone(key_id), security_stamps.invalidate(ctx.tenant, service)]
    what = Resource("api_key", (key_id,))
    batch.apply(
        service_users.plain(ctx),
        changes,
        AuditEvent(AuditAction.REVOKE_API_KEY, what, before=record.doc),
    )


def _made(
    ctx: Context,
    service: str,
    fields: Mapping[str, Any],
    action: AuditAction,
    keep_hours: int | None,
) -> Json:
    ctx = service_users.plain(ctx)
    require(ctx, "update", service_users.resource(service))

    return retry_conflicts(ctx, action, lambda: _attempt(ctx, service, fields, action, keep_hours))


def _attempt(
    ctx: Context,
    service: str,
    fields: Mapping[str, Any],
    action: AuditAction,
    keep_hours: int | None,
) -> Json:
    record = account.find(ctx, ctx.tenant, service, SERVICE)
    what = service_users.resource(record.doc["name"])
    account.require_reach(ctx, "update", what, record.doc["role"])
    end = service_users.end_of(ctx, fields.get("expires_in_days"))
    by = ctx.principal.id
    made = api_keys.make(ctx.runtime, record.doc, created_by=by, expires_at_ms=end)
    # Concurrent requests that create keys of one user wait for each other.
    owner: PrincipalDoc = record.doc | {"keys_changed_ms": ctx.now()}
    changes: list[Change] = [*_older(ctx, service, keep_hours), Put(API_KEY, made.record)]
    changes += [
        Put(PRINCIPAL, owner, record.version),
        security_stamps.invalidate(ctx.tenant, service),
    ]
    batch.apply(ctx, changes, AuditEvent(action, what, after=made.record))
    return service_users.key_to_json(owner, made)


def _older(ctx: Context, service: str, keep_hours: int | None) -> list[Change]:
    """List the changes to existing keys; None leaves those that have not expired."""
    changes: list[Change] = []
    left = 0
    for record in _keys(ctx, service):
        end = record.doc["expires_at_ms"]
        if keep_hours == 0 or (end is not None and end <= ctx.now()):
            changes += _gone(record.doc["id"])
            continue
        left += 1
        if keep_hours is not None:
            ends = [time for time in (end, ctx.now() + keep_hours * HOUR_MS) if time is not None]
            doc: ApiKeyDoc = record.doc | {"expires_at_ms": min(ends)}
            changes.append(Put(API_KEY, doc, record.version))
    if left >= MOST_KEYS:
        raise Conflicting(f"the service user has {left} keys, the maximum: revoke one")
    return changes


def _keys(ctx: Context, service: str) -> list[Record[ApiKeyDoc]]:
    found = ctx.store.scan(API_KEY, (service,), index="principal")
    return sorted(found, key=lambda record: (record.doc["created_at_ms"], record.doc["id"]))


def _gone(key_id: str) -> list[Change]:
    return [Delete(API_KEY, (key_id,)), Delete(LAST_USED, (key_id,))]


def _to_json(owner: PrincipalDoc, key: ApiKeyDoc, used: Record[LastUsedDoc] | None) -> Json:
    return {
        "id": key["id"],
        "created_at": rfc3339(key["created_at_ms"]),
        "created_by": key["created_by"],
        "expires_at": rfc3339(service_users.key_end(owner, key)),
        "last_used": rfc3339(used.doc["at_ms"]) if used else None,
    }
