"""The audit log as JSON lines, for log storage elsewhere."""

import heapq
from collections.abc import Iterator

import orjson

from pangolin.services.audit import segments
from pangolin.services.audit.query import Wanted, between
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.times import rfc3339
from pangolin.store.identity_documents import AuditDoc
from pangolin.store.scoped import ScopedStore


def lines(
    runtime: Runtime, tenant: str | None, since_ms: int | None, until_ms: int | None
) -> Iterator[bytes]:
    """Iterate over the stored records with a readable time added, oldest first."""
    store = runtime.store.tolerant()
    tenants = list(segments.tenants(store)) if tenant is None else [tenant]
    wanted = Wanted(start_ms=since_ms, end_ms=until_ms)
    logs = [between(ScopedStore(store, each), wanted) for each in tenants]
    for doc in heapq.merge(*logs, key=_id):
        yield orjson.dumps(doc | {"timestamp": rfc3339(doc["at_ms"])}) + b"\n"


def _id(doc: AuditDoc) -> str:
    return str(doc["id"])
