"""The one door through which services change records.

A batch goes in with the name of the action, so that the audit record and the idempotency record are
part of it, and the event sinks hear of it after it is in.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from pangolin.interfaces.events import Event
from pangolin.services.audit import trail
from pangolin.services.audit.trail import Happening, State
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.store.api import ABSENT, Change, Put
from pangolin.store.kinds import IDEMPOTENCY

log = logging.getLogger(__name__)


def commit(
    scope: Scope,
    action: str,
    resource: Resource,
    changes: Sequence[Change],
    outcome: Mapping[str, Any] | None = None,
    before: State = None,
    after: State = None,
    *,
    details: Mapping[str, Any] | None = None,
    parts: Sequence[Happening] = (),
) -> None:
    """Apply a tenant's changes with their audit and idempotency records, then tell the sinks.

    `before` and `after` are the document that is changed; `parts` are recorded besides.
    """
    what = Happening(action, resource, before=before, after=after, details=details or {})
    batch = [*changes, *_remember(scope, outcome)]
    trail.written(scope, [what, *parts], lambda *records: scope.store.apply(*batch, *records))
    publish(scope, action, resource)


def commit_system(
    scope: Scope,
    action: str,
    resource: Resource,
    changes: Sequence[Change],
    before: State = None,
    after: State = None,
) -> None:
    """Apply changes whose keys name their tenant themselves; root only."""
    what = Happening(action, resource, before=before, after=after)
    trail.written(scope, [what], lambda *records: scope.system.apply(*changes, *records))
    publish(scope, action, resource)


def commit_home(
    scope: Scope,
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
    scope.settle()
    what = Happening(action, resource, before=before, after=after, details=details or {})
    store = scope.runtime.store
    trail.written(scope, [what], lambda *records: store.apply(*changes, *records))
    publish(scope, action, resource)


def _remember(scope: Scope, outcome: Mapping[str, Any] | None) -> list[Change]:
    if scope.idempotency is None:
        return []
    return [Put(IDEMPOTENCY, idempotency_record(scope, {"outcome": outcome}), ABSENT)]


def idempotency_record(scope: Scope, result: Mapping[str, Any]) -> dict[str, Any]:
    """Build the record of a finished request; `result` holds `outcome` or `error`."""
    assert scope.idempotency is not None  # noqa: S101 - callers ask only with a key
    lifetime_ms = scope.settings.idempotency_minutes * 60_000
    return {
        "principal": scope.principal.id,
        "token": scope.idempotency.token,
        "digest": scope.idempotency.digest,
        "expires_at_ms": scope.now() + lifetime_ms,
        **result,
    }


def publish(
    scope: Scope, action: str, resource: Resource, details: Mapping[str, Any] | None = None
) -> None:
    """Tell every sink; one that fails is logged and changes nothing."""
    who = scope.principal.id
    event = Event(action, scope.tenant, who, str(resource), scope.now(), dict(details or {}))
    for sink in scope.runtime.sinks:
        try:
            sink.accept(event)
        except Exception:
            log.exception("event sink %r failed on %s", sink, action)
