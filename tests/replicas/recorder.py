"""Clients that read and commit at random through several servers and write down what they saw."""

import math
import random
import time
from collections.abc import Sequence

from tests.end_to_end.concurrency.storm import processes
from tests.end_to_end.concurrency.wire import (
    BROKEN,
    Connection,
    Head,
    new_snapshot_id,
    table_path,
)
from tests.replicas.linear import Commit, Load, Operation
from tests.replicas.pair import Pair

CLIENTS = 6
READS = 0.5
# What an answer says of a commit; any other leaves it open.
MEANING = {200: True, 409: False}
History = dict[str, list[Operation]]


def record(
    urls: Sequence[str], authorization: str, tables: Sequence[str], seconds: float
) -> list[tuple[str, Operation]]:
    """Read and commit for some seconds, each time through a server and to a table drawn by lot.

    A 503 promises that nothing happened; as it says nothing of the table, it is not written down.
    """
    connections = [Connection(url, authorization, timeout=30) for url in urls]
    heads: dict[str, Head] = {}
    made: list[tuple[str, Operation]] = []
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        table, connection = random.choice(tables), random.choice(connections)
        if table not in heads or random.random() < READS:
            done = _read(connection, heads, table)
        else:
            done = _commit(connection, heads, table)
        if done is not None:
            made.append((table, done))
    for each in connections:
        each.close()
    return made


def _read(connection: Connection, heads: dict[str, Head], table: str) -> Operation | None:
    began = time.monotonic()
    try:
        heads[table] = Head.of(connection, table)
    except BROKEN:
        time.sleep(0.05)
        return None
    return Load(began, time.monotonic(), heads[table].snapshot)


def _commit(connection: Connection, heads: dict[str, Head], table: str) -> Operation | None:
    head, snapshot = heads[table], new_snapshot_id()
    began = time.monotonic()
    try:
        status = connection.ask("POST", table_path(table), head.append(snapshot)).status
    except BROKEN:
        return Commit(began, math.inf, head.snapshot, snapshot, None)
    if status == 503:
        return None
    taken = MEANING.get(status)
    ended = math.inf if taken is None else time.monotonic()
    if taken:
        heads[table] = head.moved(snapshot)
    return Commit(began, ended, head.snapshot, snapshot, taken)


def record_all(pair: Pair, tables: Sequence[str], seconds: float) -> History:
    """Let several processes record for some seconds; return the history of each table.

    The processes run on one machine, so that their clocks are one.
    """
    urls = [pair.first.url, pair.second.url]
    with processes(CLIENTS) as pool:
        running = [
            pool.submit(record, urls, pair.authorization, tables, seconds) for _ in range(CLIENTS)
        ]
        seen = [row for each in running for row in each.result()]
    return {table: [done for name, done in seen if name == table] for table in tables}
