"""Queries of the audit log: newest first, by who, what, when and result."""

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from pangolin.errors import BadRequest, NoSuchAuditRecord
from pangolin.services.audit import segments
from pangolin.services.audit.ids import first_id
from pangolin.services.audit.records import cut_name
from pangolin.services.audit.vocabulary import ACTIONS, RESOURCE_TYPES
from pangolin.services.authz.access import require
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.context.times import rfc3339
from pangolin.store.api import Key
from pangolin.store.identity_documents import AuditDoc
from pangolin.store.kinds import AUDIT
from pangolin.store.scoped import ScopedStore

LOG: Final = Resource("audit")
BATCH: Final = 200
MICROSECOND: Final = timedelta(microseconds=1)
SIGNED: Final = ("segment", "number", "prev", "mac")
# The fields that a filter may name, besides times.
FIELDS: Final = ("user_id", "action", "resource_type", "resource_id", "resource_name", "result")
# The indexes of the log, the most selective first.
ORDERS: Final = (
    ("resource", ("resource_type", "resource_name")),
    ("actor", ("user_id",)),
    ("action", ("action",)),
    ("result", ("result",)),
    ("time", ()),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The wanted records: equal in these fields, from `start_ms` to before `end_ms`."""

    equal: Mapping[str, str] = field(default_factory=dict)
    start_ms: int | None = None
    end_ms: int | None = None

    def order(self) -> tuple[str, tuple[str, ...]]:
        """Return the most selective index, and the fields that it answers."""
        return next(each for each in ORDERS if all(name in self.equal for name in each[1]))

    def rest(self) -> dict[str, str]:
        """Return the filters that the index does not answer."""
        answered = self.order()[1]
        return {name: value for name, value in self.equal.items() if name not in answered}


def page(
    ctx: Context,
    filters: Mapping[str, Any],
    *,
    everywhere: bool = False,
    limit: int = 100,
    after: str | None = None,
) -> tuple[list[Json], str | None]:
    """Return records, newest first, and the next page's `after`; all pages but the last are full.

    `everywhere` includes all tenants' records, for root only. Raises `BadRequest` naming a filter.
    """
    require(ctx, "read", LOG)
    wanted = _checked(ctx, filters, everywhere=everywhere)
    logs = [_matching(ctx, log, wanted, after) for log in _logs(ctx, everywhere)]
    merged = heapq.merge(*logs, key=lambda doc: str(doc["id"]), reverse=True)
    found = list(islice(merged, limit + 1))
    more = found[limit - 1]["id"] if len(found) > limit else None
    return [to_json(doc) for doc in found[:limit]], more


def count(ctx: Context, filters: Mapping[str, Any], *, everywhere: bool = False) -> int:
    """Count records; raise like `page`."""
    require(ctx, "read", LOG)
    wanted = _checked(ctx, filters, everywhere=everywhere)
    return sum(_count(ctx, log, wanted) for log in _logs(ctx, everywhere))


def get(ctx: Context, record_id: str, *, everywhere: bool = False) -> Json:
    """Return a record by id; raise `NoSuchAuditRecord`."""
    require(ctx, "read", LOG)
    for log in _logs(ctx, everywhere):
        found = log.find(AUDIT, "time", (record_id,))
        if found is not None:
            return to_json(found.doc)
    raise NoSuchAuditRecord(f"Audit record does not exist: {record_id}")


def between(
    log: ScopedStore,
    wanted: Wanted,
    *,
    after: str | None = None,
    reverse: bool = False,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[AuditDoc]:
    """Iterate over a tenant's records from the oldest or, with `reverse`, from the newest.

    `tick` is called before each batch that is read.
    """
    index, fields = wanted.order()
    prefix: Key = tuple(wanted.equal[name] for name in fields)
    rest = wanted.rest()
    low = None if wanted.start_ms is None else first_id(wanted.start_ms)
    high = None if wanted.end_ms is None else first_id(wanted.end_ms)
    begin: Key | None = _beginning(low, high, after, reverse=reverse)
    while True:
        tick()
        found = log.page(AUDIT, prefix, index=index, after=begin, limit=BATCH, reverse=reverse)
        for record in found.records:
            if _is_beyond(record.doc["id"], low if reverse else high, reverse=reverse):
                return
            if all(record.doc.get(name) == value for name, value in rest.items()):
                yield record.doc
        begin = found.after
        if begin is None:
            return


def to_json(doc: AuditDoc) -> Json:
    """Return a record as JSON."""
    known = {name: value for name, value in doc.items() if name not in (*SIGNED, "tenant", "at_ms")}
    return {
        "tenant_id": doc["tenant"],
        "timestamp": rfc3339(doc["at_ms"]),
        **known,
    }


def _beginning(
    low: str | None, high: str | None, after: str | None, *, reverse: bool
) -> Key | None:
    edges = [edge for edge in (after, high if reverse else low) if edge is not None]
    if not edges:
        return None
    return (min(edges),) if reverse else (max(edges),)


def _is_beyond(found: str, edge: str | None, *, reverse: bool) -> bool:
    return edge is not None and (found < edge if reverse else found >= edge)


def _matching(
    ctx: Context, log: ScopedStore, wanted: Wanted, after: str | None
) -> Iterator[AuditDoc]:
    return between(log, wanted, after=after, reverse=True, tick=ctx.check_deadline)


def _count(ctx: Context, log: ScopedStore, wanted: Wanted) -> int:
    if wanted.start_ms is None and wanted.end_ms is None and not wanted.rest():
        index, fields = wanted.order()
        return log.count(AUDIT, tuple(wanted.equal[name] for name in fields), index=index)
    return sum(1 for _ in _matching(ctx, log, wanted, None))


def _logs(ctx: Context, everywhere: bool) -> list[ScopedStore]:
    if not everywhere:
        return [ctx.store.tolerant()]
    require(ctx, "read", Resource("installation"))
    store = ctx.system.tolerant()
    return [ScopedStore(store, tenant) for tenant in segments.tenants(store)]


def _checked(ctx: Context, filters: Mapping[str, Any], *, everywhere: bool) -> Wanted:
    equal = {name: str(filters[name]) for name in FIELDS if filters.get(name) is not None}
    for name in ("user_id", "resource_name"):
        if name in equal:
            # Stored names are cut in the same way.
            equal[name] = cut_name(equal[name])
    logs = _logs(ctx, everywhere)
    _refuse_unknown(logs, "action", "action", ACTIONS, equal)
    _refuse_unknown(logs, "resource", "resource_type", RESOURCE_TYPES, equal)
    start, end = filters.get("start_time"), filters.get("end_time")
    return Wanted(
        equal,
        None if start is None else _ms(start, up=True),
        None if end is None else _ms(end, up=False) + 1,
    )


def _refuse_unknown(
    logs: list[ScopedStore], index: str, name: str, known: tuple[str, ...], equal: Mapping[str, str]
) -> None:
    """Refuse a word that is neither known nor was ever recorded: it must be a mistake."""
    value = equal.get(name)
    if value is None or value in known:
        return
    if not any(log.find(AUDIT, index, (value,)) for log in logs):
        raise BadRequest(f"{name} must be one of {', '.join(known)}, not {value!r:.100}")


def _ms(time: datetime, *, up: bool) -> int:
    """Return epoch milliseconds, rounded towards the side that keeps the time within bounds."""
    micros = (time - datetime.fromtimestamp(0, UTC)) // MICROSECOND
    return -(-micros // 1000) if up else micros // 1000
