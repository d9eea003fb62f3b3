"""Limits on sign-in attempts per address and account, counted in the store for all servers.

`take` counts an attempt before the secret is checked, so that concurrent attempts cannot slip
through; `failed` and `succeeded` report how it ended. Counters cover fixed windows of a minute.
Failures also add up beyond the window: an account that has too many is locked for a time that
doubles with each further one, and so is an address, at ten times as many. Accounts that exist and
accounts that do not are counted alike, so that an answer does not reveal which is which.
"""

import hashlib
import ipaddress
import random
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pangolin.errors import TooManyRequests
from pangolin.services.context.runtime import Runtime
from pangolin.store.api import ABSENT, Conflict, Delete, Put, Record
from pangolin.store.identity_documents import LimitDoc
from pangolin.store.kinds import LIMIT

WINDOW_MS = 60_000
# The share of an address's budget that one account has, and how many more failures it may have.
ACCOUNT_SHARE, ADDRESS_PATIENCE = 5, 10
LONGEST_LOCK_S = 900
# How long an account's failures are kept after the last one.
MEMORY_MS = 86_400_000
TRIES, FIRST_PAUSE, LONGEST_PAUSE = 15, 0.002, 0.1
# One in this many attempts removes a few expired counters.
SWEEP_ONE_IN, SWEPT = 50, 100
IPV6_SITE = 64

_turns = [threading.Lock() for _ in range(64)]


@dataclass(frozen=True, slots=True)
class _Counter:
    """A counter's name, its budget for a minute, and the failures from which it is locked."""

    name: str
    budget: int
    patience: int
    # Many people may share an address, so one of its failures is forgiven each minute, and no
    # success clears them; an account's failures add up until it signs in.
    is_address: bool


def take(runtime: Runtime, what: str, address: str | None, account: str | None = None) -> None:
    """Count an attempt at `what` before its secret is checked; raise `TooManyRequests`.

    `account` is any text that names the account and its tenant. If the store cannot count, this
    raises `Unavailable`, and the attempt must not proceed.
    """
    now = runtime.clock()
    counters = _counters(runtime, what, address, account)
    _update(runtime, counters, partial(_taken, now), now)
    if random.randrange(SWEEP_ONE_IN) == 0:  # noqa: S311 - housekeeping, not a secret
        _sweep(runtime, now)


def failed(runtime: Runtime, what: str, address: str | None, account: str | None = None) -> None:
    """Count a wrong secret; after `login_tries` in a row the account is locked for a while."""
    now = runtime.clock()
    counters = _counters(runtime, what, address, account)
    _update(runtime, counters, partial(_failed, now), now)


def succeeded(runtime: Runtime, what: str, address: str | None, account: str | None = None) -> None:
    """Clear the account's failures, and give back what the attempt took."""
    now = runtime.clock()
    counters = _counters(runtime, what, address, account)
    try:
        _update(runtime, counters, partial(_succeeded, now), now)
    except TooManyRequests:
        # Others are counting at this moment; a correct secret stays correct.
        return


def unlock(runtime: Runtime, what: str, account: str) -> None:
    """Clear an account's attempts, such as after an authorised change of its password."""
    runtime.store.apply(Delete(LIMIT, (_account_name(what, account),)))


