"""The proof of a store that many processes share: first starts that collide, races, forks."""

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import ClassVar

import pytest

from pangolin.store.api import Conflict, Delete, Put, Require, RequireEmpty, Store
from pangolin.testing.store_contract_kinds import (
    COUNTER,
    KINDS,
    NAMESPACE,
    TABLE,
    TENANT,
    namespace,
    table,
)
from pangolin.testing.store_contract_races import attempt, run_together

OpenStore = Callable[[], Store]
NAMES = [f"ns{at}" for at in range(25)]


def increment(store: Store) -> None:
    """Add one to a counter that may not exist yet, again until no other writer was faster."""
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
    """Read the counter."""
    record = store.get(COUNTER, ("hits",))
    return int(record.doc["n"]) if record else 0


def count_in_a_process(rounds: int, open_store: OpenStore) -> None:
    """Set a store up and count, in a process of its own."""
    store = open_store()
    store.setup(KINDS)
    for _ in range(rounds):
        increment(store)
    store.close()


def create_tables(open_store: OpenStore) -> None:
    """Create a table in each namespace that is still there."""
    store = open_store()
    for name in NAMES:
        attempt(store, Require(NAMESPACE, (TENANT, name)), Put(TABLE, table("t", name)))
    store.close()


def drop_namespaces(open_store: OpenStore) -> None:
    """Drop each namespace that is still empty."""
    store = open_store()
    for name in NAMES:
        attempt(store, RequireEmpty(TABLE, (TENANT, name)), Delete(NAMESPACE, (TENANT, name)))
    store.close()


def run_in_processes(jobs: Iterable[Callable[[OpenStore], None]], open_store: OpenStore) -> None:
    """Run each job in a process of its own, all at once; each must end well."""
    # Spawned, not forked: the children must not inherit this process's threads and connections.
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=job, args=(open_store,)) for job in jobs]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(processes)


class ProcessContract:
    """What a store must do whose backend many processes share.

    Override the fixture `open_store` as for `StoreContract`: a callable that opens a store on one
    backend that is empty at the start of each test, and that survives pickling. A store that keeps
    connections overrides `connections` and, if they can tell, `is_open`. `processes` count
    `rounds` times each. Set `close_waits = False` if to close a store ends what other threads read.
    """

    processes: ClassVar[int] = 8
    rounds: ClassVar[int] = 20
    close_waits: ClassVar[bool] = True

    @pytest.fixture
    def open_store(self) -> OpenStore:
        """Override: return a callable that opens a store."""
        raise NotImplementedError("override the fixture open_store")

    def connections(self, store: Store) -> Sequence[object]:
        """Override: return the idle connections that a store keeps in this process."""
        return ()

    def is_open(self, connection: object) -> bool:
        """Override: return whether a connection is still open."""
        return True

    def test_processes_set_up_at_once_and_lose_no_increment(self, open_store: OpenStore) -> None:
        run_in_processes([partial(count_in_a_process, self.rounds)] * self.processes, open_store)
        store = open_store()
        assert hits(store) == self.processes * self.rounds
        store.close()

    def test_a_namespace_is_dropped_or_holds_a_table_never_both(
        self, open_store: OpenStore
    ) -> None:
        store = open_store()
        store.setup(KINDS)
        store.apply(*(Put(NAMESPACE, namespace(name)) for name in NAMES))
        run_in_processes([create_tables, drop_namespaces], open_store)
        for name in NAMES:
            kept = store.get(NAMESPACE, (TENANT, name)) is not None
            assert store.count(TABLE, (TENANT, name)) == int(kept)
        store.close()

    # Python warns of threads that a fork leaves behind; the store must not need them.
    @pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
    def test_a_forked_child_opens_its_own_connections(self, open_store: OpenStore) -> None:
        store = open_store()
        store.setup(KINDS)
        increment(store)
        kept = list(self.connections(store))
        fork = multiprocessing.get_context("fork")
        child = fork.Process(target=self._use_inherited, args=(store, kept))
        child.start()
        for _ in range(5):
            increment(store)
        child.join()
        assert child.exitcode == 0
        assert all(self.is_open(each) for each in kept), "the child closed the parent's connection"
        increment(store)
        assert hits(store) == 12
        assert list(map(id, self.connections(store))) == list(map(id, kept))
        store.close()

    def _use_inherited(self, store: Store, inherited: list[object]) -> None:
        for _ in range(5):
            increment(store)
        own = self.connections(store)
        assert len(own) == len(inherited)
        assert not {id(each) for each in own} & {id(each) for each in inherited}
        store.close()
        assert all(self.is_open(each) for each in inherited), "closing it would end the parent's"

    def test_setup_leaves_no_connection_for_a_fork_to_inherit(self, open_store: OpenStore) -> None:
        store = open_store()
        store.setup(KINDS)
        assert list(self.connections(store)) == []

    def test_closing_while_other_threads_read_breaks_none_of_them(
        self, open_store: OpenStore
    ) -> None:
        if not self.close_waits:
            pytest.skip("closing a store of this backend ends what is read")
        store = open_store()
        store.setup(KINDS)
        increment(store)

        def read() -> list[int]:
            return [hits(store) for _ in range(200)]

        def close() -> list[int]:
            for _ in range(50):
                store.close()
            return []

        seen = run_together([read, read, read, read, close])
        assert list(chain.from_iterable(seen)) == [1] * 800
        store.close()
        assert list(self.connections(store)) == []
