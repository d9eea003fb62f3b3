"""The single entry point through which services change records.

A batch is applied with the event that describes it, so that the audit record and the idempotency
record are part of it. The event sinks are notified after it.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from pangolin.interfaces.events import Event
from pangolin.services.audit import trail
from pangolin.services.audit.records import AuditEvent
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.store.api import ABSENT, Change, Put, Store
from pangolin.store.documents import Finished, IdempotencyDoc
from pangolin.store.kinds import IDEMPOTENCY

log = logging.getLogger(__name__)


def apply(
    ctx: Context,
    changes: Sequence[Change],
    event: AuditEvent,
    *more: AuditEvent,
    outcome: Mapping[str, Any] | None = None,
    store: Store | None = None,
) -> None:
    """Apply changes together with their audit and idempotency records, then notify the sinks.

    `more` events are recorded, too. `outcome` is the answer to a repeated request.
    The keys belong to the request's tenant; with a `store` (`ctx.system`, `ctx.unscoped`) they
    name their tenant themselves, and the request is not recorded.
    """
    events = [event, *more]
    if store is None:
        batch = [*changes, *_remembered(ctx, outcome)]
        trail.apply_recorded(ctx, events, lambda *records: ctx.store.apply(*batch, *records))
    else:
        trail.apply_recorded(ctx, events, lambda *records: store.apply(*changes, *records))
    publish(ctx, str(event.action), event.resource)


def _remembered(ctx: Context, outcome: Mapping[str, Any] | None) -> list[Change]:
    if ctx.idempotency is None:
        return []
    return [Put(IDEMPOTENCY, idempotency_record(ctx, {"outcome": outcome}), ABSENT)]


def idempotency_record(ctx: Context, result: Finished) -> IdempotencyDoc:
    """Build the record of a finished request; `result` holds `outcome` or `error`."""
    assert ctx.idempotency is not None  # noqa: S101 - callers ask only with a key
    lifetime_ms = ctx.settings.idempotency_minutes * 60_000
    doc: IdempotencyDoc = {
        "principal": ctx.principal.id,
        "token": ctx.idempotency.token,
        "digest": ctx.idempotency.digest,
        "expires_at_ms": ctx.now() + lifetime_ms,
    }
    if "outcome" in result:
        doc["outcome"] = result["outcome"]
    if "error" in result:
        doc["error"] = result["error"]
    return doc


def publish(
    ctx: Context, action: str, resource: Resource, details: Mapping[str, Any] | None = None
) -> None:
    """Notify every sink; the failure of one is logged and has no other effect."""
    who = ctx.principal.id
    event = Event(action, ctx.tenant, who, str(resource), ctx.now(), dict(details or {}))
    for sink in ctx.runtime.sinks:
        try:
            sink.accept(event)
        except Exception:
            log.exception("event sink %r failed on %s", sink, action)
