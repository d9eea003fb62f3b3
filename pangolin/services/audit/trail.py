"""The audit log: who did what, and who was refused it.

A change's record is written in the change's own batch: there is neither without the other. What
changes nothing (a denial, a failed login) is noted by itself. See `audit_chain` for the order of
records, and docs/explanation/audit for what can be proved by it.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pangolin.errors import OutcomeUnknown, PangolinError
from pangolin.services.audit import records as audit_records
from pangolin.services.audit import segments
from pangolin.services.audit.chains import CHAINS, Segment
from pangolin.services.audit.records import FAILURE, SUCCESS, Actor, AuditEvent
from pangolin.services.audit.signatures import State
from pangolin.services.authz.access import Denied
from pangolin.services.context import metrics
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.store.api import ABSENT, Change, Conflict, Put
from pangolin.store.kinds import AUDIT, AUDIT_SEGMENT

__all__ = [
    "Actor",
    "AuditEvent",
    "State",
    "appending",
    "denied",
    "note",
    "note_on",
    "on",
    "written",
]

log = logging.getLogger(__name__)
OWN = (AUDIT, AUDIT_SEGMENT)
TRIES = 5
Records = list[Change]


@contextmanager
def appending(
    ctx: Context,
    action: str,
    resource: Resource,
    *,
    result: str = SUCCESS,
    error: str | None = None,
    before: State = None,
    after: State = None,
    details: Mapping[str, Any] | None = None,
) -> Iterator[Records]:
    """Give the changes that record an action; apply them inside, in the action's own batch."""
    event = AuditEvent(action, resource, result, error, before, after, details or {})
    with _chained(ctx.runtime, ctx.tenant, actor_of(ctx), [event]) as records:
        yield records


@contextmanager
def on(
    runtime: Runtime, actor: Actor, action: str, resource: Resource, **more: Any
) -> Iterator[Records]:
    """Do as `appending` where there is no scope; `more` is what a `AuditEvent` has besides.

    The record belongs to the principal's tenant, or for root to the default one.
    """
    with _chained(
        runtime, home_of(actor), actor, [AuditEvent(action, resource, **more)]
    ) as records:
        yield records


def written(ctx: Context, events: Sequence[AuditEvent], apply: Callable[..., None]) -> None:
    """Call `apply` with the changes that record what happens; it applies them with its own."""
    _write(ctx.runtime, ctx.tenant, actor_of(ctx), events, apply)


def note(ctx: Context, action: str, resource: Resource, **more: Any) -> None:
    """Record by itself an action that changes nothing; `more` is what a `AuditEvent` has besides.

    If the record cannot be written, a success must not stand and the error is raised; a failure
    stands, and that its record is lost is logged and counted.
    """
    event = AuditEvent(action, resource, **more)
    _note(ctx.runtime, ctx.tenant, actor_of(ctx), event)


def note_on(runtime: Runtime, actor: Actor, action: str, resource: Resource, **more: Any) -> None:
    """Do as `note` where there is no scope, in the tenant that `on` would choose."""
    _note(runtime, home_of(actor), actor, AuditEvent(action, resource, **more))


def denied(ctx: Context, error: Denied) -> None:
    """Record a refusal; it never raises, for the refusal stands."""
    details = {"action": error.action}
    note(
        ctx,
        "permission_denied",
        error.resource,
        result=FAILURE,
        error=error.message,
        details=details,
    )


def actor_of(ctx: Context) -> Actor:
    """Say who acts in a scope."""
    return Actor(ctx.principal, ctx.client)


def home_of(actor: Actor) -> str:
    """Give the tenant whose log tells of somebody who acts outside of a scope."""
    return actor.principal.tenant or DEFAULT_TENANT


def count_lost() -> None:
    """Count a record that could not be written."""
    metrics.audit_lost()


def _note(runtime: Runtime, tenant: str, actor: Actor, event: AuditEvent) -> None:
    try:
        _write(runtime, tenant, actor, [event], lambda *records: runtime.store.apply(*records))
    except Exception:
        if event.result == SUCCESS:
            raise
        count_lost()
        log.exception("lost the audit record of %s on %s", event.action, event.resource)


def _write(
    runtime: Runtime,
    tenant: str,
    actor: Actor,
    events: Sequence[AuditEvent],
    apply: Callable[..., None],
) -> None:
    for _ in range(TRIES):
        try:
            with _chained(runtime, tenant, actor, events) as records:
                apply(*records)
            return
        except Conflict as conflict:
            if not _is_own(conflict):
                raise
            # The log was changed under the process, by a restore for one: another segment will do.
            lost = conflict
    raise lost


@contextmanager
def _chained(
    runtime: Runtime, tenant: str, actor: Actor, events: Sequence[AuditEvent]
) -> Iterator[Records]:
    now, key = runtime.clock(), segments.key(runtime)
    segment = runtime.part(CHAINS).take(tenant, now) or segments.opened(runtime, tenant, now)
    docs = audit_records.chained(segment.head, tenant, actor, events, key, now)
    try:
        yield [*_opening(segment), *(Put(AUDIT, doc, ABSENT) for doc in docs)]
    except BaseException as error:
        if _is_settled(error):
            runtime.part(CHAINS).give(segment)
        else:
            runtime.part(CHAINS).abandon(segment)
        raise
    segment.advance(docs[-1]["number"], docs[-1]["mac"])
    runtime.part(CHAINS).give(segment)


def _opening(segment: Segment) -> Records:
    return [] if segment.opening is None else [Put(AUDIT_SEGMENT, segment.opening, ABSENT)]


def _is_settled(error: BaseException) -> bool:
    """Say whether it is certain that nothing of the batch was written."""
    if isinstance(error, OutcomeUnknown) or not isinstance(error, PangolinError):
        return False
    return not (isinstance(error, Conflict) and _is_own(error))


def _is_own(conflict: Conflict) -> bool:
    return conflict.change.kind in OWN
