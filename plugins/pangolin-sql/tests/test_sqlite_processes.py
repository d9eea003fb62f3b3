"""Many processes on one file: first starts that collide, fair shares, forks."""

import multiprocessing
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pangolin_sql.sessions import Session, ThreadSessions
from pangolin_sql.sqlite import open_sqlite
from pangolin_sql.store import SqlStore

from pangolin.plugin import Conflict, Kind, Put, Settings, Store

COUNTER = Kind("counter", ("name",))
PROCESSES = 8
ROUNDS = 50


@pytest.fixture
def open_store(tmp_path: Path) -> Callable[[], Store]:
    return partial(open_sqlite, f"sqlite:///{tmp_path}/new/records.db", Settings())


def sessions_of(store: Store) -> list[Session]:
    assert isinstance(store, SqlStore)
    assert isinstance(store._sessions, ThreadSessions)
    return store._sessions.here().sessions


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


def _work(open_store: Callable[[], Store]) -> None:
    store = open_store()
    store.setup([COUNTER])
    for _ in range(ROUNDS):
        increment(store)
    store.close()


def test_no_increment_of_eight_processes_is_lost(open_store: Callable[[], Store]) -> None:
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


def _use_inherited(store: SqlStore, inherited: Session) -> None:
    increment(store)
    increment(store)
    with store._sessions.use() as own:
        assert own.connection is not inherited.connection
    assert inherited.open, "closing it would remove the log that the parent writes"


def test_a_forked_child_opens_its_own_connection(open_store: Callable[[], Store]) -> None:
    store = open_store()
    assert isinstance(store, SqlStore)
    store.setup([COUNTER])
    increment(store)
    with store._sessions.use() as session:
        arguments = (store, session)
    child = multiprocessing.get_context("fork").Process(target=_use_inherited, args=arguments)
    child.start()
    increment(store)
    child.join()
    assert child.exitcode == 0
    increment(store)
    assert hits(store) == 5
    store.close()


def test_setup_leaves_no_connection_for_a_fork_to_inherit(open_store: Callable[[], Store]) -> None:
    store = open_store()
    store.setup([COUNTER])
    assert sessions_of(store) == []


def test_connections_of_threads_that_ended_are_closed(open_store: Callable[[], Store]) -> None:
    store = open_store()
    store.setup([COUNTER])
    for _ in range(20):
        thread = threading.Thread(target=increment, args=(store,))
        thread.start()
        thread.join()
    assert hits(store) == 20
    assert len(sessions_of(store)) <= 2
    store.close()


def test_closing_while_other_threads_read_breaks_none_of_them(
    open_store: Callable[[], Store],
) -> None:
    store = open_store()
    store.setup([COUNTER])
    increment(store)
    seen: list[int] = []
    threads = [
        threading.Thread(target=lambda: seen.extend(hits(store) for _ in range(200)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for _ in range(50):
        store.close()
    for thread in threads:
        thread.join()
    assert seen == [1] * 800
    store.close()
