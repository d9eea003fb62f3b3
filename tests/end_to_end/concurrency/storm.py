"""Storms of appends from many processes, and what must be true of a table afterwards."""

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from tests.end_to_end.concurrency.wire import (
    BROKEN,
    CATALOG,
    Connection,
    Head,
    Tally,
    load,
    new_snapshot_id,
    table_path,
    total,
)

LONGEST_PAUSE = 0.4


def append(url: str, authorization: str, table: str, times: int, seconds: float) -> Tally:
    """Append until `times` commits are acknowledged or the time is up; lost races are rebased.

    A broken connection leaves a snapshot of unknown fate, and the next append starts from a read.
    """
    tally, connection = Tally(), Connection(url, authorization)
    head: Head | None = None
    give_up, lost = time.monotonic() + seconds, 0
    while len(tally.acknowledged) < times and time.monotonic() < give_up:
        snapshot = new_snapshot_id()
        try:
            head = head or Head.of(connection, table)
            commit = head.append(snapshot)
        except BROKEN:
            time.sleep(0.05)
            continue
        head, lost = _attempt(connection, tally, table, head, commit, snapshot, lost)
    return tally


def _attempt(
    connection: Connection,
    tally: Tally,
    table: str,
    head: Head,
    commit: dict[str, Any],
    snapshot: int,
    lost: int,
) -> tuple[Head | None, int]:
    try:
        status = connection.ask("POST", table_path(table), commit).status
    except BROKEN:
        tally.unknown.append(snapshot)
        return None, lost
    tally.statuses[status] += 1
    if status == 200:
        tally.acknowledged.append(snapshot)
        return head.moved(snapshot), 0
    # 503 promises that nothing happened; no other failure does.
    if status >= 500 and status != 503:
        tally.unknown.append(snapshot)
    time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.01 * 2**lost)))
    return None, lost + 1


def transact(url: str, authorization: str, tables: Sequence[str], times: int) -> Tally:
    """Append one snapshot to two random tables at once, again and again; rebase lost races."""
    tally, connection = Tally(), Connection(url, authorization)
    lost = 0
    while len(tally.acknowledged) < times:
        snapshot, pair = new_snapshot_id(), random.sample(list(tables), 2)
        changes = [_change(connection, table, snapshot) for table in pair]
        path = f"/v1/{CATALOG}/transactions/commit"
        status = connection.ask("POST", path, {"table-changes": changes}).status
        tally.statuses[status] += 1
        lost = 0 if status == 204 else lost + 1
        if status == 204:
            tally.acknowledged.append(snapshot)
        else:
            time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.01 * 2**lost)))
    return tally


def _change(connection: Connection, table: str, snapshot: int) -> dict[str, Any]:
    identifier = {"namespace": ["storm"], "name": table}
    return {"identifier": identifier, **Head.of(connection, table).append(snapshot)}


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Return a pool of fresh processes, which share nothing with the test."""
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        yield pool


def start_appends(
    pool: ProcessPoolExecutor,
    url: str,
    authorization: str,
    tables: Sequence[str],
    times: int,
    seconds: float = 110,
) -> list[Future[Tally]]:
    """Start one appender for each entry of `tables`."""
    return [pool.submit(append, url, authorization, table, times, seconds) for table in tables]


def gather(futures: Sequence[Future[Tally]]) -> Tally:
    """Wait for appenders and add up what they saw."""
    return total([future.result() for future in futures])


def history(connection: Connection, table: str, prefix: str = CATALOG) -> list[int]:
    """Read a table's snapshots, oldest first, and check that its parts agree about them.

    The snapshots, the log and the chain of parents from `main` name the same ids, each once.
    """
    answer = load(connection, table, prefix=prefix)
    assert answer.status == 200, answer
    found = answer.body["metadata"]
    by_id = {each["snapshot-id"]: each for each in found["snapshots"]}
    logged = [each["snapshot-id"] for each in found["snapshot-log"]]
    assert len(by_id) == len(found["snapshots"])
    chain = list(_ancestors(by_id, found.get("current-snapshot-id")))[::-1]
    assert chain == logged
    assert set(chain) == set(by_id)
    numbers = [by_id[each]["sequence-number"] for each in chain]
    assert numbers == list(range(1, len(chain) + 1))
    return chain


def _ancestors(by_id: dict[int, Any], snapshot: int | None) -> Iterator[int]:
    while snapshot is not None and snapshot != -1:
        yield snapshot
        snapshot = by_id[snapshot].get("parent-snapshot-id")
