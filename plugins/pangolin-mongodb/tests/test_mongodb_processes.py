"""Many processes on one database, and forks."""

import multiprocessing
from collections.abc import Callable

import pytest
from pangolin_mongodb.store import MongoStore

from pangolin.plugin import Conflict, Delete, Kind, Put, Require, RequireEmpty, Store

COUNTER = Kind("counter", ("name",))
NAMESPACE = Kind("namespace", ("tenant", "path"))
TABLE = Kind("asset", ("tenant", "namespace", "name"))
PROCESSES = 4
ROUNDS = 25


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


def _create(open_store: Callable[[], Store]) -> None:
    _attempt(
        open_store,
        lambda n: (
            Require(NAMESPACE, ("acme", n)),
            Put(TABLE, {"tenant": "acme", "namespace": n, "name": "t"}),
        ),
    )


def _drop(open_store: Callable[[], Store]) -> None:
    _attempt(
        open_store,
        lambda n: (RequireEmpty(TABLE, ("acme", n)), Delete(NAMESPACE, ("acme", n))),
    )


def _attempt(open_store: Callable[[], Store], batch: Callable[[str], tuple[object, ...]]) -> None:
    store = open_store()
    for at in range(ROUNDS):
        try:
            store.apply(*batch(f"ns{at}"))  # type: ignore[arg-type]
        except Conflict:
            continue
    store.close()


def run_all(jobs: list[Callable[..., None]], open_store: Callable[[], Store]) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=job, args=(open_store,)) for job in jobs]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(jobs)


def test_no_increment_of_four_processes_is_lost(open_store: Callable[[], Store]) -> None:
    run_all([_work] * PROCESSES, open_store)
    store = open_store()
    assert hits(store) == PROCESSES * ROUNDS
    store.close()


def test_a_namespace_is_dropped_or_holds_a_table_never_both(
    open_store: Callable[[], Store],
) -> None:
    store = open_store()
    store.setup([NAMESPACE, TABLE])
    store.apply(*(Put(NAMESPACE, {"tenant": "acme", "path": f"ns{n}"}) for n in range(ROUNDS)))
    run_all([_create, _drop], open_store)
    for at in range(ROUNDS):
        kept = store.get(NAMESPACE, ("acme", f"ns{at}")) is not None
        assert store.count(TABLE, ("acme", f"ns{at}")) == int(kept)
    store.close()


def _use_inherited(store: MongoStore, inherited: object) -> None:
    increment(store)
    increment(store)
    assert store._connections.here().client is not inherited
    store.close()


# The driver warns because the child could use the parent's client; it does not.
@pytest.mark.filterwarnings("ignore:MongoClient opened before fork")
def test_a_forked_child_opens_its_own_client(open_store: Callable[[], Store]) -> None:
    store = open_store()
    assert isinstance(store, MongoStore)
    store.setup([COUNTER])
    increment(store)
    arguments = (store, store._connections.here().client)
    child = multiprocessing.get_context("fork").Process(target=_use_inherited, args=arguments)
    child.start()
    increment(store)
    child.join()
    assert child.exitcode == 0
    increment(store)
    assert hits(store) == 5
    store.close()


def test_setup_leaves_no_client_for_a_fork_to_inherit(open_store: Callable[[], Store]) -> None:
    store = open_store()
    assert isinstance(store, MongoStore)
    store.setup([COUNTER])
    assert store._connections._open == {}
