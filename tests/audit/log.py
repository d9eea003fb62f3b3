"""Short ways to write a log, to read it, and to tamper with it behind the server's back."""

from dataclasses import replace
from typing import Any, cast

from pangolin.services.audit import trail, verification
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.verification import Broken, Verdict
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.context.context import Context
from pangolin.services.context.parts import Parts
from pangolin.services.context.resource import Resource, ResourceType
from pangolin.store.api import ANY, Put, Store
from pangolin.store.identity_documents import AuditDoc, AuditSegmentDoc
from pangolin.store.kinds import AUDIT, AUDIT_SEGMENT

START = 1_700_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR


class Clock:
    """Epoch milliseconds; each look is one later than the last."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1
        return self.now


def note(ctx: Context, count: int = 1, **more: Any) -> None:
    """Write records by themselves."""
    for at in range(count):
        resource = Resource("table", ("lake", "ns", f"t{at}"))
        trail.record(ctx, AuditEvent(AuditAction.VEND_CREDENTIALS, resource, **more))


def event(action: str, resource_type: str = "guard") -> AuditEvent:
    """Build an event in words of the test's own, as a plugin might."""
    what = Resource(cast(ResourceType, resource_type))
    return AuditEvent(cast(AuditAction, action), what)


def elsewhere(ctx: Context) -> Context:
    """Return the same scope in another process: it knows no segment."""
    return replace(ctx, runtime=replace(ctx.runtime, parts=Parts()))


def records(store: Store) -> list[AuditDoc]:
    """List all records in the order of their chains."""
    return [record.doc for record in store.scan(AUDIT)]


def segments(store: Store) -> list[AuditSegmentDoc]:
    """List the records of segments."""
    return [record.doc for record in store.scan(AUDIT_SEGMENT)]


def overwrite(store: Store, doc: AuditDoc, **fields: Any) -> None:
    """Change a record as anyone who can write to the database can."""
    store.apply(Put(AUDIT, cast(AuditDoc, doc | fields), ANY))


def verdict(ctx: Context) -> Verdict:
    """Verify the tenant's log."""
    (found,) = verification.verify(ctx.runtime, ctx.tenant)
    return found


def broken(ctx: Context) -> Broken:
    """Verify a log that is not whole, and return what is found first."""
    found = verdict(ctx).broken
    assert found is not None
    return found
