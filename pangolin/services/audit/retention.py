"""Removal of audit records that are older than PANGOLIN_AUDIT_RETENTION_DAYS.

Whole segments are removed. The segment's own record stays and holds, signed, where the segment
ended, so that the rest of the log can still be verified. A segment that does not verify is kept as
evidence.
"""

import logging
from typing import Final, cast

from pangolin.services.audit import segments, verification
from pangolin.services.audit.signatures import signed
from pangolin.services.audit.verification import Break
from pangolin.services.context.runtime import Runtime
from pangolin.store.api import Conflict, Put, Record
from pangolin.store.identity_documents import AuditDoc, AuditSegmentDoc
from pangolin.store.kinds import AUDIT, AUDIT_SEGMENT

log = logging.getLogger(__name__)
DAY_MS: Final = 86_400_000


def expire(runtime: Runtime, *, dry_run: bool = False) -> int:
    """Remove records older than the setting allows, in every tenant; return their number."""
    days = runtime.settings.audit_retention_days
    if not days:
        return 0
    until = runtime.clock() - days * DAY_MS
    tenants = list(segments.tenants(runtime.store))
    return sum(_expire(runtime, tenant, until, dry_run=dry_run) for tenant in tenants)


def _expire(runtime: Runtime, tenant: str, until: int, *, dry_run: bool) -> int:
    count = 0
    for segment in runtime.store.scan(AUDIT_SEGMENT, (tenant,)):
        # Segments are in the order of time: one that was opened later ends later.
        if segment.doc["opened_at_ms"] >= until:
            break
        if "removed" not in segment.doc and not _closed(runtime, segment, until, dry_run):
            continue
        place = (tenant, segment.doc["segment"])
        count += runtime.store.count(AUDIT, place) if dry_run else runtime.store.purge(AUDIT, place)
    return count


def _closed(runtime: Runtime, segment: Record[AuditSegmentDoc], until: int, dry_run: bool) -> bool:
    """Sign where a segment ended, so that its records may be removed; False if they must stay."""
    last = _last(runtime, segment)
    if last is None or last.doc["at_ms"] >= until:
        return False
    key, doc = segments.key(runtime), segment.doc
    try:
        end = verification.end_of(runtime.store, key, doc["tenant"], doc["segment"])
        removed = {"number": end.number, "mac": end.mac, "at_ms": runtime.clock()}
        stub = cast(AuditSegmentDoc, signed(doc | {"removed": removed}, key))
        if not dry_run:
            runtime.store.apply(Put(AUDIT_SEGMENT, stub, segment.version))
    except Break as found:
        name = f"{doc['segment']} of tenant {doc['tenant']}"
        log.error("audit segment %s is kept because it does not verify: %s", name, found)
        return False
    except Conflict:
        # Another run is processing it.
        return False
    return True


def _last(runtime: Runtime, segment: Record[AuditSegmentDoc]) -> Record[AuditDoc] | None:
    place = (segment.doc["tenant"], segment.doc["segment"])
    found = runtime.store.page(AUDIT, place, limit=1, reverse=True).records
    return found[0] if found else None
