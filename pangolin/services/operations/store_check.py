"""`pangolin doctor --store`: how fast the store answers, and what it reports about itself."""

import statistics
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

from pangolin.services.context.runtime import Clock
from pangolin.store.api import (
    ANY,
    Change,
    Conflict,
    Delete,
    Inspection,
    Put,
    Require,
    RequireEmpty,
    Store,
)
from pangolin.store.documents import GuardDoc
from pangolin.store.kinds import ALL, GUARD

ROUNDS = 20
SLOW_MS = 50.0
# A tenant that no installation has: nothing but this check reads or writes it.
NOBODY = "doctor"


def check(store: Store, clock: Clock) -> Iterator[Inspection]:
    """Measure round trips (median milliseconds), prove the batch rules, inspect the backend."""
    name = f"doctor-{uuid4()}"
    key = (NOBODY, name)
    store.setup(ALL)
    try:
        yield _timed("write of one record", lambda: store.apply(_put(name)))
        yield _timed("read of one record", lambda: store.get(GUARD, key))
        yield _timed("read of five records", lambda: store.get_many([(GUARD, key)] * 5))
        yield _preconditions(store, name)
    finally:
        store.apply(Delete(GUARD, key))
    yield from store.inspect(ALL)
    yield Inspection("server clock", time.strftime("%FT%TZ", time.gmtime(clock() / 1000)))


def _put(name: str) -> Put[GuardDoc]:
    return Put(GUARD, {"tenant": NOBODY, "name": name}, ANY)


def _timed(part: str, call: Callable[[], object]) -> Inspection:
    samples = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        samples.append((time.perf_counter() - start) * 1000)
    median = statistics.median(samples)
    value = f"{median:.2f} ms (worst of {ROUNDS}: {max(samples):.2f} ms)"
    if median < SLOW_MS:
        return Inspection(part, value)
    problem = f"it takes {median:.0f} ms: every request waits for at least one round trip"
    remedy = "put the database near the servers, or check its load"
    return Inspection(part, value, problem, remedy)


def _preconditions(store: Store, name: str) -> Inspection:
    key, part = (NOBODY, name), "batches hold their preconditions"
    doc: GuardDoc = {"tenant": NOBODY, "name": name}
    batches: tuple[list[Change], ...] = (
        [Put(GUARD, doc)],
        [Put(GUARD, doc, -1)],
        [Delete(GUARD, key, -1)],
        [Require(GUARD, key, -1)],
        [RequireEmpty(GUARD, (NOBODY,))],
    )
    for batch in batches:
        try:
            store.apply(*batch)
        except Conflict:
            continue
        return Inspection(part, problem=f"{batch[0]} was accepted", remedy="do not use it")
    return Inspection(part)
