"""The audit log: who did what, and what was refused to whom.

A change's record is written in the change's own batch: neither exists without the other. Events
that change nothing (a denial, a failed login) are recorded on their own. See `chains` for the order
of records, and docs/explanation/audit for what the log proves.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pangolin.errors import OutcomeUnknown, PangolinError
from pangolin.services.audit import records as audit_records
from pangolin.services.audit import segments
from pangolin.services.audit.chains import CHAINS, Segment
from pangolin.services.audit.records import FAILURE, SUCCESS, Actor, AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz.access import Denied
from pangolin.services.context import metrics
from pangolin.services.context.context import Context
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.store.api import ABSENT, Change, Conflict, Put
from pangolin.store.kinds import AUDIT, AUDIT_SEGMENT

log = logging.getLogger(__name__)
OWN = (AUDIT, AUDIT_SEGMENT)
TRIES = 5
Records = list[Change]


@contextmanager
def recording(runtime: Runtime, actor: Actor, event: AuditEvent) -> Iterator[Records]:
    """Return the changes that record an event, to be applied inside together with its own changes.

    For actions without a context. The record belongs to the principal's tenant or, for root, to the
    default tenant.
    """
    with _chained(runtime, home_of(actor), actor, [event]) as records:
        yield records


def apply_recorded(ctx: Context, events: Sequence[AuditEvent], apply: Callable[..., None]) -> None:
    """Call `apply` with the changes that record events, to be applied together with its own."""
    _write(ctx.runtime, ctx.tenant, actor_of(ctx), events, apply)


def record(ctx: Context, event: AuditEvent) -> None:
    """Record an event that changes nothing.

    If the record cannot be written, the error is raised for a success, which must not stand. A
    failure stands, and its lost record is logged and counted.
    """
    _record(ctx.runtime, ctx.tenant, actor_of(ctx), event)


def record_outside(runtime: Runtime, actor: Actor, event: AuditEvent) -> None:
    """Like `record`, but without a context: in the log that `recording` would choose."""
    _record(runtime, home_of(actor), actor, event)


def record_denial(ctx: Context, error: Denied) -> None:
    """Record a denial; this never raises, because the denial stands."""
    details = {"action": error.action}
    event = AuditEvent(
        AuditAction.PERMISSION_DENIED,
        error.resource,
        result=FAILURE,
        error=error.message,
        details=details,
    )
    record(ctx, event)


def actor_of(ctx: Context) -> Actor:
    """Return the actor of a context."""
    return Actor(ctx.principal, ctx.client)


def home_of(actor: Actor) -> str:
    """Return the tenant whose log records an actor without a context."""
    return actor.principal.tenant or DEFAULT_TENANT


def count_lost() -> None:
    """Count a record that could not be written."""
    metrics.audit_lost()


def _record(runtime: Runtime, tenant: str, actor: Actor, event: AuditEvent) -> None:
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
            # The log was changed externally, such as by a restore: try another segment.
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
    """Return whether it is certain that nothing of the batch was written."""
    if isinstance(error, OutcomeUnknown) or not isinstance(error, PangolinError):
        return False
    return not (isinstance(error, Conflict) and _is_own(error))


def _is_own(conflict: Conflict) -> bool:
    return conflict.change.kind in OWN
