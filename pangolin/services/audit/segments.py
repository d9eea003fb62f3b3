"""Segments of a tenant's audit log: opened, noted by later ones, and listed.

The record of a segment is written with its first audit record. It notes the heads of other segments
at that time, so that later verification detects truncated or missing segments.
"""

from collections.abc import Iterator
from typing import Final, cast

from pangolin.services.audit.chains import CHAINS, Head, Segment
from pangolin.services.audit.ids import new_id
from pangolin.services.audit.signatures import signed
from pangolin.services.context.runtime import Runtime
from pangolin.services.sealing import server_secrets
from pangolin.store.api import Store
from pangolin.store.identity_documents import AuditSegmentDoc
from pangolin.store.kinds import AUDIT, AUDIT_SEGMENT

# How many of the latest segments a new segment notes.
NOTED: Final = 20


def key(runtime: Runtime) -> bytes:
    """Return the key that signs audit records, the same on every server of the installation."""
    return server_secrets.get(runtime, server_secrets.AUDIT)


def opened(runtime: Runtime, tenant: str, now_ms: int) -> Segment:
    """Create a segment; nothing is written before its first record."""
    follows = runtime.part(CHAINS).take_ended(tenant)
    heads = {head.segment: head for head in _latest(runtime.store, tenant)}
    for head in follows:
        seen = heads.get(head.segment)
        if seen is None or seen.number < head.number:
            heads[head.segment] = head
    name = new_id(now_ms)
    unsigned = {
        "tenant": tenant,
        "segment": name,
        "opened_at_ms": now_ms,
        "anchors": [[head.segment, head.number, head.mac] for head in heads.values()],
    }
    doc = cast(AuditSegmentDoc, signed(unsigned, key(runtime)))
    return Segment(tenant, name, now_ms, doc["mac"], doc, follows)


def anchors_of(doc: AuditSegmentDoc) -> Iterator[Head]:
    """List the heads that a segment's record notes."""
    return (Head(str(name), int(number), str(mac)) for name, number, mac in doc["anchors"])


def tenants(store: Store) -> Iterator[str]:
    """List the tenants that have an audit log, including deleted tenants."""
    after: tuple[str, ...] = ()
    while True:
        pages = [store.page(kind, after=after, limit=1) for kind in (AUDIT_SEGMENT, AUDIT)]
        found = [str(record.doc["tenant"]) for page in pages for record in page.records]
        if not found:
            return
        yield min(found)
        after = (min(found),)


def head_of(store: Store, tenant: str, segment: str) -> Head | None:
    """Return the head of a segment; None if it has no records."""
    found = store.page(AUDIT, (tenant, segment), limit=1, reverse=True).records
    if not found:
        return None
    doc = found[0].doc
    return Head(segment, int(doc["number"]), str(doc["mac"]))


def _latest(store: Store, tenant: str) -> Iterator[Head]:
    found = store.page(AUDIT_SEGMENT, (tenant,), limit=NOTED, reverse=True).records
    for record in found:
        gone = record.doc.get("removed")
        name = str(record.doc["segment"])
        head = Head(name, gone["number"], gone["mac"]) if gone else head_of(store, tenant, name)
        if head is not None:
            yield head