def _counters(
    runtime: Runtime, what: str, address: str | None, account: str | None
) -> list[_Counter]:
    budget, tries = runtime.settings.rate_limit, runtime.settings.login_tries
    name = f"{what}:address:{_network(address)}"
    found = [_Counter(name, budget, tries * ADDRESS_PATIENCE, is_address=True)]
    if account is not None:
        share = max(1, budget // ACCOUNT_SHARE)
        found.append(_Counter(_account_name(what, account), share, tries, is_address=False))
    return found


def _network(address: str | None) -> str:
    """Return the canonical form of an address; for IPv6 its /64 network, which one client owns."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    found = getattr(found, "ipv4_mapped", None) or found
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, IPV6_SITE), strict=False))
    return str(found)


def _account_name(what: str, account: str) -> str:
    # Names are input: none of their text enters a key, and all keys have the same length.
    digest = hashlib.sha256(account.encode(errors="surrogatepass")).hexdigest()
    return f"{what}:account:{digest[:40]}"


def _update(
    runtime: Runtime,
    counters: Sequence[_Counter],
    change: Callable[[_Counter, LimitDoc], LimitDoc],
    now: int,
) -> None:
    # Threads of one process take turns: only other processes can conflict.
    with _turns[zlib.crc32(counters[0].name.encode()) % len(_turns)]:
        for tries in range(TRIES):
            if _try(runtime, counters, change, now):
                return
            ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries)
            time.sleep(random.uniform(0, ceiling))  # noqa: S311 - jitter, not a secret
    raise _too_many(0)


def _try(
    runtime: Runtime,
    counters: Sequence[_Counter],
    change: Callable[[_Counter, LimitDoc], LimitDoc],
    now: int,
) -> bool:
    records = runtime.store.get_many([(LIMIT, (each.name,)) for each in counters])
    try:
        runtime.store.apply(*_puts(counters, records, change, now))
    except Conflict:
        return False
    return True


def _puts(
    counters: Sequence[_Counter],
    records: Sequence[Record[LimitDoc] | None],
    change: Callable[[_Counter, LimitDoc], LimitDoc],
    now: int,
) -> Iterator[Put[LimitDoc]]:
    for counter, record in zip(counters, records, strict=True):
        present = _present(counter, record, now)
        doc = change(counter, present)
        if doc != present:
            doc["expires_at_ms"] = _end(counter, doc)
            yield Put(LIMIT, doc, record.version if record else ABSENT)


def _present(counter: _Counter, record: Record[LimitDoc] | None, now: int) -> LimitDoc:
    """Return a counter as of now: in this window, with the failures not yet forgiven."""
    window = now - now % WINDOW_MS
    doc: LimitDoc = {
        "name": counter.name,
        "window_ms": window,
        "count": 0,
        "failures": 0,
        "failed_at_ms": 0,
        "locked_until_ms": 0,
    }
    if record is None or record.doc["expires_at_ms"] <= now:
        return doc
    doc |= record.doc
    # Servers' clocks differ a little: a window begun by a server that is ahead is not restarted.
    if abs(doc["window_ms"] - window) > WINDOW_MS or doc["window_ms"] < window:
        doc |= {"window_ms": window, "count": 0}
    if counter.is_address:
        forgiven = max(0, now - doc["failed_at_ms"]) // WINDOW_MS
        doc["failures"] = max(0, doc["failures"] - forgiven)
    return doc


def _taken(now: int, counter: _Counter, doc: LimitDoc) -> LimitDoc:
    if doc["locked_until_ms"] > now:
        raise _too_many(doc["locked_until_ms"] - now)
    if doc["count"] >= counter.budget:
        raise _too_many(doc["window_ms"] + WINDOW_MS - now)
    return {**doc, "count": doc["count"] + 1}


def _failed(now: int, counter: _Counter, doc: LimitDoc) -> LimitDoc:
    failures, locked = doc["failures"] + 1, doc["locked_until_ms"]
    if failures >= counter.patience:
        seconds = min(LONGEST_LOCK_S, 2 ** min(failures - counter.patience, 10))
        locked = max(locked, now + seconds * 1000)
    return {**doc, "failures": failures, "failed_at_ms": now, "locked_until_ms": locked}


def _succeeded(_now: int, counter: _Counter, doc: LimitDoc) -> LimitDoc:
    # Many engines may sign in as one service user at once: correct secrets are not counted.
    doc = {**doc, "count": max(0, doc["count"] - 1)}
    if counter.is_address:
        return doc
    return {**doc, "failures": 0, "failed_at_ms": 0, "locked_until_ms": 0}


def _end(counter: _Counter, doc: LimitDoc) -> int:
    memory = doc["failures"] * WINDOW_MS if counter.is_address else MEMORY_MS
    remembered = doc["failed_at_ms"] + memory if doc["failures"] else 0
    return int(max(doc["window_ms"] + WINDOW_MS, doc["locked_until_ms"], remembered))


def _too_many(wait_ms: int) -> TooManyRequests:
    seconds = max(1, -(-wait_ms // 1000))
    return TooManyRequests(f"too many attempts; try again in {seconds} s", retry_after=seconds)


def _sweep(runtime: Runtime, now: int) -> None:
    oldest = runtime.store.page(LIMIT, index="expires", limit=SWEPT).records
    expired = (record for record in oldest if record.doc["expires_at_ms"] <= now)
    try:
        gone = [Delete(LIMIT, (record.doc["name"],), record.version) for record in expired]
        runtime.store.apply(*gone)
    except Conflict:
        # One of them is in use again; the rest are deleted another time.
        return
