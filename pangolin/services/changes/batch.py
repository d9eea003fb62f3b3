"""The one door through which services change records.

A batch goes in with the name of the action, so that the audit record and the idempotency record are
part of it, and the event sinks hear of it after it is in.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from pangolin.interfaces.events import Event
from pangolin.services.audit import trail
from pangolin.services.audit.trail import AuditEvent, State
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.store.api import ABSENT, Change, Put
from pangolin.store.kinds import IDEMPOTENCY

log = logging.getLogger(__name__)


def commit(
    ctx: Context,
    action: str,
    resource: Resource,
    changes: Sequence[Change],
    outcome: Mapping[str, Any] | None = None,
    before: State = None,
    after: State = None,
    *,
    details: Mapping[str, Any] | None = None,
    parts: Sequence[AuditEvent] = (),
) -> None:
    """Apply a tenant's changes with their audit and idempotency records, then tell the sinks.

    `before` and `after` are the document that is changed; `parts` are recorded besides.
    """
    what = AuditEvent(action, resource, before=before, after=after, details=details or {})
    batch = [*changes, *_remember(ctx, outcome)]
    trail.written(ctx, [what, *parts], lambda *records: ctx.store.apply(*batch, *records))
    publish(ctx, action, resource)


def commit_system(
    ctx: Context,
    action: str,
    resource: Resource,
    changes: Sequence[Change],
    before: State = None,
    after: State = None,
) -> None:
    """Apply changes whose keys name their tenant themselves; root only."""
    what = AuditEvent(action, resource, before=before, after=after)
    trail.written(ctx, [what], lambda *records: ctx.system.apply(*changes, *records))
    publish(ctx, action, resource)


def commit_home(
    ctx: Context,
    action: str,
    resource: Resource,
    changes: Sequence[Change],
    before: State = None,
    after: State = None,
    *,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Apply changes whose keys name their tenant, because root's records lie in none.

    The caller has made sure that they are the principal's own or the request's tenant's.
    """
    ctx.confirm()
    what = AuditEvent(action, resource, before=before, after=after, details=details or {})
    store = ctx.runtime.store
    trail.written(ctx, [what], lambda *records: store.apply(*changes, *records))
    publish(ctx, action, resource)


def _remember(ctx: Context, outcome: Mapping[str, Any] | None) -> list[Change]:
    if ctx.idempotency is None:
        return []
    return [Put(IDEMPOTENCY, idempotency_record(ctx, {"outcome": outcome}), ABSENT)]


def idempotency_record(ctx: Context, result: Mapping[str, Any]) -> dict[str, Any]:
    """Build the record of a finished request; `result` holds `outcome` or `error`."""
    assert ctx.idempotency is not None  # noqa: S101 - callers ask only with a key
    lifetime_ms = ctx.settings.idempotency_minutes * 60_000
    return {
        "principal": ctx.principal.id,
        "token": ctx.idempotency.token,
        "digest": ctx.idempotency.digest,
        "expires_at_ms": ctx.now() + lifetime_ms,
        **result,
    }


def publish(
    ctx: Context, action: str, resource: Resource, details: Mapping[str, Any] | None = None
) -> None:
    """Tell every sink; one that fails is logged and changes nothing."""
    who = ctx.principal.id
    event = Event(action, ctx.tenant, who, str(resource), ctx.now(), dict(details or {}))
    for sink in ctx.runtime.sinks:
        try:
            sink.accept(event)
        except Exception:
            log.exception("event sink %r failed on %s", sink, action)
