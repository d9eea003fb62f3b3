"""Histories of loads and commits through two servers are those of one register for each table."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.end_to_end.concurrency.serving import Farm
from tests.end_to_end.concurrency.storm import history
from tests.end_to_end.concurrency.wire import Connection, make_namespace, make_table
from tests.replicas.linear import Commit, Load, is_linearizable
from tests.replicas.pair import Pair
from tests.replicas.recorder import History, record_all
from tests.servers.ports import free_port

pytestmark = pytest.mark.integration
TABLES = ["first", "second", "third"]
SECONDS = 6.0


@pytest.fixture
def lone_pair(tmp_path: Path) -> Iterator[Pair]:
    """One server, under both names: records in memory are one process's own."""
    environ = {"PANGOLIN_STORE_URL": "memory:", "PANGOLIN_DEFAULT_CATALOG": "lakehouse"}
    farm = Farm(tmp_path, free_port(), 1, {**environ, "PANGOLIN_FILE_ROOTS": str(tmp_path)})
    farm.start()
    connection = farm.connect()
    make_namespace(connection)
    connection.close()
    yield Pair(farm, farm, connection.authorization)
    farm.stop()


def check(root: Connection, seen: History) -> None:
    """Check each table's history, and that the recorders saw something worth checking."""
    for table, operations in seen.items():
        taken = {each.snapshot for each in operations if isinstance(each, Commit) and each.taken}
        refused = [each for each in operations if isinstance(each, Commit) and each.taken is False]
        assert len(taken) > 5 and refused, "the clients did not meet"
        assert any(isinstance(each, Load) for each in operations)
        assert taken <= set(history(root, table))
        assert is_linearizable(operations), sorted(operations, key=lambda each: each.began)


def test_every_table_is_linearizable(pair: Pair, roots: list[Connection]) -> None:
    for table in TABLES:
        make_table(roots[0], table)
    seen = record_all(pair, TABLES, SECONDS)
    check(roots[1], seen)


def test_every_table_is_linearizable_while_a_server_is_killed(own_pair: Pair) -> None:
    first, second = own_pair.connections()
    for table in TABLES:
        make_table(second, table)
    with ThreadPoolExecutor(1) as pool:
        recording = pool.submit(record_all, own_pair, TABLES, SECONDS)
        for _ in range(2):
            own_pair.first.kill()
            own_pair.first.start()
        seen = recording.result()
    check(second, seen)
    first.close()
    second.close()


def test_every_table_in_memory_is_linearizable(lone_pair: Pair) -> None:
    root, other = lone_pair.connections()
    for table in TABLES:
        make_table(root, table)
    check(root, record_all(lone_pair, TABLES, SECONDS))
    root.close()
    other.close()
