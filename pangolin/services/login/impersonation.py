"""Root in another tenant: recorded there, at most once in a while and not for each request."""

from typing import Final

from pangolin.services.audit import trail
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.context.runtime import Part
from pangolin.store.lru import Lru

# Each change is recorded anyway; this records that root read something.
AGAIN_MS: Final = 300_000
# The time of the last record, by principal, token and tenant.
NOTED: Final = Part(lambda runtime: Lru[tuple[str, str | None, str], int]())


def note(ctx: Context) -> None:
    """Record that root has selected a tenant, unless this process did so recently."""
    runtime, now = ctx.runtime, ctx.now()
    noted = runtime.part(NOTED)
    name = (ctx.principal.id, ctx.principal.token, ctx.tenant)
    last = noted.get(name)
    if last is not None and now - last < AGAIN_MS:
        return
    ctx.confirm()
    trail.record(
        ctx, AuditEvent(AuditAction.TENANT_IMPERSONATION, Resource("tenant", (ctx.tenant,)))
    )
    noted.put(name, now)
