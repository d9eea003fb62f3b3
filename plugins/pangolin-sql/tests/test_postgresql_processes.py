"""Many processes on one database: first starts that collide, forks, and nothing lost."""

import multiprocessing
import threading
from collections.abc import Callable
from functools import partial

import pytest
from pangolin_sql.pool import Link, Pool
from pangolin_sql.postgresql import open_postgresql
from pangolin_sql.store import SqlStore

from pangolin.plugin import Conflict, Index, Kind, Put, Settings, Store

COUNTER = Kind("counter", ("name",), {"state": Index(("state",))})
PROCESSES = 8
ROUNDS = 20


@pytest.fixture
def open_store(postgres_url: str) -> Callable[[], Store]:
    return partial(open_postgresql, f"{postgres_url}&pool_size=4", Settings())


def increment(store: Store) -> None:
    while True:
        record = store.get(COUNTER, ("hits",))
        change = (
            Put(COUNTER, record.doc | {"n": record.doc["n"] + 1}, record.version)
            if record
            else Put(COUNTER, {"name": "hits", "n": 1})
        )
        try:
            return store.apply(change)
        except Conflict:
            continue


def hits(store: Store) -> int:
    record = store.get(COUNTER, ("hits",))
    return int(record.doc["n"]) if record else 0


def pool_of(store: Store) -> Pool:
    assert isinstance(store, SqlStore)
    assert isinstance(store._sessions, Pool)
    return store._sessions


def _work(open_store: Callable[[], Store]) -> None:
    store = open_store()
    store.setup([COUNTER])
    for _ in range(ROUNDS):
        increment(store)
    store.close()


def test_eight_processes_set_up_at_once_and_lose_no_increment(
    open_store: Callable[[], Store],
) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_work, args=(open_store,)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    store = open_store()
    assert hits(store) == PROCESSES * ROUNDS
    store.close()


def _use_inherited(store: Store, inherited: Link) -> None:
    for _ in range(5):
        increment(store)
    with pool_of(store).use() as own:
        assert own.connection is not inherited.connection
    store.close()
    assert not inherited.connection.closed, "closing it would end the parent's session"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_opens_its_own_connections(open_store: Callable[[], Store]) -> None:
    store = open_store()
    store.setup([COUNTER])
    increment(store)
    (link,) = pool_of(store).here().idle
    backend = link.connection.info.backend_pid
    child = multiprocessing.get_context("fork").Process(target=_use_inherited, args=(store, link))
    child.start()
    for _ in range(5):
        increment(store)
    child.join()
    assert child.exitcode == 0
    assert hits(store) == 11
    assert pool_of(store).here().idle[0].connection.info.backend_pid == backend
    store.close()


def test_setup_leaves_no_connection_for_a_fork_to_inherit(open_store: Callable[[], Store]) -> None:
    store = open_store()
    store.setup([COUNTER])
    assert pool_of(store).here().idle == []


def test_threads_share_no_more_connections_than_the_pool_holds(
    open_store: Callable[[], Store],
) -> None:
    store = open_store()
    store.setup([COUNTER])
    threads = [threading.Thread(target=increment, args=(store,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hits(store) == 20
    assert 1 <= len(pool_of(store).here().idle) <= 4
    store.close()


def test_closing_while_other_threads_read_breaks_none_of_them(
    open_store: Callable[[], Store],
) -> None:
    store = open_store()
    store.setup([COUNTER])
    increment(store)
    seen: list[int] = []
    threads = [
        threading.Thread(target=lambda: seen.extend(hits(store) for _ in range(100)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for _ in range(20):
        store.close()
    for thread in threads:
        thread.join()
    assert seen == [1] * 400
    store.close()
    assert pool_of(store).here().idle == []
