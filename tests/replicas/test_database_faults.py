"""A database that is cut off, too busy, away or read-only, and what a client is told."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.concurrency.rivals import NAMESPACES
from tests.end_to_end.concurrency.serving import Farm, farm
from tests.end_to_end.concurrency.storm import history
from tests.end_to_end.concurrency.wire import (
    Answer,
    Connection,
    Head,
    make_namespace,
    make_table,
    table_path,
)
from tests.replicas.damage import check_unavailable, files
from tests.servers.proxy import CuttingProxy
from tests.servers.stores import Database, read_only

pytestmark = [pytest.mark.integration, pytest.mark.database_server]
# What a driver says to commit, and what keeps it from going round the proxy or opening more.
COMMIT = {"postgresql": b"COMMIT\0", "mongodb": b"commitTransaction"}
DIRECT = {"postgresql": "", "mongodb": "directConnection=true"}
LONE = {
    "postgresql": "pool_size=1&pool_timeout=0.5",
    "mongodb": "directConnection=true&maxPoolSize=1&waitQueueTimeoutMS=500",
}
# MongoDB keeps the transaction of a client that vanished open, for a minute by default, and what it
# wrote stays locked; on a branch without rivals so far that may be the branch.
MEANWHILE = {"postgresql": {200}, "mongodb": {200, 503}}
# A member that is not the primary any more can only be imitated on a server without others: it
# refuses writes, and not what readiness asks for.
READ_ONLY_READY = {"postgresql": (503, "unreachable"), "mongodb": (200, "ok")}
SNAPSHOT = 4711


@dataclass(frozen=True, slots=True)
class Faulty:
    """A server that reaches its database through a proxy, and root's connection to it."""

    server: Farm
    root: Connection
    proxy: CuttingProxy
    database: Database

    def append(self, table: str, snapshot: int = SNAPSHOT) -> Answer:
        """Append to the head of a table."""
        commit = Head.of(self.root, table).append(snapshot)
        return self.root.ask("POST", table_path(table), commit)


@contextmanager
def faulty(database: Database, directory: Path, options: str) -> Iterator[Faulty]:
    """Serve with one worker until the block ends; the tables `kept` and `other` are there.

    The connection has a token from before, since signing in is a write.
    """
    proxy = CuttingProxy(database.own.port)
    environ = database.environ(options) | {"PANGOLIN_REQUEST_TIMEOUT": "4"}
    url = environ["PANGOLIN_STORE_URL"]
    environ["PANGOLIN_STORE_URL"] = url.replace(f":{database.own.port}/", f":{proxy.port}/")
    with farm(directory, workers=1, **environ) as server:
        root = server.connect()
        make_namespace(root)
        for table in ("kept", "other"):
            make_table(root, table)
        yield Faulty(server, root, proxy, database)
        proxy.flowing.set()
        root.close()
    proxy.close()


@pytest.fixture
def faulted(own_database: Database, tmp_path: Path) -> Iterator[Faulty]:
    """A server whose connections go through the proxy."""
    with faulty(own_database, tmp_path, DIRECT[own_database.name]) as made:
        yield made


@pytest.fixture
def lone(own_database: Database, tmp_path: Path) -> Iterator[Faulty]:
    """A server with one connection, for which it waits half a second."""
    with faulty(own_database, tmp_path, LONE[own_database.name]) as made:
        yield made


@pytest.mark.parametrize("deliver", [False, True], ids=["lost on the way", "answer lost"])
def test_a_connection_cut_in_the_commit_leaves_the_outcome_open(
    faulted: Faulty, deliver: bool
) -> None:
    before = files(faulted.server.warehouse)
    faulted.proxy.cut_at = COMMIT[faulted.database.name]
    faulted.proxy.deliver, faulted.proxy.always = deliver, True
    answer = faulted.append("kept")
    faulted.proxy.cut_at = None
    assert faulted.proxy.cuts >= 1
    assert answer.status == 500, answer
    assert answer.body["error"]["type"] == "CommitStateUnknownException"
    # Had the batch landed, the table would need the file that was written for it.
    assert len(files(faulted.server.warehouse) - before) == 1
    assert history(faulted.root, "kept") == ([SNAPSHOT] if deliver else [])
    assert faulted.append("other").status in MEANWHILE[faulted.database.name]
    assert faulted.root.ask("GET", "/health/ready").status == 200


def test_an_exhausted_pool_is_unavailable_in_time(lone: Faulty) -> None:
    head = Head.of(lone.root, "kept")
    with ThreadPoolExecutor(1) as pool:
        lone.proxy.flowing.clear()
        rival = Connection(lone.server.url, lone.root.authorization)
        waiting = pool.submit(rival.ask, "POST", table_path("kept"), head.append(SNAPSHOT))
        time.sleep(0.3)
        began = time.monotonic()
        refused = lone.root.ask("GET", NAMESPACES)
        # MongoDB's driver waits as long as the whole request may take.
        assert time.monotonic() - began < 6
        lone.proxy.flowing.set()
        check_unavailable(refused)
        held = waiting.result().status
        rival.close()
    assert lone.root.ask("GET", NAMESPACES).status == 200
    assert held in (200, 500, 503)
    kept = history(lone.root, "kept")
    assert kept == {200: [SNAPSHOT], 503: []}.get(held, kept)


def test_an_absent_database_is_unavailable_and_readiness_names_it(faulted: Faulty) -> None:
    before = files(faulted.server.warehouse)
    head = Head.of(faulted.root, "kept")
    faulted.database.kill9()
    check_unavailable(faulted.root.ask("GET", NAMESPACES))
    check_unavailable(faulted.root.ask("POST", table_path("kept"), head.append(SNAPSHOT)))
    assert files(faulted.server.warehouse) == before
    ready = faulted.root.ask("GET", "/health/ready")
    assert (ready.status, ready.body["store"]) == (503, "unreachable")
    assert "store" in ready.body["error"]
    assert faulted.root.ask("GET", "/health/live").status == 200
    faulted.database.start()
    assert faulted.root.ask("GET", "/health/ready").status == 200
    assert Head.of(faulted.root, "kept") == head
    assert faulted.append("kept").status == 200


def test_a_read_only_database_refuses_writes_and_is_read_on(faulted: Faulty) -> None:
    before = files(faulted.server.warehouse)
    head = Head.of(faulted.root, "kept")
    with read_only(faulted.database):
        check_unavailable(faulted.root.ask("POST", NAMESPACES, {"namespace": ["new"]}))
        check_unavailable(faulted.root.ask("POST", table_path("kept"), head.append(SNAPSHOT)))
        assert files(faulted.server.warehouse) == before
        assert Head.of(faulted.root, "kept") == head
        ready = faulted.root.ask("GET", "/health/ready")
        expected = READ_ONLY_READY[faulted.database.name]
        assert (ready.status, ready.body["store"]) == expected
    assert faulted.root.ask("GET", "/health/ready").status == 200
    assert faulted.append("kept").status == 200
    assert history(faulted.root, "kept") == [SNAPSHOT]
